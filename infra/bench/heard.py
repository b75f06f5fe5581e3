"""What PostgreSQL says of how far a projection has come, and when it said so."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any, TypeAlias

from aiokafka import TopicPartition

from infra.bench import kafka
from infra.bench.facts import RESOURCE_FACTS
from infra.postgres import connect
from infra.settings import Settings
from projections.statements import CHANNEL

Ends: TypeAlias = Mapping[TopicPartition, int]


@dataclass
class Heard:
    """Each word that came: when, of which partition, and the offset up to which all rows were visible by then."""

    words: list[tuple[float, int, int]] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, wanted: dict[int, int]) -> None:
        """Wait until all rows of these offsets, by partition, are visible."""
        async with self.moved:
            await self.moved.wait_for(lambda: all(self.reached.get(place, -1) >= wanted[place] for place in wanted))

    def seen(self, partition: int, offset: int) -> float:
        """Say when the rows of a fact were visible."""
        return next(when for when, place, read_to in self.words if place == partition and read_to >= offset)


@asynccontextmanager
async def hearing(settings: Settings, projection: str) -> AsyncIterator[Heard]:
    """Hear what is said of one projection of resources, while the block runs."""
    heard = Heard()
    connection = await connect(settings)
    await connection.execute(f"LISTEN {CHANNEL}")

    async def listen() -> None:
        async for word in connection.notifies():
            name, domain, partition, read_to, *_ = word.payload.split()
            if (name, domain) == (projection, "resource"):
                heard.words.append((time(), int(partition), int(read_to)))
                heard.reached[int(partition)] = int(read_to)
                async with heard.moved:
                    heard.moved.notify_all()

    listening = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await connection.close()


async def all_shown(consumer: Any, heard: Heard, count: int) -> Ends:
    """Wait until there are so many facts and their rows; give where each partition ends."""
    await kafka.holds(consumer, RESOURCE_FACTS, count)
    ends: Ends = await consumer.end_offsets(kafka.places(RESOURCE_FACTS))
    await heard.until({place.partition: end - 1 for place, end in ends.items()})
    return ends
