"""Waypoints stand in PostgreSQL where the projection of outcomes has come by, and lead on along the chain."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from infra import postgres
from infra.postgres import Connection
from infra.settings import Settings
from projections.listening.trail import Trail
from projections.listening.waypoint import Found, Waypoints
from projections.outcome import projection
from projections.reading import Place, Progress
from projections.rows import Rows
from tests.projections.telling import FIRST_MOMENT, Journal, registered, stretches

HERE, EMPTY = Place("resource", 0), Place("resource", 1)


@pytest.fixture
async def waypoints(ground: Settings) -> AsyncIterator[Waypoints]:
    connection = await postgres.connect(ground)

    async def ask(query: Callable[[Connection], Awaitable[Found]]) -> Found:
        return await query(connection)

    yield Waypoints(ask)
    await connection.close()


@pytest.fixture
async def journal(ground: Settings) -> Journal:
    """Give a journal of 3,500 facts and some void records, of which all outcomes are known."""
    told = Journal()
    for n in range(3500):
        told.tell(f"r{n % 50}", registered())
        if n % 100 == 7:
            told.append(b"r1", told.records[0].value, prev=bytes(32))
    rows = Rows(ground, projection)
    before = (await rows.load([HERE]))[HERE]
    for stretch in stretches(projection, told, cuts=range(0, 3535, 250), before=before):
        assert await rows.write([stretch])
    await rows.close()
    return told


async def test_the_nearest_waypoint_before_leads_to_all_that_follows(waypoints: Waypoints, journal: Journal) -> None:
    for offset in (0, 999, 1000, 2300, 3534):
        found = (await waypoints.before({HERE: offset}))[HERE]
        assert found.read_to <= offset
        assert offset - found.read_to <= 1500
        trail = Trail({HERE: found})
        entries = trail.follow(HERE, journal.records[found.read_to + 1 :])
        nothing = bytes(32).hex().encode()
        counting = [0, *(each.offset for each in journal.records if each.headers[0][1] != nothing)]
        assert [each.offset for each in entries] == [each for each in counting if each > found.read_to]


async def test_where_nothing_was_noted_is_the_beginning(waypoints: Waypoints, journal: Journal) -> None:
    assert journal
    assert await waypoints.before({EMPTY: 5, HERE: 3}) == {EMPTY: Progress(), HERE: Progress()}


async def test_a_moment_is_found(waypoints: Waypoints, journal: Journal) -> None:
    assert journal
    moment = datetime.fromtimestamp(FIRST_MOMENT / 1000, UTC) + timedelta(milliseconds=2500)
    found = (await waypoints.older([HERE, EMPTY], moment))[HERE]
    assert 1000 <= found.read_to <= 2600
    assert found.fact_time < FIRST_MOMENT + 2500
    assert (await waypoints.older([EMPTY], moment))[EMPTY] == Progress()


def test_how_far_somebody_read_has_the_time_of_the_newest_fact_though_the_clock_of_a_broker_stepped_back() -> None:
    told = Journal()
    for time in (1, 9, 4):
        told.commands = time
        told.tell("r", registered())
    (stretch,) = stretches(projection, told)
    assert stretch.after.fact_time == FIRST_MOMENT + 9


async def test_heads_are_where_the_projection_is(waypoints: Waypoints, journal: Journal) -> None:
    heads = await waypoints.heads()
    assert (heads[HERE].read_to, heads[HERE].head) == (len(journal.records) - 1, journal.head)
    assert heads[EMPTY] == Progress()
