"""Documents in Redis that the facts made are as they must be, those that are gone are not missed, and others named."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from redis import Redis

from infra import redis
from infra.prove.documents import Shelf, compared
from infra.prove.models import Compared
from infra.records import Records
from infra.settings import Settings
from projections.documents import Documents, evict, forget, key_of, place_key, written
from projections.resource import projection
from schemas.checkpoint import Journal as Name
from schemas.resource import ResourceRenamed, ResourceTagged
from tests.infra.prove.paper import Archive
from tests.projections.conftest import ground, ours, read_model
from tests.projections.telling import Journal, partition_of, registered, rows_of, stretches

__all__ = ["ground", "ours", "read_model"]

PARTITION = 3
R1, R2, R3, NEVER, *_ = (f"r{n}" for n in range(200) if partition_of(f"r{n}") == PARTITION)
ELSEWHERE = next(f"r{n}" for n in range(200) if partition_of(f"r{n}") != PARTITION)


class Shown(Archive):
    """Journals on paper; while the first records are read something else may happen."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def read(self, topic: str, partition: int, start: int, end: int) -> Any:
        for batch in super().read(topic, partition, start, end):
            for n in range(0, len(batch), 2):  # few at once, so that subjects come again
                yield batch[n : n + 2]
                meanwhile, self.meanwhile = self.meanwhile, lambda: None
                meanwhile()


@pytest.fixture
async def documents(ground: Settings) -> AsyncIterator[Documents]:
    async with redis.client(ground) as client:
        yield Documents(client)


@pytest.fixture
async def journal(documents: Documents) -> Journal:
    """A journal that Redis has read but for its last fact; of one subject a fact cannot be applied."""
    journal = Journal(partition=PARTITION)
    for subject in (R1, R2, R3):
        journal.tell(subject, registered(attributes={"n": 1.5, "of": [{"é": None}, 10**15]}, tags=("a",)))
    journal.tell(R1, ResourceRenamed(name="new"), ResourceTagged(tags=("b",)))
    journal.append(R1.encode(), b"void", prev=bytes(32))
    journal.append(R3.encode(), b"rubbish")
    journal.tell(R3, ResourceRenamed(name="new"))
    await project(documents, journal)
    journal.tell(R2, ResourceRenamed(name="not read yet"))
    return journal


async def project(documents: Documents, journal: Journal) -> None:
    before = (await documents.load([journal.place]))[journal.place]
    for stretch in stretches(projection, journal, cuts=[2, 4], before=before):
        assert await documents.write([stretch])


@pytest.fixture
def cache(ground: Settings) -> Redis:
    return Redis.from_url(redis.url(ground))


async def look(cache: Redis, journal: Journal, meanwhile: Callable[[], None] | None = None) -> Compared | None:
    shown = Shown([journal])
    if meanwhile is not None:
        shown.meanwhile = meanwhile
    reader, shelf = cast("Records", shown), Shelf(cache, Name(*journal.place))
    return await asyncio.to_thread(compared, reader, shelf, (), lambda _: None)


async def wrong(cache: Redis, journal: Journal, meanwhile: Callable[[], None] | None = None) -> list[str]:
    found = await look(cache, journal, meanwhile)
    assert found is not None
    return [f"{each.position}: {each.said}" for each in found.wrong]


async def test_documents_that_were_folded_are_as_they_must_be(cache: Redis, journal: Journal) -> None:
    found = await look(cache, journal)
    assert found is not None
    assert (found.wrong, found.rows) == ([], 2)


async def test_what_redis_has_not_is_not_missed(cache: Redis, journal: Journal) -> None:
    cache.delete(key_of(R1.encode()))
    found = await look(cache, journal)
    assert found is not None
    assert (found.wrong, found.rows) == ([], 1)
    # Nor are documents of other journals taken for strangers in this one.
    cache.set(key_of(ELSEWHERE.encode()), b"x")
    assert await wrong(cache, journal) == []


