"""Every failed sign-in has its row."""

from infra import postgres
from infra.settings import Settings
from projections import login
from projections.history import NEWEST
from projections.login import projection
from projections.projection import moment
from schemas.login import LoginFailed, Why
from schemas.message import Actor, CommandUnchanged
from tests.projections.knowing import Knowing
from tests.projections.telling import FIRST_MOMENT, Journal, row_after, rows_of

ATTEMPT = "0192f0c1-2d3e-7000-8000-000000000009"
STRANGER = Actor(id="stranger", address="sealed-somewhere")


def failed(failures: int, why: Why = "password") -> LoginFailed:
    return LoginFailed(attempt=ATTEMPT, why=why, failures=failures)


def test_a_failure_says_who_was_tried_and_from_where_as_it_was_sealed() -> None:
    assert row_after(projection, failed(1, "code"), actor=STRANGER) == {
        "tried": "one",
        "failures": 1,
        "attempt": ATTEMPT,
        "why": "code",
        "asker": "stranger",
        "network": "sealed-somewhere",
        "time": moment(FIRST_MOMENT),
        "position": "login:0:0",
    }


def test_a_failure_stays_when_the_next_happens() -> None:
    journal = Journal("login")
    for fact in (failed(1), CommandUnchanged(), failed(2)):
        journal.tell("alice", fact)
    assert list(rows_of(projection, journal)) == [("alice", 1), ("alice", 2)]


async def test_failures_are_listed_the_newest_first(ground: Settings, knowing: Knowing) -> None:
    for n in range(1, 5):
        await knowing.tell("login", "alice", failed(n))
    await knowing.tell("login", "bob", failed(1))
    async with await postgres.connect(ground) as connection:
        assert [row["failures"] for row in await login.of(connection, "alice", NEWEST, 10)] == [4, 3, 2, 1]
        assert [row["failures"] for row in await login.of(connection, "alice", 4, 2)] == [3, 2]
