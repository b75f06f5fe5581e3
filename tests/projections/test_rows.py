"""Rows and the place they were read to are written together, or not at all."""

import asyncio
import base64
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg.rows import dict_row

from infra import postgres
from infra.settings import Settings
from projections.reading import Place, Progress
from projections.resource import projection
from projections.rows import Rows
from projections.statements import CHANNEL
from schemas.journal import PREV
from schemas.resource import ResourceChanged, ResourceRegistered, ResourceRenamed, ResourceShared, ResourceTagged
from tests.projections.telling import Journal, registered, rows_of, stretches, until

HERE = Place("resource", 0)


async def table(settings: Settings, query: Any) -> list[dict[str, Any]]:
    async with await postgres.connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(query)).fetchall()


async def resources(settings: Settings) -> dict[str, dict[str, Any]]:
    found = await table(settings, "SELECT * FROM resource")
    computed = {"readers", "search"}
    return {row["resource_id"]: {name: row[name] for name in row.keys() - computed} for row in found}


def a_busy_journal() -> Journal:
    journal = Journal()
    for subject in ("r1", "r2", "r3"):
        journal.tell(subject, registered(attributes={"n": 1.5, "of": [{"é": None}]}, tags=("a",)))
        journal.tell(subject, ResourceRenamed(name=f"{subject} renamed"), ResourceTagged(tags=("b",)))
        journal.append(b"r1", b"rubbish", prev=bytes(32))
    journal.tell("r2", ResourceShared(account="bob", role="viewer"))
    return journal


@pytest.mark.parametrize("cuts", [(), (1, 2, 3, 5, 8)])
async def test_postgres_gives_back_what_was_folded(ground: Settings, cuts: tuple[int, ...]) -> None:
    journal, rows = a_busy_journal(), Rows(ground, projection)
    await rows.load([HERE])
    for stretch in stretches(projection, journal, cuts):
        assert await rows.write([stretch])
    assert await resources(ground) == {key[0]: row for key, row in rows_of(projection, journal).items()}
    (reached,) = (await rows.load([HERE])).values()
    assert (reached.read_to, reached.head) == (len(journal.records) - 1, journal.head)
    assert reached.answered == journal.commands - 1
    await rows.close()


async def test_who_comes_second_writes_nothing(ground: Settings) -> None:
    journal = a_busy_journal()
    first, second = Rows(ground, projection), Rows(ground, projection)
    await asyncio.gather(first.load([HERE]), second.load([HERE]))
    whole, *_ = stretches(projection, journal)
    short, *_ = stretches(projection, journal, cuts=[2])
    assert sorted(await asyncio.gather(first.write([whole]), second.write([short]))) == [False, True]
    (reached,) = (await first.load([HERE])).values()
    assert reached in (whole.after, short.after)
    assert len(await resources(ground)) == (3 if reached == whole.after else 1)
    await asyncio.gather(first.close(), second.close())


async def test_of_two_who_race_one_writes_each_stretch(ground: Settings) -> None:
    journal = Journal()
    for n in range(40):
        journal.tell("r1", registered() if not n else ResourceTagged(tags=(f"t{n:02}",)))
    racers = [Rows(ground, projection) for _ in range(3)]
    await racers[0].load([HERE])
    for stretch in stretches(projection, journal, cuts=range(1, 40)):
        assert sum(await asyncio.gather(*(racer.write([stretch]) for racer in racers))) == 1
    assert await resources(ground) == {"r1": rows_of(projection, journal)["r1",]}
    await asyncio.gather(*(racer.close() for racer in racers))


async def test_rows_that_another_has_changed_are_read_again(ground: Settings) -> None:
    journal = Journal()
    for n in range(6):
        journal.tell("r1", registered() if not n else ResourceTagged(tags=(f"t{n}",)))
    ours, other = Rows(ground, projection), Rows(ground, projection)
    await asyncio.gather(ours.load([HERE]), other.load([HERE]))
    for n, stretch in enumerate(stretches(projection, journal, cuts=range(1, 6))):
        assert await (other if n in (2, 3) else ours).write([stretch])
    assert await resources(ground) == {"r1": rows_of(projection, journal)["r1",]}
    await asyncio.gather(ours.close(), other.close())


async def test_places_move_together_or_not_at_all(ground: Settings) -> None:
    here, there = Journal(), Journal(partition=1)
    here.tell("r1", registered())
    there.tell("r2", registered())
    rows = Rows(ground, projection)
    await rows.load([HERE, there.place])
    (one,), (other,) = stretches(projection, here), stretches(projection, there)
    assert await rows.write([other])
    assert not await rows.write([one, other])
    assert list(await resources(ground)) == ["r2"]
    assert await rows.load([HERE, there.place]) == {HERE: Progress(), there.place: other.after}
    await rows.close()


