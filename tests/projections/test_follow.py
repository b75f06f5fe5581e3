"""Followers on real servers: whatever is killed, taken away or comes twice, the rows are the fold of the journals."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from aiokafka import TopicPartition
from prometheus_client import REGISTRY
from psycopg.rows import dict_row

from infra import postgres, redis
from infra.settings import Settings
from projections import history, resource
from projections.documents import Documents
from projections.follow import LINGER, LONGEST_LINGER, Follower, Sink, linger
from projections.projection import Projection
from projections.reading import Place, Progress, Stretch
from projections.rows import Rows
from schemas.message import CommandRejected
from schemas.resource import ResourceRegistered, ResourceRenamed, ResourceTagged
from tests.projections.appending import Appender
from tests.projections.telling import Journal, Record, partition_of, registered, rows_of, stretches, until

PARTITIONS = 4


class Books:
    """Journals of resources on paper, a partition each, with what they should come to."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.journals = [Journal(projection.domains[0].name, number) for number in range(PARTITIONS)]

    def tell(self, count: int) -> None:
        """Let each of some resources live on a little; with void records between."""
        for n in range(count):
            journal = self.journals[partition_of(f"r{n}", PARTITIONS)]
            if f"r{n}" not in journal.versions:
                journal.tell(f"r{n}", registered(f"Book {n}"))
            renamed = ResourceRenamed(name=f"Book {n}, {len(journal.records)}")
            journal.tell(f"r{n}", renamed, ResourceTagged(tags=(f"t{journal.versions[f'r{n}']}",)))
            journal.append(b"r0", b"rubbish", prev=bytes(32))

    def journal(self, subject: str) -> Journal:
        return self.journals[partition_of(subject, PARTITIONS)]

    def rows(self) -> dict[str, dict[str, Any]]:
        return {key[0]: row for each in self.journals for key, row in rows_of(self.projection, each).items()}


@asynccontextmanager
async def following(
    settings: Settings, projection: Projection, sink: Sink | None = None, group: str = ""
) -> AsyncIterator[Follower]:
    name = group or projection.domains[0].name
    follower = Follower(settings, name, projection, sink or Rows(settings, projection))
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_the_more_it_takes_to_write_the_longer_more_may_come_together() -> None:
    journal = Journal("resource")
    journal.tell("r1", registered())
    told = list(stretches(resource.projection, journal))
    assert [linger(resource.projection, told, wrote) for wrote in (0.001, 0.01, 1)] == [LINGER, 0.05, LONGEST_LINGER]
    journal.tell("r1", CommandRejected(code="not_yours", reason="It is not yours."))
    unseen = list(stretches(resource.projection, journal, before=told[0].after))
    assert linger(resource.projection, unseen, 0.001) == LONGEST_LINGER
    assert linger(history.projection, list(stretches(history.projection, journal)), 0.001) == LONGEST_LINGER


async def resources(settings: Settings) -> dict[str, dict[str, Any]]:
    async with await postgres.connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM resource")
        return {
            row["resource_id"]: {name: row[name] for name in row.keys() - {"readers", "search"}}
            for row in await cursor.fetchall()
        }


async def run(settings: Settings, statement: str) -> list[Any]:
    async with await postgres.connect(settings) as connection:
        done = await connection.execute(statement)
        return await done.fetchall() if done.description else []


async def given_journals(follower: Follower) -> bool:
    return bool(follower.reached)


async def settled(settings: Settings, books: Books) -> None:
    """Wait until every journal has been read to its end."""

    async def all_read() -> bool:
        found = await run(settings, "SELECT partition, read_to FROM positions")
        return dict(found) == {each.partition: len(each.records) - 1 for each in books.journals}

    await until(all_read, 60)


async def test_facts_become_rows(ground: Settings, read_model: Projection, appender: Appender) -> None:
    books = Books(read_model)
    books.tell(40)
    await appender.append(*books.journals)
    async with following(ground, read_model) as follower:
        await settled(ground, books)
        books.tell(5)
        await appender.append(*books.journals)
        await settled(ground, books)
        assert await resources(ground) == books.rows()
        assert follower.waits_for is None
    labels = {"projection": follower.name}
    assert (REGISTRY.get_sample_value("annal_projection_facts_total", labels) or 0) == 40 * 3 + 5 * 2
    assert REGISTRY.get_sample_value("annal_projection_void_records_total", labels) == 45


