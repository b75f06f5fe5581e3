"""The standing audit finds documents that are not what their facts make, and takes none for wrong that only lags."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from infra import postgres, redis
from infra.postgres import Connection
from infra.settings import Settings
from projections import documents, drift, drift_documents, history
from projections.documents import Documents, key_of
from projections.drift import drifted
from projections.resource import projection
from schemas.resource import ResourceRenamed
from tests.projections.telling import Journal, partition_of, registered, stretches
from tests.projections.test_drift import project
from tests.projections.test_follow import run

PARTITION = 3
SUBJECTS = [f"r{n}" for n in range(100) if partition_of(f"r{n}") == PARTITION]
R1 = SUBJECTS[0]


@pytest.fixture
async def connection(ground: Settings) -> AsyncIterator[Connection]:
    async with await postgres.connect(ground) as connection:
        yield connection


@pytest.fixture
async def cache(ground: Settings) -> AsyncIterator[Redis]:
    async with redis.client(ground) as client:
        yield client


@pytest.fixture
async def journal(ground: Settings, cache: Redis, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A journal that Redis and the history have read; the audit looks at all that there is."""
    monkeypatch.setattr(drift, "SAMPLE", 400)
    journal = Journal(partition=PARTITION)
    for subject in SUBJECTS:
        journal.tell(subject, registered(attributes={"of": [{"é": None}, 1.0]}, tags=("a",)))
        journal.tell(subject, ResourceRenamed(name=f"{subject} renamed"))
    await read_on(cache, journal)
    await project(ground, history.projection, journal)
    return journal


async def read_on(cache: Redis, journal: Journal) -> None:
    sink = Documents(cache)
    before = (await sink.load([journal.place]))[journal.place]
    for stretch in stretches(projection, journal, before=before):
        assert await sink.write([stretch])


async def change(cache: Redis, before: bytes, after: bytes, subject: str = R1) -> None:
    value: Any = await cache.get(key_of(subject.encode()))
    assert before in value
    await cache.set(key_of(subject.encode()), value.replace(before, after))


async def test_a_document_that_was_changed_is_known_until_it_is_mended_or_gone(
    connection: Connection, cache: Redis, journal: Journal
) -> None:
    assert journal.records
    assert await drift_documents.audit(connection, cache) == {}
    for _ in range(2):
        await change(cache, b"renamed", b"nicer")
        await change(cache, b'"version":2', b'"version":1')
        assert await drift_documents.audit(connection, cache) == {R1: ["name", "version"]}
        (known,) = await drifted(connection)
        assert (known.projection, known.subject, known.columns) == (documents.NAME, R1, ["name", "version"])
        await change(cache, b"nicer", b"renamed")
        await change(cache, b'"version":1', b'"version":2')
        assert await drift_documents.audit(connection, cache) == {}
        assert await drifted(connection) == []
    await cache.set(key_of(R1.encode()), b"rubbish")
    assert await drift_documents.audit(connection, cache) == {R1: ["document"]}
    await cache.delete(key_of(R1.encode()))
    assert await drift_documents.audit(connection, cache) == {}
    assert await drifted(connection) == []


async def test_a_document_that_stayed_behind_has_drifted_and_one_that_nobody_read_on_has_not(
    ground: Settings, connection: Connection, cache: Redis, journal: Journal
) -> None:
    key = key_of(R1.encode())
    before: Any = await cache.get(key)
    journal.tell(R1, ResourceRenamed(name="once more"))
    await project(ground, history.projection, journal)
    assert await drift_documents.audit(connection, cache) == {}
    await read_on(cache, journal)
    await cache.set(key, before)
    assert await drift_documents.audit(connection, cache) == {R1: ["version"]}
    await documents.forget(cache)
    assert await drift_documents.audit(connection, cache) == {}


async def test_what_the_history_lacks_is_no_drift_but_what_no_fact_made_is(
    ground: Settings, connection: Connection, cache: Redis, journal: Journal
) -> None:
    journal.tell(R1, ResourceRenamed(name="once more"))
    await read_on(cache, journal)
    assert await drift_documents.audit(connection, cache) == {}
    await project(ground, history.projection, journal)
    await run(ground, "DELETE FROM history WHERE version = 3")
    assert await drift_documents.audit(connection, cache) == {R1: ["version"]}
