"""Documents in Redis: folded from the same facts, served only while they are fresh, and never missed when gone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from infra import redis
from infra.settings import Settings
from projections import documents
from projections.documents import Documents, Shelf, document
from projections.reading import Place, Progress
from projections.resource import projection
from schemas.resource import ResourceRenamed, ResourceShared
from tests.projections.telling import Journal, partition_of, registered, rows_of, stretches, until

R1 = Place("resource", partition_of("r1"))
DOCUMENT, PLACE, FRESH = b"annal:resource:r1", b"annal:place:%d" % R1.partition, b"annal:fresh:%d" % R1.partition


@pytest.fixture
async def cache(ground: Settings) -> AsyncIterator[Redis]:
    async with redis.client(ground) as client:
        yield client


def a_journal() -> Journal:
    journal = Journal(partition=R1.partition)
    journal.tell("r1", registered(attributes={"b": 1, "a": [1.5, None]}))
    journal.tell("r1", ResourceShared(account="bob", role="viewer"))
    return journal


async def write(sink: Documents, journal: Journal) -> Progress:
    """Write what a journal has told since the last time."""
    before = (await sink.load([journal.place]))[journal.place]
    *_, last = [stretch for stretch in stretches(projection, journal, before=before) if await sink.write([stretch])]
    return last.after


async def serve(sink: Documents, reached: Progress) -> None:
    assert await sink.beat({R1: reached}, {R1})


async def test_a_document_is_the_answer_that_its_row_gives(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    await serve(sink, await write(sink, journal))
    found = await Shelf(cache).find("r1", {})
    assert found == document(rows_of(projection, journal)["r1",])
    assert found is not None
    assert (found.version, found.readers) == (2, ["alice", "bob"])
    assert orjson.loads(found.body)["attributes"] == {"a": [1.5, None], "b": 1}


async def test_facts_that_come_later_are_folded_into_the_document(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    await write(sink, journal)
    journal.tell("r1", ResourceRenamed(name="Ficciones"))
    await serve(sink, await write(sink, journal))
    assert await Shelf(cache).find("r1", {}) == document(rows_of(projection, journal)["r1",])


async def test_who_comes_second_writes_nothing(cache: Redis) -> None:
    journal = a_journal()
    (stretch,) = stretches(projection, journal)
    first, second = Documents(cache), Documents(cache)
    written = await asyncio.gather(first.write([stretch]), second.write([stretch]))
    assert sorted(written) == [False, True]


async def test_without_a_lease_nothing_is_served(cache: Redis) -> None:
    sink = Documents(cache)
    reached = await write(sink, a_journal())
    shelf = Shelf(cache)
    assert await shelf.find("r1", {}) is None
    assert await sink.beat({R1: reached}, ())  # Still far from the end of the journal.
    assert await Shelf(cache).find("r1", {}) is None
    await serve(sink, reached)

    async def served() -> bool:
        return await shelf.find("r1", {}) is not None

    await until(served)
    assert 0 < await cache.pttl(FRESH) <= documents.LEASE_MS


async def test_a_wiped_redis_is_noticed_and_folded_anew_unserved_until_it_is_fresh(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    await serve(sink, reached := await write(sink, journal))
    await cache.flushdb()
    assert not await sink.beat({R1: reached}, {R1})
    (first, second) = stretches(projection, journal, cuts=[1])
    assert await sink.load([R1]) == {R1: Progress()}
    assert await sink.write([first])
    assert await Shelf(cache).find("r1", {}) is None
    assert await sink.write([second])
    await serve(sink, second.after)
    assert await Shelf(cache).find("r1", {}) == document(rows_of(projection, journal)["r1",])


async def test_documents_that_grow_old_again_are_not_served(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    await serve(sink, await write(sink, journal))
    await cache.delete(PLACE)
    await sink.load([R1])
    assert await Shelf(cache).find("r1", {}) is None


async def test_documents_made_of_other_columns_are_folded_anew(cache: Redis, monkeypatch: Any) -> None:
    await write(Documents(cache), a_journal())
    monkeypatch.setattr(documents, "_FORMAT", 0)
    assert await Documents(cache).load([R1]) == {R1: Progress()}


async def test_an_evicted_document_stays_away(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    await write(sink, journal)
    await cache.delete(DOCUMENT)
    journal.tell("r1", ResourceRenamed(name="Ficciones"))
    await serve(sink, await write(sink, journal))
    assert await cache.get(DOCUMENT) is None


async def test_a_fact_that_cannot_be_applied_takes_the_document_away(cache: Redis) -> None:
    sink, journal = Documents(cache), a_journal()
    journal.append(b"r1", b"rubbish")
    journal.tell("r2", registered())
    await write(sink, journal)
    assert await cache.get(DOCUMENT) is None
    assert await cache.get(b"annal:resource:r2") is not None


async def test_a_document_is_served_only_if_it_is_as_new_as_asked(cache: Redis) -> None:
    sink = Documents(cache)
    await serve(sink, reached := await write(sink, a_journal()))
    shelf = Shelf(cache)
    assert await shelf.find("r1", {R1: reached.read_to}) is not None
    assert await shelf.find("r1", {R1: reached.read_to + 1}) is None
    elsewhere = Place("resource", (R1.partition + 1) % 8)
    assert await shelf.find("r1", {elsewhere: 1_000_000, Place("kind", 0): 1_000_000}) is not None


async def test_a_redis_that_is_gone_is_an_empty_shelf() -> None:
    shelf = Shelf(Redis(host="127.0.0.1", port=1))
    assert await shelf.find("r1", {}) is None
    assert await shelf.find("r1", {}) is None