async def test_whoever_is_killed_at_any_moment_nothing_is_lost_or_doubled(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    for n in range(8):
        books.tell(30)
        await appender.append(*books.journals)
        async with following(ground, read_model) as follower:
            await until(partial(given_journals, follower))
            await asyncio.sleep(n * 0.01)
    async with following(ground, read_model):
        await settled(ground, books)
    assert await resources(ground) == books.rows()


async def test_two_share_the_journals_and_one_takes_over_from_the_other(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    async with following(ground, read_model) as one:
        async with following(ground, read_model) as other:

            async def both_work() -> bool:
                return len(one.reached) == len(other.reached) == PARTITIONS // 2

            await until(both_work, 60)
            books.tell(30)
            await appender.append(*books.journals)
            await settled(ground, books)
        books.tell(30)
        await appender.append(*books.journals)
        await settled(ground, books)
    assert await resources(ground) == books.rows()


class Stalled(Rows):
    """Rows whose first write is held up while the world goes on."""

    def __init__(self, settings: Settings, projection: Projection) -> None:
        super().__init__(settings, projection)
        self.stalled = asyncio.Event()
        self.go_on = asyncio.Event()
        self.answers: list[bool] = []

    async def write(self, stretches: Sequence[Stretch]) -> bool:
        self.stalled.set()
        await self.go_on.wait()
        self.answers.append(await super().write(stretches))
        return self.answers[-1]


async def test_who_was_overtaken_writes_nothing_and_goes_on_from_there(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    books.tell(20)
    await appender.append(*books.journals)
    zombie = Stalled(ground, read_model)
    async with following(ground, read_model, zombie):
        await zombie.stalled.wait()
        # In a group of its own it is given what the stalled one still believes to have.
        async with following(ground, read_model, group=f"other_{read_model.domains[0].name}"):
            await settled(ground, books)
        zombie.go_on.set()
        books.tell(20)
        await appender.append(*books.journals)
        await settled(ground, books)
    assert zombie.answers[0] is False
    assert await resources(ground) == books.rows()


async def test_a_fact_that_postgres_cannot_keep_holds_back_its_subject_alone(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    books.tell(20)
    broken = books.journal("broken")
    broken.tell("broken", ResourceRegistered.model_construct(**vars(registered()) | {"name": "a\0b"}))
    broken.tell("broken", ResourceTagged(tags=("b",)))
    books.tell(20)
    await appender.append(*books.journals)
    async with following(ground, read_model):
        await settled(ground, books)
    expected = books.rows()
    del expected["broken"]
    assert await resources(ground) == expected
    held = await run(ground, "SELECT subject, error FROM held_fact ORDER BY read_at")
    assert [subject for subject, _ in held] == [b"broken", b"broken"]
    assert "NUL" in held[0][1] or "Unicode" in held[0][1]


async def test_connections_cut_in_the_middle_change_nothing(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    async with following(ground, read_model):
        for _ in range(10):
            books.tell(30)
            await appender.append(*books.journals)
            with suppress(psycopg.OperationalError):
                await run(ground, CUT)
        await settled(ground, books)
    assert await resources(ground) == books.rows()


CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Seeks:
    """Stands in for a consumer: notes where it is told to go."""

    def __init__(self) -> None:
        self.to: list[int] = []

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.to.append(offset)


def test_a_hole_is_believed_only_after_looking_at_that_very_place(ground: Settings, read_model: Projection) -> None:
    """What was sought for another reason, and read by somebody else meanwhile, is no proof of a hole."""
    follower = Follower(ground, "holes", read_model, Rows(ground, read_model))
    place, consumer = Place("r", 0), Seeks()
    fetched = {TopicPartition("r.facts", 0): [Record(offset, b"", b"", []) for offset in range(10, 15)]}

    def in_order(read_to: int) -> list[int]:
        batch = follower._in_order(consumer, {place: Progress(read_to)}, fetched)
        return [record.offset for records in batch.values() for record in records]

    assert (in_order(7), consumer.to) == ([], [8])
    assert (in_order(4), consumer.to) == ([], [8, 5])
    assert (in_order(4), consumer.to) == ([10, 11, 12, 13, 14], [8, 5])
    assert (in_order(4), consumer.to) == ([], [8, 5, 5])
    assert in_order(11) == [12, 13, 14]


async def test_a_wiped_redis_is_filled_again_by_itself(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    books.tell(20)
    await appender.append(*books.journals)
    async with redis.client(ground) as cache, following(ground, read_model, Documents(redis.client(ground))):

        async def filled() -> bool:
            return len(await cache.keys("annal:resource:*")) == 20 and len(await cache.keys("annal:fresh:*")) == 4

        await until(filled, 60)
        await cache.flushdb()
        await until(filled, 60)


async def test_a_journal_shorter_than_what_was_read_of_it_is_said_to_be(
    ground: Settings, read_model: Projection, appender: Appender
) -> None:
    books = Books(read_model)
    books.tell(4)
    await appender.append(*books.journals)
    async with following(ground, read_model):
        await settled(ground, books)
    await run(ground, "UPDATE positions SET read_to = 1000000")
    async with following(ground, read_model) as follower:

        async def told() -> bool:
            return "Kafka holds less" in (follower.waits_for or "")

        await until(told)
