"""Where Kafka's topics begin and end, asked on one connection that is kept."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

PATIENCE = 2.0
"""Seconds that a record may take to come."""


class Ends:
    """Asks Kafka what it has; connects when it is first asked."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._connection = connection
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def of(self, topic: str, partitions: Iterable[int]) -> list[int]:
        """Give the offset after the last record of each partition. Raises KafkaError or OSError."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        ends = await (await self._asking()).end_offsets(places)
        return [ends[place] for place in places]

    async def around(self, place: TopicPartition) -> tuple[int, int]:
        """Give the offset of a partition's first record, and the one after its last. Raises KafkaError or OSError."""
        consumer = await self._asking()
        begin = (await consumer.beginning_offsets([place]))[place]
        return int(begin), int((await consumer.end_offsets([place]))[place])

    async def record(self, topic: str, partition: int, offset: int) -> Any:
        """Give a record. Raises KafkaError, OSError, TimeoutError, and LookupError if it is not there."""
        place = TopicPartition(topic, partition)
        consumer = await self._asking()
        async with self._reading, asyncio.timeout(PATIENCE):
            begin, end = await self.around(place)
            if not begin <= offset < end:
                raise LookupError(f"{topic} has no record at {partition}:{offset}.")
            consumer.assign([place])
            consumer.seek(place, offset)
            return await consumer.getone(place)

    async def topics(self) -> set[str]:
        """Give the names of all topics. Raises KafkaError or OSError."""
        return set(await (await self._asking()).topics())

    async def stop(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()

    async def _asking(self) -> AIOKafkaConsumer:
        """Give a consumer that consumes nothing."""
        async with self._starting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(**self._connection)
                try:
                    await consumer.start()
                except BaseException:
                    await consumer.stop()
                    raise
                self._consumer = consumer
            return self._consumer
