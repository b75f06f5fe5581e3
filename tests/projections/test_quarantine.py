"""Facts that could not be applied: each holds back its subject alone, until it can be applied or is skipped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from infra import postgres
from infra.postgres import Connection
from infra.settings import Settings, Unusable
from projections import quarantine, resource
from projections.fold import EARLIER
from projections.projection import Projection, Row
from projections.reading import Place, Progress
from projections.rows import Rows
from schemas.message import Recorded
from schemas.resource import ResourceRegistered, ResourceRenamed, ResourceTagged
from tests.projections.telling import Journal, registered, rows_of, stretches
from tests.projections.test_follow import resources, run

HERE = Place("resource", 0)


def without_b(row: Row | None, recorded: Recorded, position: str) -> Row:
    """Fold as yesterday's rules did, which knew no tag `b`."""
    if isinstance(recorded.fact, ResourceTagged) and "b" in recorded.fact.tags:
        raise ValueError("what is b?")
    made: Row = resource.project(row, recorded, position)
    return made


yesterday, today = replace(resource.projection, project=without_b), resource.projection


@dataclass
class World:
    """A journal on paper, what a projection at work makes of it, and a connection to repair with."""

    settings: Settings
    connection: Connection
    rows: Rows
    journal: Journal
    reached: Progress

    async def project(self) -> bool:
        """Let the projection at work write what was told since the last time; False if it must look where it is."""
        for stretch in stretches(yesterday, self.journal, before=self.reached):
            if not await self.rows.write([stretch]):
                return False
            self.reached = stretch.after
        return True

    async def look_again(self) -> None:
        self.reached = (await self.rows.load([HERE]))[HERE]

    async def held(self) -> list[tuple[int, str]]:
        return [tuple(row) for row in await run(self.settings, "SELECT read_at, error FROM held_fact ORDER BY read_at")]


@pytest.fixture
async def world(ground: Settings) -> AsyncIterator[World]:
    rows = Rows(ground, yesterday)
    await rows.load([HERE])
    async with await postgres.connect(ground) as connection:
        yield World(ground, connection, rows, Journal(), Progress())
    await rows.close()


async def hold(world: World) -> None:
    """Let r1 be held at its second fact, with one more behind it, and r2 be well."""
    world.journal.tell("r1", registered())
    world.journal.tell("r1", ResourceTagged(tags=("b",)))
    world.journal.tell("r1", ResourceRenamed(name="after"))
    world.journal.tell("r2", registered())
    assert await world.project()


async def test_what_is_held_is_listed_with_what_is_wrong(world: World) -> None:
    await hold(world)
    (held,) = await quarantine.subjects(world.connection)
    assert (held.projection, held.subject, held.facts) == ("resource", b"r1", 2)
    assert (held.first, held.error) == ("resource:0:1", "ValueError: what is b?")
    first, second = await quarantine.held(world.connection, today, b"r1")
    assert first[0].recorded is not None
    assert first[0].recorded.fact == ResourceTagged(tags=("b",))
    assert (first[0].position, second[0].position) == ("resource:0:1", "resource:0:2")
    assert second[1] == EARLIER


async def test_trying_says_what_would_come_and_changes_nothing(world: World) -> None:
    await hold(world)
    before = (await world.held(), await resources(world.settings))
    tried = await quarantine.resume(world.connection, today, b"r1", dry=True)
    assert (list(tried.applied), list(tried.left), tried.error) == (["resource:0:1", "resource:0:2"], [], None)
    assert tried.row is not None
    assert (tried.row["name"], tried.row["tags"], tried.row["version"]) == ("after", ["b"], 3)
    assert (await world.held(), await resources(world.settings)) == before


async def test_a_subject_is_resumed_in_order(world: World) -> None:
    await hold(world)
    resumed = await quarantine.resume(world.connection, today, b"r1")
    assert list(resumed.applied) == ["resource:0:1", "resource:0:2"]
    assert await world.held() == []
    assert await resources(world.settings) == {key[0]: row for key, row in rows_of(today, world.journal).items()}


async def test_what_still_cannot_be_applied_stays_held_with_those_behind_it(world: World) -> None:
    await hold(world)
    world.journal.tell("r1", ResourceTagged(tags=("c",)))
    assert await world.project()

    def today_not_after(row: Row | None, recorded: Recorded, position: str) -> Row:
        if recorded.fact == ResourceRenamed(name="after"):
            raise LookupError("nor this")
        made: Row = resource.project(row, recorded, position)
        return made

    resumed = await quarantine.resume(world.connection, replace(today, project=today_not_after), b"r1")
    assert list(resumed.applied) == ["resource:0:1"]
    assert list(resumed.left) == ["resource:0:2", "resource:0:4"]
    assert resumed.error == "LookupError: nor this"
    assert await world.held() == [(2, "LookupError: nor this"), (4, EARLIER)]
    assert (await resources(world.settings))["r1"]["version"] == 2


