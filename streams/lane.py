"""One partition of a commands topic as its askers see it: what queues goes into one record batch, a batch at a time."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from schemas import topics
from schemas.message import Position
from schemas.problems import Problem
from streams.producer import Producer

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds until a batch that Kafka has not acknowledged is given up."""


class Letter(NamedTuple):
    """A command ready to be produced."""

    command_id: str
    domain: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


Queued = tuple[Letter, asyncio.Future[Position]]


class Lane:
    """Commands come to stand in the order they were put in; each is told its place once Kafka has acknowledged it.

    A batch of many costs a fifth per record of what records sent alone do, and under load batches are large.
    """

    def __init__(self, producer: Producer, domain: str, partition: int) -> None:
        self._producer = producer
        self._domain = domain
        self._partition = partition
        self._queue: deque[Queued] = deque()
        self._sending: asyncio.Task[None] | None = None

    def put(self, letter: Letter) -> asyncio.Future[Position]:
        """Queue a command. The future gives its place, or raises Problem."""
        place: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._queue.append((letter, place))
        if self._sending is None:
            # What is sent, and what is logged meanwhile, is part of no one request's trace.
            self._sending = asyncio.create_task(self._send_all(), context=Context())
        return place

    async def _send_all(self) -> None:
        try:
            while self._queue:
                await self._send_some()
        finally:
            self._sending = None

    async def _send_some(self) -> None:
        """Store as much of the queue as fits one record batch; if that fails, nothing of the queue is tried."""
        producer = None
        taken: list[Queued] = []
        try:
            async with asyncio.timeout(PATIENCE):
                producer = await self._producer.get()
                offset = await self._store(producer, taken)
        except ProducerClosed:
            # Another lane let go of the producer a moment ago; it took nothing of ours.
            self._queue.extendleft(reversed(taken))
        except Exception as error:  # noqa: BLE001 - Kafka, most likely; whoever asked must hear of it, whatever it is
            log.warning("commands not acknowledged", taken=len(taken), error=f"{type(error).__name__}: {error}")
            if producer is not None:
                self._producer.replace(producer)
            _fail(taken, may_be_stored=True)
            _fail(self._queue, may_be_stored=False)
            self._queue.clear()
        else:
            for n, (_, place) in enumerate(taken):
                if not place.done():
                    place.set_result(Position(self._domain, self._partition, offset + n))

    async def _store(self, producer: AIOKafkaProducer, taken: list[Queued]) -> int:
        """Move what fits from the queue to `taken`, store it, and give the offset of the first."""
        batch = producer.create_batch()
        while self._queue:
            letter, _ = self._queue[0]
            if batch.append(key=letter.key, value=letter.value, timestamp=None, headers=letter.headers) is None:
                break
            taken.append(self._queue.popleft())
        batch.close()
        stored = await producer.send_batch(batch, topics.commands(self._domain), partition=self._partition)
        offset: int = (await stored).offset
        if offset < 0:
            raise KafkaError("Kafka has these records from an earlier attempt and no longer knows where")
        return offset


def unreachable() -> Problem:
    return Problem(
        "kafka_unavailable",
        "Kafka cannot be reached and nothing was stored; ask again in a moment.",
        headers={"Retry-After": "1"},
        may_be_stored=False,
    )


def _unsure(letter: Letter) -> Problem:
    return Problem(
        "kafka_unavailable",
        "Kafka did not acknowledge the command, which may be stored all the same; ask again with the same "
        "Idempotency-Key and it is done once.",
        headers={"Retry-After": "1"},
        command_id=letter.command_id,
        may_be_stored=True,
    )


def _fail(queued: Sequence[Queued], *, may_be_stored: bool) -> None:
    for letter, place in queued:
        if not place.done():
            place.set_exception(_unsure(letter) if may_be_stored else unreachable())
