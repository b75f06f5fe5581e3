"""The floor of deciding: consume records, produce the same bytes, and tell whoever waits; nothing is decided."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.kafka import connection
from infra.redis import client
from infra.settings import Settings

PARTITIONS = 8
BATCH_BYTES = 900_000


async def forward(settings: Settings, source: str, target: str) -> None:
    """Forward until stopped; what was forwarded and has a header `reply` is told on the channel it names."""
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, max_partition_fetch_bytes=4 << 20)
    producer = AIOKafkaProducer(
        **connection(settings), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES, linger_ms=0
    )
    redis = client(settings)
    await consumer.start()
    await producer.start()
    consumer.assign([TopicPartition(source, partition) for partition in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    while True:
        fetched = await consumer.getmany(timeout_ms=1000)
        stored = [sent for place, records in fetched.items() for sent in await _send(producer, target, place, records)]
        await asyncio.gather(*stored)
        for records in fetched.values():
            for record in records:
                if (reply := dict(record.headers).get("reply")) is not None:
                    await redis.publish(reply, record.key)


async def _send(producer: Any, target: str, place: TopicPartition, records: Sequence[Any]) -> list[Any]:
    """Hand records to the producer in batches as large as Kafka takes; give what will say that they are stored."""
    stored = []
    batch = producer.create_batch()
    for record in records:
        headers = list(record.headers)
        while batch.append(key=record.key, value=record.value, timestamp=None, headers=headers) is None:
            stored.append(await producer.send_batch(batch, target, partition=place.partition))
            batch = producer.create_batch()
    stored.append(await producer.send_batch(batch, target, partition=place.partition))
    return stored


if __name__ == "__main__":
    uvloop.run(forward(Settings(), *sys.argv[1:]))
