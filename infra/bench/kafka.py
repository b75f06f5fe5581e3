"""What measurements ask of Kafka: topics made anew, and how far they reach."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.kafka import connection
from infra.settings import Settings, Unusable
from schemas.topics import Topic

LOOKED_EVERY = 0.02
"""Seconds between looks at how far a topic has come."""


async def recreate(settings: Settings, wanted: Sequence[Topic]) -> None:
    """Delete topics where they are, and make them empty."""
    names = [topic.name for topic in wanted]
    async with admin(settings) as asked:
        there = set(await asked.list_topics())
        if gone := [name for name in names if name in there]:
            await asked.delete_topics(gone)
        while there.intersection(names):
            await asyncio.sleep(LOOKED_EVERY)
            there = set(await asked.list_topics())
        await asked.create_topics(
            [NewTopic(each.name, each.partitions, 1, topic_configs=each.config) for each in wanted]
        )
    async with looking(settings) as consumer:
        while await reached(consumer, wanted):  # noqa: ASYNC110 - Kafka tells nobody when a topic is ready
            await asyncio.sleep(LOOKED_EVERY)


async def reached(consumer: Any, wanted: Sequence[Topic]) -> int:
    """Count the records of topics."""
    return sum((await consumer.end_offsets([place for topic in wanted for place in places(topic)])).values())


async def growth(settings: Settings, topic: Topic, count: int) -> AsyncIterator[tuple[float, int]]:
    """Give the time and the number of records whenever there are more, until there are so many."""
    async with looking(settings) as consumer:
        before = await reached(consumer, [topic])
        while before < count:
            await asyncio.sleep(LOOKED_EVERY)
            now = await reached(consumer, [topic])
            if now > before:
                yield perf_counter(), now
            before = now


async def holds(consumer: Any, topic: Topic, count: int) -> None:
    """Wait until a topic holds so many records."""
    while await reached(consumer, [topic]) < count:  # noqa: ASYNC110 - Kafka tells nobody who has no group
        await asyncio.sleep(LOOKED_EVERY)


def places(topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Any]:
    """A plain consumer that has no group and is assigned nothing yet."""
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[Any]:
    asked = AIOKafkaAdminClient(**connection(settings))
    await asked.start()
    try:
        yield asked
    finally:
        await asked.close()


async def require_empty(settings: Settings, wanted: Sequence[Topic]) -> None:
    """Raise Unusable if any of the topics holds a record: measuring deletes them."""
    async with admin(settings) as asked:
        there = set(await asked.list_topics())
    found = [topic for topic in wanted if topic.name in there]
    if not found:
        return
    async with looking(settings) as consumer:
        if await reached(consumer, found):
            raise Unusable(
                f"The Kafka at {settings.kafka_bootstrap} holds commands or facts, and measuring would delete them: "
                "name servers that are empty, or none, and `annal bench` starts its own."
            )
