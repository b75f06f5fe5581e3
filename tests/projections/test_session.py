"""What each fact makes of a session's row, how sessions are found, and which of them can go on."""

import time
from typing import Any

import pytest

from infra import postgres
from infra.settings import Settings
from projections import session
from projections.projection import moment
from projections.session import projection
from schemas.account import AccountReinstated, AccountSuspended, SessionsRevoked
from schemas.message import Actor, Fact
from schemas.session import IDLE_MS, LONGEST_MS, SessionEnded, SessionRefreshed, SessionRepeated
from tests.projections.knowing import Knowing
from tests.projections.people import digest, opened, signed_in
from tests.projections.telling import FIRST_MOMENT, changes, row_after

HOME, TRAIN = Actor(id="alice", address="sealed-home"), Actor(id="alice", address="sealed-train")
REFRESHED = SessionRefreshed(refresh=digest("r1"), step=1, refreshed=FIRST_MOMENT + 500)


def test_an_opened_session_knows_device_and_network_as_they_were_sealed() -> None:
    opening = signed_in(device="sealed-device", methods=("password", "totp"), generation=2)
    assert row_after(projection, opening, actor=HOME) == {
        "session_id": "one",
        "account_id": "alice",
        "generation": 2,
        "methods": ["password", "totp"],
        "refresh": digest("r0"),
        "device": "sealed-device",
        "network": "sealed-home",
        "last_network": "sealed-home",
        "version": 1,
        "opened_time": moment(FIRST_MOMENT),
        "refreshed_time": moment(FIRST_MOMENT),
        "ended_time": None,
        "reason": None,
        "position": "session:0:0",
    }


CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "refreshed": ([REFRESHED], {"refresh": digest("r1"), "refreshed_time": moment(FIRST_MOMENT + 500)}),
    "shown again": ([SessionRepeated(step=1, late=1)], {}),
    "ended": (
        [SessionEnded(account_id="alice", reason="revoked")],
        {"ended_time": moment(FIRST_MOMENT + 1), "reason": "revoked"},
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    assert changes(projection, signed_in(), *facts) == expected


async def test_a_session_tells_where_it_began_and_where_it_was_last(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("session", "s", signed_in(), actor=HOME)
    await knowing.tell("session", "s", REFRESHED, actor=TRAIN)
    await knowing.tell("session", "s", SessionRepeated(step=1, late=1), actor=Actor(id="alice", address="sealed-else"))
    async with await postgres.connect(ground) as connection:
        found = await session.find(connection, "s")
        assert found is not None
        assert (found["network"], found["last_network"]) == ("sealed-home", "sealed-train")
        assert await session.find(connection, "t") is None


NOW = time.time_ns() // 1_000_000
LONG_AGO, IDLE = NOW - LONGEST_MS - 1000, NOW - IDLE_MS - 1000

LIVES: dict[str, tuple[list[Fact], list[Fact], bool]] = {
    "just opened": ([signed_in(opened=NOW)], [], True),
    "opened as of sign-ins that were ended since": ([signed_in(opened=NOW)], [SessionsRevoked(generation=1)], False),
    "opened after sign-ins were ended": ([signed_in(opened=NOW, generation=1)], [SessionsRevoked(generation=1)], True),
    "of an account that is suspended": (
        [signed_in(opened=NOW, generation=1)],
        [AccountSuspended(generation=1)],
        False,
    ),
    "of an account that was suspended": (
        [signed_in(opened=NOW, generation=1)],
        [AccountSuspended(generation=1), AccountReinstated()],
        True,
    ),
    "ended": ([signed_in(opened=NOW), SessionEnded(account_id="alice", reason="revoked")], [], False),
    "not refreshed for too long": ([signed_in(opened=IDLE)], [], False),
    "refreshed in time": (
        [signed_in(opened=IDLE), SessionRefreshed(refresh=digest("r1"), step=1, refreshed=NOW)],
        [],
        True,
    ),
    "older than any may be": (
        [signed_in(opened=LONG_AGO), SessionRefreshed(refresh=digest("r1"), step=1, refreshed=NOW)],
        [],
        False,
    ),
}


@pytest.mark.parametrize(("told", "of_account", "live"), LIVES.values(), ids=LIVES)
async def test_a_session_says_whether_it_can_go_on(
    ground: Settings, knowing: Knowing, told: list[Fact], of_account: list[Fact], *, live: bool
) -> None:
    for fact in (opened(), *of_account):
        await knowing.tell("account", "alice", fact)
    for fact in told:
        await knowing.tell("session", "s", fact)
    async with await postgres.connect(ground) as connection:
        found = await session.find(connection, "s")
        assert found is not None
        assert found["live"] is live
        assert await session.of(connection, "alice", None, 10) == [found]


async def test_a_session_whose_account_is_not_known_yet_cannot_go_on(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("session", "s", signed_in(opened=NOW))
    async with await postgres.connect(ground) as connection:
        found = await session.find(connection, "s")
        assert found is not None
        assert found["live"] is False


async def test_sessions_of_an_account_are_listed_the_newest_first(ground: Settings, knowing: Knowing) -> None:
    for n, name in enumerate(("a", "b", "c", "d")):
        await knowing.tell("session", name, signed_in(opened=NOW + n // 2))
    await knowing.tell("session", "x", signed_in("bob"))
    async with await postgres.connect(ground) as connection:
        whole = await session.of(connection, "alice", None, 10)
        assert [row["session_id"] for row in whole] == ["d", "c", "b", "a"]
        last = [whole[0]["opened_time"], whole[0]["session_id"]]
        assert await session.of(connection, "alice", last, 2) == whole[1:3]


async def test_sessions_that_ended_are_told_from_a_time_on(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("session", "a", signed_in())
    await knowing.tell("session", "a", SessionEnded(account_id="alice", reason="reused"))
    async with await postgres.connect(ground) as connection:
        assert await session.ended_since(connection, FIRST_MOMENT + 1) == ["a"]
        assert await session.ended_since(connection, FIRST_MOMENT + 2) == []
