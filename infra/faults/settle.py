"""Waits until everything that was asked is decided, and everything decided is known and seen to; says what is not."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from infra import kafka, postgres, redis
from infra.effects import ERASING
from infra.faults.check.evidence import Place
from infra.faults.stage import Stage
from infra.mail import MAILED
from infra.ready import ready
from infra.settings import Settings
from schemas import topics
from schemas.domains import DOMAINS
from schemas.message import Fact
from streams.committed import committed_by
from streams.policies import FOLLOWED

PATIENCE = 30.0
"""Seconds in which something must move, or it is called stuck."""

PLACES = [(domain.name, partition) for domain in DOMAINS for partition in range(domain.partitions)]
LAST_WORD = b"the last word"

SEE_TO: Mapping[str, Sequence[type[Fact]]] = {
    "annal.policies": FOLLOWED,
    "annal.effects": ERASING,
    "annal.mail": MAILED,
}
"""The groups that see to facts, with the facts."""

Ends = Mapping[Place, int]


async def settle(stage: Stage, patience: float = PATIENCE) -> list[str]:
    """Give a sentence for whatever did not catch up."""
    while True:
        asked = await _last_words(stage.settings)
        behind = await _settled(stage, asked, patience)
        # What facts lead to are commands too, and those leave facts again.
        if behind or await ends_of(stage.settings, topics.commands) == {at: offset + 1 for at, offset in asked.items()}:
            return behind


async def _settled(stage: Stage, asked: Ends, patience: float) -> list[str]:
    moved, before = time.monotonic(), None
    while True:
        stage.start_fallen()
        closed = [door.name for door in stage.of("api") if not await asyncio.to_thread(ready, door.settings)]
        behind = [f"{name} is not ready" for name in closed] + await _behind(stage.settings, asked)
        if not behind:
            return []
        if behind != before:
            moved, before = time.monotonic(), behind
        if time.monotonic() - moved > patience:
            return [f"{sentence}, and nothing moved for {patience:.0f} s" for sentence in behind]
        await asyncio.sleep(0.25)


async def _last_words(settings: Settings) -> dict[Place, int]:
    """End every partition with a command that leaves a record: once it is answered, all before it are."""
    producer = AIOKafkaProducer(**kafka.connection(settings), acks="all")
    await producer.start()
    try:
        said = {}
        for domain, partition in PLACES:
            noise = b"\xff" + uuid.uuid4().bytes
            stored = await producer.send_and_wait(topics.commands(domain), noise, LAST_WORD, partition)
            said[domain, partition] = stored.offset
        return said
    finally:
        await producer.stop()


async def _behind(settings: Settings, asked: Ends) -> list[str]:
    try:
        ends = await ends_of(settings, topics.facts)
        seen_to = await _seen_to(settings)
        read, answered = await _in_postgres(settings)
        read |= await _in_redis(settings)
    except (KafkaError, psycopg.Error, RedisError, OSError) as error:
        return [f"what is known cannot be read: {error}"]
    behind = [
        f"{domain}:{partition} is answered to {answered.get((domain, partition), -1)} of {offset}"
        for (domain, partition), offset in asked.items()
        if answered.get((domain, partition), -1) < offset
    ]
    return (
        behind
        + [
            f"{projection} has read {domain}:{partition} to {offset} of {ends[domain, partition] - 1}"
            for (projection, domain, partition), offset in read.items()
            if offset != ends[domain, partition] - 1
        ]
        + [
            f"{group} has seen to {domain}:{partition} to {offset} of {ends[domain, partition] - 1}"
            for (group, domain, partition), offset in seen_to.items()
            if offset != ends[domain, partition] - 1
        ]
    )


async def ends_of(settings: Settings, topic: Callable[[str], str]) -> dict[Place, int]:
    consumer = AIOKafkaConsumer(**kafka.connection(settings))
    try:
        await consumer.start()
        places = {(domain, number): TopicPartition(topic(domain), number) for domain, number in PLACES}
        ends = await consumer.end_offsets(list(places.values()))
        return {place: ends[partition] for place, partition in places.items()}
    finally:
        await consumer.stop()


async def _seen_to(settings: Settings) -> dict[tuple[str, str, int], int]:
    """Give how far each group has seen to facts, in the journals where these are."""
    found: dict[tuple[str, str, int], int] = {}
    for group, facts in SEE_TO.items():
        domains = {fact.type.partition(".")[0] for fact in facts}
        places = {TopicPartition(topics.facts(place[0]), place[1]): place for place in PLACES if place[0] in domains}
        reached = await committed_by(kafka.connection(settings), group, places)
        found |= {(group, *places[at]): each.next - 1 for at, each in reached.items()}
    return found


async def _in_postgres(settings: Settings) -> tuple[dict[tuple[str, str, int], int], dict[Place, int]]:
    """Give how far each projection has read, and up to where outcomes are known."""
    connection = await postgres.connect(settings)
    async with connection:
        # Other versions of a read model have two underscores in their names, and nobody follows them.
        found = await connection.execute(
            "SELECT projection, domain, partition, read_to, answered FROM positions WHERE strpos(projection, '__') = 0"
        )
        rows: list[Any] = await found.fetchall()
    read = {(projection, domain, partition): read_to for projection, domain, partition, read_to, _ in rows}
    return read, {(row[1], row[2]): row[4] for row in rows if row[0] == "outcome"}


async def _in_redis(settings: Settings) -> dict[tuple[str, str, int], int]:
    client = redis.client(settings)
    try:
        resources = [place for place in PLACES if place[0] == "resource"]
        values = await client.mget([f"annal:place:{partition}" for _, partition in resources])
        read = [-1 if value is None else orjson.loads(value)[1] for value in values]
        return {("documents", *place): offset for place, offset in zip(resources, read, strict=True)}
    finally:
        await client.aclose()