async def test_what_postgres_cannot_keep_stays_held(world: World) -> None:
    world.journal.tell("r1", ResourceRegistered.model_construct(**vars(registered()) | {"name": "a\0b"}))
    world.journal.tell("r1", ResourceTagged(tags=("c",)))
    assert await world.project()
    resumed = await quarantine.resume(world.connection, today, b"r1")
    assert (list(resumed.applied), list(resumed.left)) == ([], ["resource:0:0", "resource:0:1"])
    assert "Unicode" in (resumed.error or "")
    assert await resources(world.settings) == {}


async def test_a_subject_goes_on_without_a_fact_that_is_skipped(world: World) -> None:
    await hold(world)
    assert await quarantine.first_at(world.connection, today, "resource:0:1") == b"r1"
    resumed = await quarantine.resume(world.connection, yesterday, b"r1", without="resource:0:1")
    assert (list(resumed.applied), list(resumed.left)) == (["resource:0:2"], [])
    assert await world.held() == []
    row = (await resources(world.settings))["r1"]
    assert (row["name"], row["tags"], row["version"]) == ("after", [], 3)


async def test_of_a_subject_that_nothing_is_left_of_the_next_fact_is_applied(world: World) -> None:
    world.journal.tell("r1", registered())
    world.journal.tell("r1", ResourceTagged(tags=("b",)))
    assert await world.project()
    await quarantine.resume(world.connection, yesterday, b"r1", without="resource:0:1")
    world.journal.tell("r1", ResourceRenamed(name="after"))
    assert not await world.project()
    await world.look_again()
    assert await world.project()
    assert (await resources(world.settings))["r1"]["name"] == "after"


@pytest.mark.parametrize(
    ("position", "saying"),
    [
        ("resource:0:0", "holds no fact at resource:0:0"),
        ("resource:0:2", "waits behind resource:0:1"),
        ("resource:7:7", "holds no fact"),
        ("resource", "is no position"),
        ("resource:0:x", "is no position"),
        ("resource:0:٣", "is no position"),
    ],
)
async def test_only_a_fact_that_cannot_be_applied_is_skipped(world: World, position: str, saying: str) -> None:
    await hold(world)
    with pytest.raises(Unusable, match=saying):
        await quarantine.first_at(world.connection, today, position)


async def test_of_a_subject_that_is_not_held_nothing_is_resumed(world: World) -> None:
    await hold(world)
    with pytest.raises(Unusable, match="resource holds nothing back of r2"):
        await quarantine.resume(world.connection, today, b"r2")


# ── beside a projection at work ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_fact_that_comes_after_a_resume_is_applied_on_top_of_it(world: World) -> None:
    """The projection still believes that the subject is held, and remembers its row of before."""
    await hold(world)
    await quarantine.resume(world.connection, today, b"r1")
    world.journal.tell("r1", ResourceTagged(tags=("z",)))
    assert not await world.project()
    assert await world.held() == []
    await world.look_again()
    assert await world.project()
    assert await resources(world.settings) == {key[0]: row for key, row in rows_of(today, world.journal).items()}


async def test_a_projection_that_looked_where_it_is_since_forgets_the_row_of_before(world: World) -> None:
    await hold(world)
    await quarantine.resume(world.connection, today, b"r1")
    assert await world.rows.beat({HERE: world.reached}, ())
    world.journal.tell("r1", ResourceTagged(tags=("z",)))
    assert await world.project()
    assert await resources(world.settings) == {key[0]: row for key, row in rows_of(today, world.journal).items()}


async def test_a_fact_that_comes_while_a_subject_is_resumed_waits_for_that(world: World) -> None:
    await hold(world)
    world.journal.tell("r1", ResourceTagged(tags=("z",)))
    async with world.connection.transaction():
        await quarantine.resume(world.connection, today, b"r1")
        projecting = asyncio.create_task(world.project())
        await asyncio.sleep(0.2)
        assert not projecting.done()
    assert await projecting is False
    assert await world.held() == []
    await world.look_again()
    assert await world.project()
    assert await resources(world.settings) == {key[0]: row for key, row in rows_of(today, world.journal).items()}


async def test_a_resume_waits_for_a_fact_that_is_being_held(world: World) -> None:
    await hold(world)
    world.journal.tell("r1", ResourceTagged(tags=("z",)))
    (stretch,) = stretches(yesterday, world.journal, before=world.reached)
    # Held between what the projection read and what the resume sees: it takes that fact along.
    assert await world.rows.write([stretch])
    resumed = await quarantine.resume(world.connection, today, b"r1")
    assert list(resumed.applied) == ["resource:0:1", "resource:0:2", "resource:0:4"]
    assert await resources(world.settings) == {key[0]: row for key, row in rows_of(today, world.journal).items()}


async def test_whoever_resumes_and_is_killed_has_changed_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await hold(world)
    before = (await world.held(), await resources(world.settings))

    calls = []
    applying = quarantine._apply

    async def apply(connection: Connection, projection: Projection, facts: Any) -> Any:
        calls.append(await applying(connection, projection, facts))
        raise KeyboardInterrupt

    monkeypatch.setattr(quarantine, "_apply", apply)
    with pytest.raises(KeyboardInterrupt):
        await quarantine.resume(world.connection, today, b"r1")
    assert calls
    assert (await world.held(), await resources(world.settings)) == before
