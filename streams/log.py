"""A journal's partition on Kafka: reads it to its end, and appends one record batch at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.journal import Unsure
from streams.ledger import OtherJournal
from streams.meters import APPEND_SECONDS, APPENDED
from streams.producer import BATCH_BYTES, Producer
from streams.records import Entry, Record

log = structlog.get_logger()

APPEND_TIMEOUT = 10.0
"""Seconds in which the broker acknowledges an append, or it counts as unsure."""

READ_AT_ONCE = 2000
PATIENCE = 0.5
"""Seconds between attempts while the broker cannot be reached."""


class KafkaLog:
    """One partition of a facts topic."""

    def __init__(self, connection: dict[str, Any], producer: Producer, topic: str, partition: int, name: str) -> None:
        self._connection = connection
        self._producer = producer
        self._place = TopicPartition(topic, partition)
        self._name = name

    async def read(self, offset: int) -> AsyncIterator[Sequence[Record]]:
        """Give every record from `offset` to what is the end now; waits for a broker. Raises OtherJournal."""
        end: int | None = None
        while end is None or offset < end:
            consumer = AIOKafkaConsumer(
                **self._connection,
                enable_auto_commit=False,
                # Facts are kept for ever: a place that is not there is a broken journal, to be said loudly.
                auto_offset_reset="none",
                max_partition_fetch_bytes=4 << 20,
            )
            try:
                await consumer.start()
                consumer.assign([self._place])
                if end is None:
                    end = (await consumer.end_offsets([self._place]))[self._place]
                if end < offset:
                    raise OtherJournal(f"it ends at {end}, and was read beyond {offset} before")
                consumer.seek(self._place, offset)
                while offset < end:
                    fetched = await consumer.getmany(self._place, timeout_ms=500, max_records=READ_AT_ONCE)
                    records = fetched.get(self._place, ())
                    if records:
                        yield records
                    # Not the last record's: offsets may be taken by what is none, such as the end of a transaction.
                    offset = await consumer.position(self._place)
            except (KafkaError, OSError) as error:
                log.warning("cannot read the journal, trying again", journal=self._name, error=str(error))
                await asyncio.sleep(PATIENCE)
            finally:
                await consumer.stop()

    async def append(self, entries: Sequence[Entry]) -> int:
        """Store entries as one record batch and give the offset of the first. Raises Unsure."""
        started = perf_counter()
        try:
            offset = await self._store(entries)
        except (KafkaError, OSError, TimeoutError) as error:
            await asyncio.sleep(PATIENCE)
            raise Unsure(f"{type(error).__name__}: {error}") from error
        APPEND_SECONDS.labels(self._name).observe(perf_counter() - started)
        APPENDED.labels(self._name).inc(len(entries))
        return offset

    async def _store(self, entries: Sequence[Entry]) -> int:
        producer = await self._producer.get()
        try:
            batch = producer.create_batch()
            for entry in entries:
                if batch.append(key=entry.key, value=entry.value, timestamp=None, headers=entry.headers) is None:
                    raise ValueError(f"{len(entries)} records do not fit one batch of {BATCH_BYTES} bytes")
            batch.close()
            async with asyncio.timeout(1.5 * APPEND_TIMEOUT):
                topic, partition = self._place
                stored = await (await producer.send_batch(batch, topic, partition=partition))
        except (KafkaError, OSError, TimeoutError):
            # What it may still send, the chain judges.
            self._producer.replace(producer)
            raise
        offset: int = stored.offset
        return offset
