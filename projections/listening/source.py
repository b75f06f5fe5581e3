"""Where listening reads records: journals on Kafka, each from an offset on, by a consumer in no group."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.ends import Ends
from projections.reading import Place, Record
from schemas import topics

PAGE = 500
"""Records that are handed over together, at the most: while they are read nothing else runs."""

PARTITION_BYTES = 128 << 10
"""What is read ahead of each journal: many read at once, and most of what they read is not wanted."""

Page: TypeAlias = Sequence[tuple[Place, Sequence[Record]]]
"""Records that follow on what was read, by journal."""


class Reading(Protocol):
    """Journals that are being read."""

    async def page(self, wait: float) -> Page:
        """Give what comes next; nothing if nothing has come within so many seconds. Raises KafkaError or OSError."""
        ...


class Source(Protocol):
    """Where journals stand."""

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """Give the offset after the last record of each place. Raises KafkaError or OSError."""
        ...

    def reading(self, beginning: Mapping[Place, int]) -> AbstractAsyncContextManager[Reading]:
        """Read each place from an offset on, while the block runs. Raises KafkaError or OSError."""
        ...


class Journals:
    """The journals on Kafka."""

    def __init__(self, connection: dict[str, Any], ends: Ends) -> None:
        self._connection = connection
        self._ends = ends

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        wanted: dict[str, list[Place]] = {}
        for place in places:
            wanted.setdefault(place.domain, []).append(place)
        found: dict[Place, int] = {}
        for domain, its in wanted.items():
            ends = await self._ends.of(topics.facts(domain), [place.partition for place in its])
            found.update(zip(its, ends, strict=True))
        return found

    @asynccontextmanager
    async def reading(self, beginning: Mapping[Place, int]) -> AsyncIterator[Reading]:
        consumer = AIOKafkaConsumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=PARTITION_BYTES,
        )
        try:
            await consumer.start()
            places = {TopicPartition(topics.facts(place.domain), place.partition): place for place in beginning}
            consumer.assign(list(places))
            for there, place in places.items():
                consumer.seek(there, beginning[place])
            yield _Consuming(consumer, places)
        finally:
            await consumer.stop()


class _Consuming:
    def __init__(self, consumer: AIOKafkaConsumer, places: Mapping[TopicPartition, Place]) -> None:
        self._consumer = consumer
        self._places = places

    async def page(self, wait: float) -> Page:
        found = await self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=PAGE)
        return [(self._places[there], records) for there, records in found.items()]
