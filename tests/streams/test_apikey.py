"""Rerolling a key whose read model lags: who has it is not known then, and what it may do neither."""

from types import SimpleNamespace
from typing import cast

import pytest

from infra.auth import Caller
from schemas.message import Actor
from schemas.problems import Problem
from streams.apikey import NewSecret, reroll
from streams.forms import Identity, Visit
from streams.request import Terms

SMALL = Caller(Actor(id="ada", via="key"), (frozenset({"apikey:own"}),))


class Lagging:
    """What is known of people before any key is."""

    async def apikey(self, _: str) -> None:
        return None


async def test_a_key_that_is_not_known_yet_gets_no_other_secret() -> None:
    identity = cast("Identity", SimpleNamespace(people=Lagging()))
    visit = Visit(identity, Terms(SMALL, None, None, 0), None, "")
    with pytest.raises(Problem) as told:
        await reroll(visit, NewSecret(key_id="just-created"))
    assert (told.value.code, told.value.status) == ("apikey_unknown", 404)
