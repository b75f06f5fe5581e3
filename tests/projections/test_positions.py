"""Waiting for a projection: woken by PostgreSQL, in vain when it does not come, and over lost connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from infra import postgres
from infra.settings import Settings
from projections.positions import Positions
from projections.reading import Place, Progress
from projections.resource import projection
from projections.rows import Rows
from tests.projections.telling import Journal, registered, stretches, until

HERE = Place("resource", 0)
THERE = Place("resource", 1)


@pytest.fixture
async def rows(ground: Settings) -> AsyncIterator[Rows]:
    rows = Rows(ground, projection)
    await rows.load([HERE])
    yield rows
    await rows.close()


@pytest.fixture
async def positions(ground: Settings) -> AsyncIterator[Positions]:
    positions = Positions(ground)
    await positions.start()
    yield positions
    await positions.stop()


async def write(rows: Rows, journal: Journal) -> Progress:
    before = (await rows.load([journal.place]))[journal.place]
    (stretch,) = stretches(projection, journal, before=before)
    assert await rows.write([stretch])
    return stretch.after


async def test_a_wait_ends_when_the_fact_is_written(rows: Rows, positions: Positions) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    waiting = asyncio.create_task(positions.wait("resource", {HERE: 0}, 30))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await write(rows, journal)
    assert await waiting


async def test_what_is_there_already_is_not_waited_for(rows: Rows, ground: Settings) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    journal.tell("r1", registered())
    await write(rows, journal)
    positions = Positions(ground)
    await positions.start()
    assert await positions.wait("resource", {HERE: 1}, 30)
    assert await positions.wait("resource", {HERE: 1}, 0)
    assert await positions.wait("resource", {HERE: 1}, 0, "answered")
    await positions.stop()


async def test_a_wait_in_vain_ends_too_and_the_lag_says_why(rows: Rows, positions: Positions) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    await write(rows, journal)
    assert not await positions.wait("resource", {HERE: 5, THERE: 0}, 0.05)
    lag = positions.lag("resource", {HERE: 5, THERE: 0})
    assert lag.facts == 6
    assert lag.seconds is not None
    assert positions.lag("history", {HERE: 5}).seconds is None


async def test_projections_are_waited_for_one_by_one(rows: Rows, positions: Positions) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    await write(rows, journal)
    assert await positions.wait("resource", {HERE: 0}, 30)
    assert not await positions.wait("history", {HERE: 0}, 0.05)


async def test_a_lost_connection_loses_no_news(rows: Rows, positions: Positions, ground: Settings) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    await write(rows, journal)
    assert await positions.wait("resource", {HERE: 0}, 30)
    waiting = asyncio.create_task(positions.wait("resource", {HERE: 1}, 30))
    async with await postgres.connect(ground) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^(LISTEN|.*positions)'"
            " AND pid <> pg_backend_pid() AND datname = current_database()"
        )
    journal.tell("r1", registered())
    rows_again = Rows(ground, projection)
    await write(rows_again, journal)
    assert await waiting
    await rows_again.close()


async def test_a_table_that_went_back_is_believed(rows: Rows, positions: Positions, ground: Settings) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    await write(rows, journal)
    assert await positions.wait("resource", {HERE: 0}, 30)
    async with await postgres.connect(ground) as other:
        await other.execute("UPDATE positions SET read_to = -1")

    async def gone_back() -> bool:
        return positions.reached("resource", HERE).read_to == -1

    await until(gone_back)
