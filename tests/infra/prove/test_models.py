"""Rows that the facts made are as they must be, and a row that somebody changed is named."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from infra import postgres
from infra.prove import models
from infra.prove.models import Compared, compare, snapshot
from infra.settings import Settings
from projections import history, outcome, past, quarantine
from projections.projection import Projection
from projections.rows import Rows
from schemas.checkpoint import Journal as Name
from schemas.projection import FactSkipped
from schemas.resource import ResourceRenamed, ResourceTagged
from tests.projections.appending import Appender
from tests.projections.conftest import ground, ours, read_model
from tests.projections.telling import Journal, registered, stretches

__all__ = ["ground", "ours", "read_model"]

Change = Callable[[str], Awaitable[None]]


@pytest.fixture
def projections(read_model: Projection) -> list[Projection]:
    (domain,) = read_model.domains
    return [read_model, *(replace(each.projection, domains=(domain,)) for each in (history, outcome))]


@pytest.fixture
async def journal(ground: Settings, projections: list[Projection], appender: Appender) -> Journal:
    """A journal that all read models have read, but for its last fact; one subject is held back from its second on."""
    journal = Journal(projections[0].domains[0].name)
    for subject in ("r1", "r2", "r3"):
        journal.tell(subject, registered(attributes={"n": 1.5, "of": [{"é": None}, 10**15]}, tags=("a",)))
    journal.tell("r1", ResourceRenamed(name="new"), ResourceTagged(tags=("b",)))
    journal.append(b"r1", b"void", prev=bytes(32))
    journal.append(b"r3", b"rubbish")
    journal.tell("r3", ResourceRenamed(name="new"))
    for projection in projections:
        rows = Rows(ground, projection)
        await rows.load([journal.place])
        for stretch in stretches(projection, journal, cuts=[2, 4]):
            assert await rows.write([stretch])
        await rows.close()
    journal.tell("r2", ResourceRenamed(name="not read yet"))
    await appender.append(journal)
    return journal


@pytest.fixture
def change(ground: Settings) -> Change:
    async def change(statement: str) -> None:
        async with await postgres.connect(ground) as connection:
            await connection.execute(statement.encode())

    return change


async def compared(settings: Settings, projections: list[Projection], journal: Journal) -> list[Compared]:
    def work() -> list[Compared]:
        with snapshot(settings, projections) as moment:
            return compare(settings, moment, Name(*journal.place), lambda _: None, projections)

    return await asyncio.to_thread(work)


def wrong(found: list[Compared], journal: Journal) -> list[str]:
    told = [f"{each.position}: {each.said}" for one in found for each in one.wrong]
    return [each.replace(journal.domain, "resource") for each in told]


async def test_what_was_folded_is_as_it_must_be(
    ground: Settings, projections: list[Projection], journal: Journal
) -> None:
    found = await compared(ground, projections, journal)
    assert wrong(found, journal) == []
    assert {each.projection: each.rows for each in found} == {"resource": 3, "history": 5, "outcome": 4}


CHANGED = {
    "UPDATE resource SET name = 'nicer' WHERE resource_id = 'r1'": "resource r1 name is 'nicer' and was to be 'new'",
    "UPDATE resource SET attributes = '{}' WHERE resource_id = 'r2'": "the row resource r2 attributes is {} and was to",
    "DELETE FROM resource WHERE resource_id = 'r1'": "resource:0:4: the row resource r1 is not in PostgreSQL",
    "DELETE FROM history WHERE subject = 'r1' AND version = 2": "the row history resource r1 2 is not in PostgreSQL",
    "UPDATE history SET time = time + interval '1s' WHERE version = 3": "the row history resource r1 3 time is '2025-",
    "INSERT INTO history SELECT (jsonb_populate_record(history, '{\"version\": 9}')).* FROM history LIMIT 1": (
        "1 rows of history are in PostgreSQL that no fact made"
    ),
    "DELETE FROM held_fact WHERE projection = 'resource'": "and no fact is held back: Undecodable",
}


@pytest.mark.parametrize(("statement", "said"), CHANGED.items(), ids=range(len(CHANGED)))
async def test_what_somebody_changed_is_named(  # noqa: PLR0913, PLR0917 - what it takes
    ground: Settings, projections: list[Projection], journal: Journal, change: Change, statement: str, said: str
) -> None:
    await change(statement)
    found = wrong(await compared(ground, projections, journal), journal)
    assert any(said in each for each in found), found


async def test_a_row_that_stayed_behind_is_named(
    ground: Settings, projections: list[Projection], journal: Journal, change: Change
) -> None:
    await change("UPDATE resource SET position = split_part(position, ':', 1) || ':0:3' WHERE resource_id = 'r1'")
    assert "resource:0:4: the row resource r1 is still what resource:0:3 made of it" in wrong(
        await compared(ground, projections, journal), journal
    )
    await change("UPDATE resource SET position = split_part(position, ':', 1) || ':0:99' WHERE resource_id = 'r1'")
    assert any("is of a later fact" in each for each in wrong(await compared(ground, projections, journal), journal))


async def test_a_fact_that_was_skipped_is_not_missed(
    ground: Settings, projections: list[Projection], journal: Journal
) -> None:
    skipped = f"{journal.domain}:0:6"
    async with await postgres.connect(ground) as connection:
        for projection in projections:
            await quarantine.resume(connection, projection, b"r3", without=skipped)
    said = wrong(await compared(ground, projections, journal), journal)
    assert any("no fact is held back" in each for each in said), said
    skips = Journal("projection")
    for projection in projections:
        skips.tell(projection.name, FactSkipped(position=skipped, operator="ada", reason="it is rubbish"))
    rows = Rows(ground, history.projection)
    await rows.load([skips.place])
    for stretch in stretches(history.projection, skips):
        assert await rows.write([stretch])
    await rows.close()
    found = await compared(ground, projections, journal)
    assert wrong(found, journal) == []
    assert {each.projection: each.rows for each in found} == {"resource": 3, "history": 6, "outcome": 5}


async def test_what_was_at_a_time_is_compared_too(ground: Settings, change: Change) -> None:
    """The read model of what was keeps a row for each version, made of the one before."""
    journal = Journal(partition=7)
    journal.tell("r1", registered())
    journal.tell("r1", ResourceRenamed(name="new"), ResourceTagged(tags=("b",)))
    rows = Rows(ground, past.projection)
    await rows.load([journal.place])
    for stretch in stretches(past.projection, journal, cuts=[1]):
        assert await rows.write([stretch])
    await rows.close()
    name = Name(*journal.place)

    def look() -> list[str]:
        with snapshot(ground, [past.projection]) as moment, models._connected(ground) as connection:
            folding = models._Folding(connection, past.projection, name, moment)
            for n in range(0, len(journal.records), 2):
                folding.take(journal.records[n : n + 2])
            return [each.said for each in folding.close().wrong]

    assert await asyncio.to_thread(look) == []
    await change('UPDATE past SET state = state || \'{"name": "nicer"}\' WHERE version = 2')
    assert any("past resource r1 2 state is" in each for each in await asyncio.to_thread(look))