async def test_where_nothing_happened_there_is_nothing_but_what_no_fact_made(cache: Redis) -> None:
    assert await wrong(cache, Journal(partition=PARTITION)) == []
    cache.set(key_of(R1.encode()), b"x")
    (found,) = await wrong(cache, Journal(partition=PARTITION))
    assert found == f"resource:3: the document annal:resource:{R1} is in Redis, and no fact made it"


async def test_what_is_made_anew_is_not_compared(cache: Redis, ground: Settings, journal: Journal) -> None:
    async with redis.client(ground) as client:
        await forget(client)
    assert await look(cache, journal) is None


async def test_what_is_forgotten_meanwhile_is_not_compared(cache: Redis, journal: Journal) -> None:
    def forgotten() -> None:
        cache.delete(place_key(journal.place), key_of(R1.encode()))

    assert await look(cache, journal, forgotten) is None


CHANGED = {
    b'"name":"new"="name":"nicer"': "resource:3:4: {} name is 'nicer' and was to be 'new'",
    b'["alice"]=["alice","eve"]': "resource:3:4: {} head is [3, 'resource:3:4', ['alice', 'eve']] and was to be",
    b'"resource:3:4",[=:,[': 'resource:3:0: {} document is \'[3,:,["alice"',
    b'[3,"resource:3:4"=[3,"resource:3:3"': "resource:3:3: {} position is 'resource:3:4' and was to be 'resource:3:3'",
    b'[3,"resource:3:4"=[3,"resource:3:99"': "resource:3:4: {} is of a later fact in Redis, and there is none",
    b'"tags":=  "tags":': "resource:3:4: {} document is ",
}
"""What stands in the document and what somebody writes in its place; and what is told."""


@pytest.mark.parametrize(("change", "said"), CHANGED.items(), ids=range(len(CHANGED)))
async def test_what_somebody_changed_is_named(cache: Redis, journal: Journal, change: bytes, said: str) -> None:
    before, after = change.split(b"=")
    value = cast("bytes", cache.get(key_of(R1.encode())))
    cache.set(key_of(R1.encode()), value.replace(before, after))
    (found,) = await wrong(cache, journal)
    assert found.startswith(said.format(f"the document annal:resource:{R1}")), found


async def test_a_document_that_stayed_behind_is_named(cache: Redis, journal: Journal) -> None:
    early = rows_of(projection, Journal(partition=PARTITION, records=journal.records[:1]))
    cache.set(key_of(R1.encode()), written(early[R1,]))
    (found,) = await wrong(cache, journal)
    assert found == f"resource:3:3: the document annal:resource:{R1} is still what an earlier fact made of it"


async def test_what_no_fact_made_is_named(cache: Redis, journal: Journal) -> None:
    value = cast("bytes", cache.get(key_of(R2.encode())))
    cache.set(key_of(NEVER.encode()), value.replace(R2.encode(), NEVER.encode()))
    cache.set(key_of(R3.encode()), value.replace(R2.encode(), R3.encode()))
    found = await wrong(cache, journal)
    assert f"resource:3: the document annal:resource:{NEVER} is in Redis, and no fact made it" in found
    assert any(f"{R3} is in Redis, and cannot be made: Undecodable" in each for each in found), found


async def test_what_changes_meanwhile_is_compared_as_it_is_then(
    cache: Redis, ground: Settings, journal: Journal
) -> None:
    """Redis reads on while its documents are compared: one that moved on, a new one, and one that is let go of."""
    journal.tell(R1, ResourceRenamed(name="newer"))
    journal.tell(NEVER, registered())

    async def going_on() -> None:
        async with redis.client(ground) as client:
            await project(Documents(client), journal)
            await evict(client, R3.encode())

    def nicer() -> None:
        asyncio.run(going_on())
        value = cast("bytes", cache.get(key_of(R1.encode())))
        cache.set(key_of(R1.encode()), value.replace(b"newer", b"nicer"))

    found = await wrong(cache, journal, nicer)
    assert len(found) == 1
    assert f"the document annal:resource:{R1} name is 'nicer' and was to be 'newer'" in found[0]
    again = await look(cache, journal)
    assert again is not None
    assert again.rows == 3
