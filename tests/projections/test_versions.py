"""Versions of a read model: built beside it, compared, switched to and from, while people read and facts come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from infra import postgres
from infra.postgres import Connection
from infra.settings import Settings, Unusable
from projections import history, kind, resource, versions
from projections.advance import Moving, advance
from projections.compare import compare
from projections.door import prepared_anew
from projections.projection import Projection, Row
from projections.rows import Rows
from schemas.message import Recorded
from schemas.resource import ResourceTagged
from tests.projections.appending import Appender
from tests.projections.telling import Journal, registered, stretches, until
from tests.projections.test_follow import Books, following, resources, run, settled

NEXT, BEFORE = "resource__next", "resource__before"


@pytest.fixture
async def connection(ground: Settings) -> AsyncIterator[Connection]:
    """A connection to repair with; no version is left in the end."""
    async with await postgres.connect(ground) as connection:
        yield connection
        for name in (NEXT, BEFORE, "history__next"):
            await versions.drop(connection, name)


async def books_read(settings: Settings, projection: Projection, appender: Appender, count: int) -> Books:
    """Let so much be told, and the live version have read it."""
    books = Books(projection)
    books.tell(count)
    await appender.append(*books.journals)
    async with following(settings, projection):
        await settled(settings, books)
    return books


async def move(settings: Settings, connection: Connection, projection: Projection, name: str = NEXT) -> None:
    """Bring a version to where the live one is."""
    moved = versions.version(projection, "next" if name == NEXT else "before")
    await advance(settings, moved, projection, await versions.places(connection, "resource"), Moving())


async def build(settings: Settings, connection: Connection, projection: Projection) -> None:
    await versions.create(connection, projection)
    await move(settings, connection, projection)


async def switch(settings: Settings, connection: Connection, projection: Projection) -> None:
    await move(settings, connection, projection)
    async with versions.pinned(connection, "resource"):
        await move(settings, connection, projection)
        await versions.switch(connection, "resource")


async def tables(settings: Settings) -> set[str]:
    found = await run(settings, "SELECT relname FROM pg_class WHERE relname LIKE 'resource%' AND relkind = 'r'")
    return {name for (name,) in found}


async def indexes(settings: Settings, table: str) -> set[str]:
    found = await run(settings, f"SELECT indexname FROM pg_indexes WHERE tablename = '{table}'")  # noqa: S608 - our own
    return {name for (name,) in found}


async def test_a_version_is_the_fold_of_the_journals(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 40)
    await build(ground, connection, read_model)
    assert await versions.places(connection, NEXT) == await versions.places(connection, "resource")
    compared = await compare(connection, read_model, NEXT)
    assert (compared.rows, compared.other_rows, compared.differing) == (40, 40, 0)


async def test_whoever_builds_is_killed_at_any_moment_and_goes_on_where_it_was(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 400)
    await versions.create(connection, read_model)
    read = []
    for n in range(8):
        building = asyncio.create_task(move(ground, connection, read_model))
        await asyncio.sleep(0.01 + n * 0.02)
        building.cancel()
        with suppress(asyncio.CancelledError):
            await building
        read.append(sum(each.read_to + 1 for each in (await versions.places(connection, NEXT)).values()))
    assert read == sorted(read)
    await move(ground, connection, read_model)
    assert (await compare(connection, read_model, NEXT)).differing == 0


async def test_a_row_that_differs_is_shown(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 5)
    await build(ground, connection, read_model)
    await run(ground, "UPDATE resource SET name = 'wrong', tags = '{a}' WHERE resource_id = 'r1'")
    await run(ground, "DELETE FROM resource WHERE resource_id = 'r2'")
    await run(ground, "DELETE FROM resource__next WHERE resource_id = 'r3'")
    compared = await compare(connection, read_model, NEXT)
    assert (compared.rows, compared.other_rows, compared.differing) == (4, 4, 3)
    changed, absent, gone = compared.first
    assert changed.key == ("r1",)
    assert {name: one for name, (one, _) in changed.columns.items()} == {"name": "wrong", "tags": ["a"]}
    assert [(each.key, each.missing) for each in (absent, gone)] == [(("r2",), "resource"), (("r3",), NEXT)]


async def test_when_each_version_came_to_know_a_fact_is_not_compared(ground: Settings, connection: Connection) -> None:
    journal = Journal()
    journal.tell("r1", registered())
    rows = Rows(ground, history.projection)
    await rows.load([journal.place])
    for stretch in stretches(history.projection, journal):
        assert await rows.write([stretch])
    await rows.close()
    await versions.create(connection, history.projection)
    await run(ground, "INSERT INTO history__next SELECT * FROM history")
    await run(ground, "UPDATE history__next SET known_time = known_time + interval '1 day'")
    compared = await compare(connection, history.projection, "history__next")
    assert (compared.rows, compared.other_rows, compared.differing, compared.uncompared) == (1, 1, 0, [])
    await run(ground, "UPDATE history__next SET time = time + interval '1 day'")
    compared = await compare(connection, history.projection, "history__next")
    assert [list(each.columns) for each in compared.first] == [["time"]]


async def test_columns_that_only_one_has_are_named_and_those_of_another_type_compared(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 3)
    await build(ground, connection, read_model)
    await run(ground, "ALTER TABLE resource__next ALTER version TYPE bigint, ADD colour text")
    compared = await compare(connection, read_model, NEXT)
    assert (compared.differing, compared.uncompared) == (0, ["colour"])


async def test_a_switch_takes_all_that_a_version_has(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 10)
    before, places = await versions.find(connection, "resource"), await versions.places(connection, "resource")
    called = await indexes(ground, "resource")
    await build(ground, connection, read_model)
    built = await versions.find(connection, NEXT)
    await switch(ground, connection, read_model)
    assert await versions.find(connection, "resource") == built
    assert await versions.find(connection, BEFORE) == before
    assert await versions.places(connection, "resource") == await versions.places(connection, BEFORE) == places
    assert await tables(ground) == {"resource", BEFORE}
    assert await indexes(ground, "resource") == called
    # And there is room for another one.
    await build(ground, connection, read_model)
    await switch(ground, connection, read_model)
    assert await versions.find(connection, BEFORE) == built


async def test_a_rollback_undoes_a_switch(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    books = Books(read_model)
    books.tell(40)
    await appender.append(*books.journals)
    async with following(ground, read_model):
        await settled(ground, books)
        first = await versions.find(connection, "resource")
        await build(ground, connection, read_model)
        await switch(ground, connection, read_model)
        books.tell(40)
        await appender.append(*books.journals)
        await settled_live(ground, books)
        async with versions.pinned(connection, "resource"):
            await move(ground, connection, read_model, BEFORE)
            await versions.roll_back(connection, "resource")
        assert await versions.find(connection, "resource") == first
        assert await tables(ground) == {"resource", NEXT}
        assert await resources(ground) == books.rows()
        books.tell(5)
        await appender.append(*books.journals)
        await settled_live(ground, books)
        assert await resources(ground) == books.rows()


async def settled_live(settings: Settings, books: Books) -> None:
    async def all_read() -> bool:
        found = await run(settings, "SELECT partition, read_to FROM positions WHERE projection = 'resource'")
        return dict(found) == {each.partition: len(each.records) - 1 for each in books.journals}

    await until(all_read, 60)


class Readers:
    """People who read all the time: none may fail, or see less than was seen before."""

    def __init__(self, settings: Settings) -> None:
        self._pool = postgres.pool(settings)
        self.reads = 0
        self.failures: list[str] = []

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        async with self._pool:
            tasks = [asyncio.create_task(self._read(f"r{n}")) for n in range(8)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        task.result()

    async def _read(self, resource_id: str) -> None:
        seen = 0
        while True:
            async with self._pool.connection() as connection:
                try:
                    row = await resource.find(connection, resource_id)
                    rows = await resource.page(connection, {"reader": "alice"}, "name", None, 5)
                except psycopg.Error as error:
                    self.failures.append(repr(error))
                    continue
            version = row["version"] if row is not None else -1
            if version < seen or len(rows) < 5:
                self.failures.append(f"{resource_id} was at {seen}, and is at {version}; {len(rows)} rows")
            self.reads, seen = self.reads + 1, version


async def test_nobody_who_reads_notices_a_switch_under_load(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    books, readers = Books(read_model), Readers(ground)
    books.tell(30)
    await appender.append(*books.journals)
    enough = asyncio.Event()

    async def tell() -> None:
        # Cancelled while it appends, it would append the same once more.
        while not enough.is_set():
            books.tell(30)
            await appender.append(*books.journals)
            await asyncio.sleep(0.05)

    async with following(ground, read_model) as follower:
        await settled(ground, books)
        telling = asyncio.create_task(tell())
        async with readers.reading():
            for _ in range(4):
                await build(ground, connection, read_model)
                await switch(ground, connection, read_model)
                before = readers.reads
                await until(partial(more, readers, before + 50))
        enough.set()
        await telling
        await settled_live(ground, books)
        assert follower.waits_for is None
    assert readers.failures == []
    assert await resources(ground) == books.rows()


async def more(readers: Readers, count: int) -> bool:
    return readers.reads > count


async def test_what_a_projection_remembers_of_a_table_is_forgotten_with_it(
    ground: Settings, read_model: Projection, connection: Connection
) -> None:
    journal, rows = Journal(read_model.domains[0].name), Rows(ground, read_model)
    await rows.load([journal.place])
    journal.tell("r1", registered("right"))
    (first,) = stretches(read_model, journal)
    assert await rows.write([first])
    # What is live went wrong, and is remembered so; the one that was built is right.
    await versions.create(connection, read_model)
    built = Rows(ground, versions.version(read_model, "next"), read_model)
    await built.load([journal.place])
    assert await built.write([first])
    await built.close()
    rows._known[("r1",)]["name"] = "wrong"
    async with versions.pinned(connection, "resource"):
        await versions.switch(connection, "resource")
    journal.tell("r1", ResourceTagged(tags=("b",)))
    (second,) = stretches(read_model, journal, before=first.after)
    assert not await rows.write([second])
    assert await rows.load([journal.place]) == {journal.place: first.after}
    assert await rows.write([second])
    assert (await resources(ground))["r1"]["name"] == "right"
    await rows.close()


async def test_a_projection_does_not_write_into_the_table_of_another_version(
    ground: Settings, read_model: Projection, connection: Connection
) -> None:
    journal, rows = Journal(read_model.domains[0].name), Rows(ground, read_model)
    await run(ground, "UPDATE tables_made SET definition = 'another' WHERE name = 'resource'")
    try:
        with pytest.raises(Unusable, match="resource was made by another version of Annal"):
            await rows.load([journal.place])
    finally:
        made = versions.definition(read_model)
        await connection.execute("UPDATE tables_made SET definition = %s WHERE name = 'resource'", [made])
        await rows.close()


async def test_a_projection_waits_while_the_table_is_of_another_version(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    books = Books(read_model)
    books.tell(40)
    await appender.append(*books.journals)
    async with following(ground, read_model) as follower:
        await settled(ground, books)
        await build(ground, connection, read_model)
        await run(ground, "ALTER TABLE resource__next ADD colour text NOT NULL DEFAULT 'red'")
        await run(ground, "UPDATE tables_made SET definition = 'another' WHERE name = 'resource__next'")
        async with versions.pinned(connection, "resource"):
            await versions.switch(connection, "resource")
        before = await resources(ground)
        books.tell(40)
        await appender.append(*books.journals)

        async def waits() -> bool:
            return "another version of Annal" in (follower.waits_for or "")

        await until(waits)
        assert await resources(ground) == before
        assert await run(ground, "SELECT 1 FROM held_fact") == []
        async with versions.pinned(connection, "resource"):
            await versions.roll_back(connection, "resource")
        await settled_live(ground, books)
        assert await resources(ground) == books.rows()


async def test_who_reads_all_columns_reads_on_when_there_are_others(ground: Settings, connection: Connection) -> None:
    async with await postgres.connect(ground) as reader:
        assert await kind.find(reader, "nobody's") is None
        assert await kind.find(reader, "nobody's") is None
        await versions.create(connection, kind.projection)
        await run(ground, "ALTER TABLE kind__next ADD colour text")
        try:
            async with versions.pinned(connection, "kind"):
                await versions.switch(connection, "kind")
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                await kind.find(reader, "nobody's")
            assert await prepared_anew(reader, lambda asked: kind.find(asked, "nobody's")) is None
            assert await kind.find(reader, "nobody's") is None
        finally:
            async with versions.pinned(connection, "kind"):
                await versions.roll_back(connection, "kind")
            await versions.drop(connection, "kind__next")


async def test_of_two_who_repair_the_second_is_told(ground: Settings, connection: Connection) -> None:
    async with await postgres.connect(ground) as other, versions.alone(connection, "resource"):
        with pytest.raises(Unusable, match="Somebody else is repairing resource"):
            async with versions.alone(other, "resource"):
                pass
        async with versions.alone(other, "kind"):
            pass
    async with versions.alone(connection, "resource"):
        pass


async def test_a_table_that_is_read_for_long_is_given_up_and_nothing_changed(
    ground: Settings, read_model: Projection, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "PATIENCE", "50ms")
    monkeypatch.setattr(versions, "TRIES", 2)
    await versions.create(connection, read_model)
    before = await versions.find(connection, "resource")
    async with await postgres.connect(ground) as reader, reader.transaction():
        await reader.execute("SELECT FROM resource")
        with pytest.raises(Unusable, match="resource for long, and nothing was changed"):
            async with versions.pinned(connection, "resource"):
                await versions.switch(connection, "resource")
    assert await versions.find(connection, "resource") == before


async def test_a_version_that_read_another_journal_is_not_taken_for_one_of_this(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    await books_read(ground, read_model, appender, 5)
    await build(ground, connection, read_model)
    await run(ground, r"UPDATE positions SET head = '\x00' WHERE projection = 'resource__next'")
    with pytest.raises(Unusable, match="resource__next has read another journal"):
        await move(ground, connection, read_model)


async def test_another_fold_is_compared_and_switched_to(
    ground: Settings, read_model: Projection, appender: Appender, connection: Connection
) -> None:
    """The rows of the former rules are corrected by those of this program."""

    def wrong(row: Row | None, recorded: Recorded, position: str) -> Row:
        made: dict[str, Any] = resource.project(row, recorded, position)
        return made | {"tags": []}

    books = Books(read_model)
    books.tell(40)
    await appender.append(*books.journals)
    async with following(ground, replace(read_model, project=wrong)):
        await settled(ground, books)
    assert await resources(ground) != books.rows()
    await build(ground, connection, read_model)
    compared = await compare(connection, read_model, NEXT)
    assert compared.differing == 40
    assert {name for each in compared.first for name in each.columns} == {"tags"}
    await switch(ground, connection, read_model)
    assert await resources(ground) == books.rows()
