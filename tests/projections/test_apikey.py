"""What each fact makes of a key's row, and how keys are found."""

from typing import Any

import pytest

from infra import postgres
from infra.settings import Settings
from projections import apikey
from projections.apikey import projection
from projections.projection import moment
from schemas.apikey import KeyRerolled, KeyRevoked, KeyUsed
from schemas.message import Fact
from tests.projections.knowing import Knowing
from tests.projections.people import digest, key_created
from tests.projections.telling import FIRST_MOMENT, changes, row_after

UNTIL = FIRST_MOMENT + 60_000
REROLLED = KeyRerolled(secret=digest("s1"), start="Efgh", before=digest("s0"), before_until=UNTIL)


def test_a_key_is_known_by_the_digest_of_its_secret() -> None:
    assert row_after(projection, key_created("robot", maker="alice", expires=UNTIL, per_minute=60)) == {
        "key_id": "one",
        "account_id": "robot",
        "maker": "alice",
        "secret": digest("s0"),
        "before": None,
        "before_until": None,
        "start": "Abcd",
        "name": "nightly import",
        "scopes": ["resource:*"],
        "expires": moment(UNTIL),
        "per_minute": 60,
        "revoked": False,
        "used": None,
        "version": 1,
        "created_time": moment(FIRST_MOMENT),
        "changed_time": moment(FIRST_MOMENT),
        "position": "apikey:0:0",
    }


ANOTHER = {
    "secret": digest("s1"),
    "start": "Efgh",
    "before": digest("s0"),
    "before_until": moment(UNTIL),
    "changed_time": moment(FIRST_MOMENT + 1),
}

CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "another secret": ([REROLLED], ANOTHER),
    "revoked": ([KeyRevoked()], {"revoked": True, "changed_time": moment(FIRST_MOMENT + 1)}),
    "being used changes no key": ([KeyUsed(used=UNTIL)], {"used": moment(UNTIL)}),
    "used after another secret": ([REROLLED, KeyUsed(used=UNTIL)], ANOTHER | {"used": moment(UNTIL)}),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    assert changes(projection, key_created(), *facts) == expected


async def test_a_key_is_found_by_its_secret_and_by_the_one_before(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("apikey", "k", key_created())
    async with await postgres.connect(ground) as connection:
        assert await apikey.find_by_secret(connection, digest("s0")) == await apikey.find(connection, "k")
        await knowing.tell("apikey", "k", REROLLED)
        found = await apikey.find(connection, "k")
        assert found is not None
        assert (found["before"], found["before_until"]) == (digest("s0"), moment(UNTIL))
        assert await apikey.find_by_secret(connection, digest("s0")) == found
        assert await apikey.find_by_secret(connection, digest("s1")) == found
        assert await apikey.find_by_secret(connection, digest("s2")) is None
        assert await apikey.find(connection, "l") is None


async def test_keys_are_listed_for_whose_they_are_and_for_who_made_them(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("apikey", "own", key_created())
    await knowing.tell("apikey", "made", key_created("robot", maker="alice", secret=digest("s1")))
    await knowing.tell("apikey", "other", key_created("robot", maker="bob", secret=digest("s2")))
    async with await postgres.connect(ground) as connection:
        whole = await apikey.of(connection, "alice", None, 10)
        assert {row["key_id"] for row in whole} == {"own", "made"}
        last = [whole[0]["created_time"], whole[0]["key_id"]]
        assert await apikey.of(connection, "alice", last, 10) == whole[1:]
        assert {row["key_id"] for row in await apikey.of(connection, "robot", None, 10)} == {"made", "other"}


async def test_keys_that_changed_are_told_from_a_time_on_and_use_is_no_change(
    ground: Settings, knowing: Knowing
) -> None:
    for fact in (key_created(), REROLLED, KeyRevoked(), KeyUsed(used=UNTIL)):
        await knowing.tell("apikey", "k", fact)
    async with await postgres.connect(ground) as connection:
        assert await apikey.changed_since(connection, FIRST_MOMENT + 2) == [
            ("k", True, digest("s1"), digest("s0"), UNTIL)
        ]
        assert await apikey.changed_since(connection, FIRST_MOMENT + 3) == []
