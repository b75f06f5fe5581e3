"""Reads everything that a run left behind."""

from random import Random
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, TopicPartition
from psycopg.rows import dict_row

from infra import kafka, postgres, redis
from infra.faults.check.evidence import Evidence, Stored
from infra.faults.check.rows import KEYS
from infra.faults.clients import Clients
from infra.faults.settle import PLACES
from infra.settings import Settings
from schemas import topics

NO_DOCUMENTS = (b"annal:fresh:", b"annal:tarpit:")
"""How keys in Redis begin that are no fold of facts."""

LAST_READS = 300
"""Resources that are read once more through the doors; more would add minutes and tell little."""


async def gather(settings: Settings, evidence: Evidence) -> None:
    """Add topics, tables and documents."""
    for domain, partition in PLACES:
        evidence.commands[domain, partition] = await records(settings, topics.commands(domain), partition)
        evidence.facts[domain, partition] = await records(settings, topics.facts(domain), partition)
    connection = await postgres.connect(settings)
    async with connection, connection.cursor(row_factory=dict_row) as cursor:
        for table in KEYS:
            await cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - the tables are our own
            evidence.tables[table] = [_plain(row) for row in await cursor.fetchall()]
    client: Any = redis.client(settings)
    try:
        keys = [key async for key in client.scan_iter("annal:*", count=1000) if not key.startswith(NO_DOCUMENTS)]
        values = await client.mget(keys) if keys else []
        evidence.documents = {key.decode(): value for key, value in zip(keys, values, strict=True)}
    finally:
        await client.aclose()


async def read_once_more(clients: Clients, evidence: Evidence, random: Random) -> None:
    """Read resources through the doors, when all has caught up, as who owns them now."""
    rows = evidence.tables["resource"]
    async with aiohttp.ClientSession() as session:
        for row in random.sample(rows, min(LAST_READS, len(rows))):
            door = random.choice(list(clients.doors))
            evidence.last_reads.append(await clients.read(session, door, row["resource_id"], row["owner"]))


async def records(settings: Settings, topic: str, partition: int, newest: int | None = None) -> list[Stored]:
    """Give the records of a partition, all or only the newest."""
    place = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(**kafka.connection(settings), enable_auto_commit=False, auto_offset_reset="none")
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, 0 if newest is None else max(0, end - newest))
        records: list[Stored] = []
        while await consumer.position(place) < end:
            found = await consumer.getmany(place, timeout_ms=1000)
            records += [
                Stored(each.offset, each.timestamp, each.key or b"", each.value or b"", tuple(each.headers))
                for each in found.get(place, ())
            ]
        return records
    finally:
        await consumer.stop()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
