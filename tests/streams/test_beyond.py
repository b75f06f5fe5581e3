"""What nobody may give: more than they have, and roles that are not there."""

import pytest

from infra.auth import Caller
from schemas.account import GiveRole, OpenServiceAccount
from schemas.message import Actor, Command
from schemas.problems import Problem
from streams.beyond import require_roles, require_within

ROOT = Caller(Actor(id="root"), (frozenset({"*"}),))
USHER = Caller(Actor(id="usher"), (frozenset({"kind:read"}),))
DEFINED = {"clerk": ("kind:read",), "retired": (), "boss": ("*",)}


def give(role: str) -> GiveRole:
    return GiveRole(account_id="ada", role=role)


@pytest.mark.parametrize("role", ["ahead", "retired"])
def test_a_role_that_permits_nothing_is_given_to_nobody(role: str) -> None:
    commands: list[Command] = [
        give(role),
        OpenServiceAccount(account_id="import", name="import", roles=("admin", role)),
    ]
    for command in commands:
        with pytest.raises(Problem) as told:
            require_within(ROOT, command, DEFINED)
        assert (told.value.code, told.value.status) == ("role_unknown", 404)


def test_one_that_is_defined_or_built_in_is_given() -> None:
    require_within(ROOT, give("clerk"), DEFINED)
    require_within(ROOT, give("member"), DEFINED)
    require_roles(USHER, ("clerk",), DEFINED)


def test_none_beyond_ones_own_is_given() -> None:
    for role in ("boss", "auditor"):
        with pytest.raises(Problem) as told:
            require_within(USHER, give(role), DEFINED)
        assert told.value.code == "role_beyond_yours"