async def test_a_connection_lost_in_the_middle_leaves_nothing_half_done(ground: Settings) -> None:
    journal, rows = a_busy_journal(), Rows(ground, projection)
    await rows.load([HERE])
    (stretch,) = stretches(projection, journal)
    async with await postgres.connect(ground) as other:
        async with other.transaction():
            await other.execute("LOCK TABLE resource IN EXCLUSIVE MODE")
            writing = asyncio.create_task(rows.write([stretch]))
            await until(lambda: someone_waits(other))
            await other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            with pytest.raises(psycopg.OperationalError):
                await writing
        assert await resources(ground) == {}
        assert await rows.load([HERE]) == {HERE: Progress()}
    assert await rows.write([stretch])
    assert len(await resources(ground)) == 3
    await rows.close()


async def someone_waits(connection: postgres.Connection) -> bool:
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'resource'::regclass"
    return (await connection.execute(waiting)).rowcount > 0


async def test_what_postgres_cannot_keep_holds_its_subject_alone(ground: Settings) -> None:
    journal, rows = Journal(), Rows(ground, projection)
    await rows.load([HERE])
    journal.tell("r1", registered())
    journal.tell("r2", ResourceRegistered.model_construct(**vars(registered()) | {"name": "a\0b"}))
    journal.tell("r3", registered())
    (stretch,) = stretches(projection, journal)
    assert await rows.write([stretch])
    assert await rows.load([HERE]) == {HERE: stretch.after}
    assert sorted(await resources(ground)) == ["r1", "r3"]
    (held,) = await table(ground, "SELECT * FROM held_fact")
    assert held["subject"] == b"r2"
    assert "Unicode" in held["error"]
    await rows.close()


async def test_held_facts_are_kept_as_they_came_and_in_order(ground: Settings) -> None:
    journal, rows = Journal(), Rows(ground, projection)
    await rows.load([HERE])
    journal.tell("r1", registered())
    journal.append(b"r1", b"rubbish")
    journal.tell("r2", registered())
    journal.tell("r1", ResourceRenamed(name="b"))
    for stretch in stretches(projection, journal, cuts=[3]):
        assert await rows.write([stretch])
    held = await table(ground, "SELECT * FROM held_fact ORDER BY read_at")
    assert [(each["read_at"], each["subject"]) for each in held] == [(1, b"r1"), (3, b"r1")]
    assert [each["error"].partition(":")[0] for each in held] == [
        "Undecodable",
        "An earlier fact of this subject could not be applied.",
    ]
    assert held[0]["value"] == b"rubbish"
    assert held[1]["headers"] == [[PREV, base64.b64encode(journal.records[3].headers[0][1]).decode()]]
    assert {row["resource_id"]: row["version"] for row in (await resources(ground)).values()} == {"r1": 1, "r2": 1}
    assert await rows.beat({HERE: stretch.after}, ())
    assert REGISTRY.get_sample_value("annal_facts_not_applied", {"projection": "resource"}) == 2
    await rows.close()


async def test_a_fold_that_breaks_holds_its_subject(ground: Settings) -> None:
    journal, rows = Journal(), Rows(ground, projection)
    await rows.load([HERE])
    journal.tell("r1", ResourceChanged(patch={}, kind_version=1, kind_position=0))
    journal.tell("r2", registered())
    (stretch,) = stretches(projection, journal)
    assert await rows.write([stretch])
    (held,) = await table(ground, "SELECT * FROM held_fact")
    assert held["error"] == "KeyError: 'attributes'"
    assert list(await resources(ground)) == ["r2"]
    await rows.close()


async def test_a_server_that_forgot_its_last_moments_is_noticed(ground: Settings) -> None:
    rows = Rows(ground, projection)
    reached = await rows.load([HERE])
    assert await rows.beat(reached, ())
    assert not await rows.beat({HERE: Progress(read_to=4)}, ())
    await rows.close()


async def test_doors_hear_how_far_a_projection_has_come(ground: Settings) -> None:
    journal, rows = a_busy_journal(), Rows(ground, projection)
    await rows.load([HERE])
    (stretch,) = stretches(projection, journal)
    async with await postgres.connect(ground) as listening:
        await listening.execute(f"LISTEN {CHANNEL}")
        await rows.write([stretch])
        heard = [each.payload async for each in listening.notifies(timeout=5, stop_after=1)]
    after = stretch.after
    assert heard == [f"resource resource 0 {after.read_to} {after.answered} {after.fact_time}"]
    await rows.close()
