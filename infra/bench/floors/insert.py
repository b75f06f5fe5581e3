"""The floor of projecting: consume records and write the bytes of each as a row; nothing is folded."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.kafka import connection
from infra.postgres import Connection, connect
from infra.settings import Settings
from projections.statements import CHANNEL

PARTITIONS = 8

TABLE = "DROP TABLE IF EXISTS bench_floor; CREATE TABLE bench_floor (key bytea PRIMARY KEY, value bytea NOT NULL)"
ROWS = """
    INSERT INTO bench_floor SELECT * FROM unnest(%s::bytea[], %s::bytea[])
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


async def insert(settings: Settings, topic: str, origin: str) -> None:
    """Insert until stopped, from the `first` record or the `next`; notify of places as the projections do."""
    rows = await connect(settings)
    await rows.execute("SET synchronous_commit TO off")
    await rows.execute(TABLE)
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, max_partition_fetch_bytes=1 << 20)
    await consumer.start()
    consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
    await (consumer.seek_to_beginning() if origin == "first" else consumer.seek_to_end())
    while True:
        fetched = await consumer.getmany(timeout_ms=1000)
        if fetched:
            await _write(rows, fetched)


async def _write(rows: Connection, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
    newest = {record.key: record.value for records in fetched.values() for record in records}
    async with rows.transaction():
        await rows.execute(ROWS, [list(newest), list(newest.values())])
        for place, records in fetched.items():
            told = f"floor resource {place.partition} {records[-1].offset} -1"
            await rows.execute("SELECT pg_notify(%s, %s)", [CHANNEL, told])


if __name__ == "__main__":
    uvloop.run(insert(Settings(), *sys.argv[1:]))
