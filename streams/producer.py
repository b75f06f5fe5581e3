"""One idempotent producer for a whole process; after any failure a new one takes its place."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

BATCH_BYTES = 900_000
"""The largest record batch of many; a broker's `message.max.bytes` is 1 MB by default."""

CLOSING = 5.0
"""Seconds a producer may take to send what it still holds, once it is let go of."""


class Producer:
    """Sequence numbers are per partition, so all partitions share one producer and their appends share requests."""

    def __init__(self, connection: dict[str, Any], request_timeout: float) -> None:
        self._connection = connection
        self._request_timeout = request_timeout
        self._started: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._stopping: set[asyncio.Task[None]] = set()

    async def get(self) -> AIOKafkaProducer:
        """Give the producer, started. Raises KafkaError or OSError when the broker cannot be reached."""
        if self._started is None:
            async with self._starting:
                self._started = self._started or await self._start()
        return self._started

    def replace(self, producer: AIOKafkaProducer) -> None:
        """Let go of a producer that failed: its sequence numbers may be broken."""
        if self._started is not producer:
            return
        self._started = None
        stopping = asyncio.create_task(_stop(producer))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    async def stop(self) -> None:
        if self._started is not None:
            self.replace(self._started)
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def _start(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            request_timeout_ms=int(self._request_timeout * 1000),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), CLOSING)
    except (KafkaError, OSError, TimeoutError):
        # What it still held was never acknowledged, so nobody was told that it is stored.
        await producer._sender.close()  # noqa: SLF001 - stop() waits for the broker as long as it takes
        await producer.client.close()
