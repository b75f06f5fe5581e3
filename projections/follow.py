"""A projection at work: it reads the journals its group gives it, and writes what they make of its rows."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Protocol

import psycopg
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from redis.exceptions import RedisError

from infra import kafka, telemetry
from infra.ending import ended
from infra.settings import Settings, Unusable
from projections import metrics
from projections.projection import Projection
from projections.reading import Place, Progress, Record, Stretch, read, sentence
from schemas import topics

BEAT = 1.0
"""Seconds between two looks at whether all is still where it was left."""

NEAR = 1_000
"""How many records from the end of its journal a place still counts as near it."""

FEW = 500
"""After fewer facts than these, more may come together: to fetch and to write costs as much for one as for twenty."""

LINGER, LONGEST_LINGER = 0.02, 0.1
"""Seconds for them to come together, at the least and at the most.

The longest is for what changed no row, and for facts of many domains: to fetch of all their journals costs the most.
"""

RESTS = 5
"""How many times as long as it wrote it lingers else: the busier the machine, the more comes together."""

FIRST_REST, LONGEST_REST = 0.1, 10.0
FETCH_BYTES, PARTITION_BYTES = 8 << 20, 4 << 20
"""What is read at once, of all journals and of one: many facts of few make fewer rows than few facts of many."""

_EXPECTED = (psycopg.Error, RedisError, KafkaError, OSError, TimeoutError, Unusable)

log = telemetry.log(__name__)


class Sink(Protocol):
    """Where rows are kept, each with the place its facts were read from."""

    async def load(self, places: Sequence[Place]) -> dict[Place, Progress]: ...

    async def write(self, stretches: Sequence[Stretch]) -> bool: ...

    async def beat(self, reached: Mapping[Place, Progress], near: Collection[Place]) -> bool: ...

    async def close(self) -> None: ...


class Follower(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """A projection and the sink of its rows.

    `reached` says how far it has read each journal that is its own now; `waits_for` what keeps it from going on, if
    anything does.
    """

    def __init__(self, settings: Settings, name: str, projection: Projection, sink: Sink) -> None:
        self.name = name
        self.reached: dict[Place, Progress] = {}
        self.waits_for: str | None = "its first look at Kafka"
        self._settings = settings
        self._projection = projection
        self._sink = sink
        self._sought: dict[Place, int] = {}
        self._rest = FIRST_REST
        self._beaten = 0.0
        self._ahead: asyncio.Task[list[Stretch]] | None = None

    async def run(self) -> None:
        """Follow the journals until cancelled, whatever fails meanwhile."""
        try:
            while True:
                await self._follow()
        finally:
            await self._sink.close()

    def on_partitions_revoked(self, _: Collection[TopicPartition]) -> None:
        self._forget()

    def on_partitions_assigned(self, _: Collection[TopicPartition]) -> None:
        """Nothing: `_take_up` sees them, and may wait for the sink without keeping the group waiting."""

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _follow(self) -> None:
        """Follow with one consumer, until Kafka fails it."""
        consumer = self._consumer()
        try:
            await consumer.start()
            while True:
                await self._turn(consumer)
        except Exception as error:  # noqa: BLE001 - Kafka, most likely; the log says
            await self._wait(error)
        finally:
            self._forget()
            await self._stop_reading_ahead()
            with suppress(KafkaError, OSError):
                await consumer.stop()

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        try:
            await self._take_up(consumer)
            stretches = await self._next(consumer)
            few = sum(len(stretch.records) for stretch in stretches) < FEW
            if stretches and few:
                # Else the next one to come would be fetched alone, and those behind it wait for their own turn.
                consumer.pause(*consumer.assignment())
            elif stretches:
                # While these are written the next ones are read: that keeps one core busy, and PostgreSQL another.
                self._ahead = asyncio.create_task(self._read(consumer, self.reached | _after(stretches)))
            began = time.monotonic()
            if stretches and not await self._write(self.reached, stretches):
                self._forget()
            wrote = time.monotonic() - began
            await self._look(consumer)
            if stretches and few:
                await asyncio.sleep(linger(self._projection, stretches, wrote))
        except KafkaError:
            raise
        except Exception as error:  # noqa: BLE001 - PostgreSQL or Redis, most likely; the log says
            self._forget()
            await self._wait(error)
        else:
            self._rest, self.waits_for = FIRST_REST, None
        finally:
            consumer.resume(*consumer.paused())

    async def _take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Seek to where the sink has come to in journals newly given."""
        reached = self.reached
        new = {_place(tp): tp for tp in consumer.assignment() if _place(tp) not in reached}
        if not new:
            return
        await self._stop_reading_ahead()
        found = await self._sink.load(list(new))
        if reached is self.reached:  # else the group has changed meanwhile
            reached.update(found)
            for place, tp in new.items():
                consumer.seek(tp, found[place].read_to + 1)

    async def _stop_reading_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            await ended(ahead)

    async def _next(self, consumer: AIOKafkaConsumer) -> list[Stretch]:
        """Give what follows on what has been read; it may have been read ahead, and the group have changed since."""
        ahead, self._ahead = self._ahead, None
        stretches = await (ahead or self._read(consumer, self.reached))
        return [stretch for stretch in stretches if self.reached.get(stretch.place) == stretch.before]

    async def _read(self, consumer: AIOKafkaConsumer, reached: Mapping[Place, Progress]) -> list[Stretch]:
        batch = self._in_order(consumer, reached, await self._fetch(consumer))
        return [read(self._projection, place, reached[place], records) for place, records in batch.items()]

    async def _fetch(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, list[Any]]:
        try:
            return dict(await consumer.getmany(timeout_ms=int(BEAT * 1000)))
        except NoOffsetForPartitionError:
            return {}  # The group had never committed; now that we know of the journal, we seek.
        except OffsetOutOfRangeError as error:
            raise OffsetOutOfRangeError(
                "Kafka holds less than has been read already: it is another Kafka, or it lost records. Make the read "
                f"models anew from this one, or bring the other back ({error})"
            ) from error

    def _in_order(
        self, consumer: AIOKafkaConsumer, reached: Mapping[Place, Progress], fetched: Mapping[TopicPartition, list[Any]]
    ) -> dict[Place, Sequence[Record]]:
        """Keep what follows on what has been read; a missing record would make void all that come after it."""
        batch: dict[Place, Sequence[Record]] = {}
        for tp, records in fetched.items():
            place = _place(tp)
            if place not in reached:
                continue
            due = reached[place].read_to + 1
            if records[0].offset > due and self._sought.get(place) != due:
                self._sought[place] = due
                consumer.seek(tp, due)
            elif records[-1].offset >= due:
                self._sought.pop(place, None)
                batch[place] = records if records[0].offset >= due else [each for each in records if each.offset >= due]
        return batch

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self, reached: dict[Place, Progress], stretches: Sequence[Stretch]) -> bool:
        """Write what was read; False if someone else is further than was known."""
        began = time.perf_counter()
        with self._traced(stretches):
            written = await self._sink.write(stretches)
        if written:
            reached.update(_after(stretches))
            self._count(stretches, time.perf_counter() - began)
        return written

    # ── around ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Once in a while, measure how far behind we are and see that the sink still has what we wrote."""
        now = time.monotonic()
        if now - self._beaten < BEAT:
            return
        self._beaten = now
        ends = {_place(tp): consumer.highwater(tp) for tp in consumer.assignment()}
        lags = {place: (ends.get(place) or 0) - 1 - progress.read_to for place, progress in self.reached.items()}
        for place, lag in lags.items():
            metrics.measure(self.name, place, lag, self.reached[place].fact_time)
        near = {place for place, lag in lags.items() if ends.get(place) is not None and lag < NEAR}
        if self.reached and not await self._sink.beat(self.reached, near):
            log.warning("projection is not where it was left; it reads on from where it is", projection=self.name)
            self._forget()

    async def _wait(self, error: Exception) -> None:
        """Say in one line why, and wait a little longer each time."""
        self.waits_for = sentence(error)
        metrics.FAILURES.labels(self.name).inc()
        log.warning(
            "projection cannot go on for now",
            projection=self.name,
            reason=self.waits_for,
            again_in=self._rest,
            exc_info=None if isinstance(error, _EXPECTED) else error,
        )
        await asyncio.sleep(self._rest)
        self._rest = min(self._rest * 2, LONGEST_REST)

    def _forget(self) -> None:
        """Believe the sink alone about how far it has come."""
        for place in self.reached:
            metrics.forget(self.name, place)
        self.reached = {}
        self._sought.clear()

    def _count(self, stretches: Sequence[Stretch], seconds: float) -> None:
        metrics.FACTS.labels(self.name).inc(sum(len(stretch.facts) for stretch in stretches))
        metrics.VOID.labels(self.name).inc(sum(stretch.void for stretch in stretches))
        metrics.SECONDS.labels(self.name).observe(seconds)

    def _traced(self, stretches: Sequence[Stretch]) -> ExitStack:
        """Let the writing be part of the trace of every command that led to it."""
        stack = ExitStack()
        if self._settings.otel_exporter != "none":
            for told in (told for stretch in stretches for told in stretch.facts):
                parent = dict(told.record.headers).get(telemetry.TRACEPARENT)
                if parent is not None:
                    stack.enter_context(telemetry.span(f"project {self.name}", parent.decode()))
        return stack

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **kafka.connection(self._settings),
            group_id=f"annal.projection.{self.name}",
            # Where to read on is known by the sink alone; what is committed is for the eyes of ordinary tools.
            enable_auto_commit=True,
            auto_offset_reset="none",
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
            metadata_max_age_ms=30_000,
        )
        consumer.subscribe([topics.facts(domain.name) for domain in self._projection.domains], listener=self)
        return consumer


def linger(projection: Projection, stretches: Sequence[Stretch], wrote: float) -> float:
    """Say how long more facts may come together after some that took so many seconds to write."""
    changed = any(told.recorded is None or told.key is not None for each in stretches for told in each.facts)
    if not changed or len(projection.domains) > 1:
        return LONGEST_LINGER
    return min(max(RESTS * wrote, LINGER), LONGEST_LINGER)


def _after(stretches: Sequence[Stretch]) -> dict[Place, Progress]:
    return {stretch.place: stretch.after for stretch in stretches}


def _place(tp: TopicPartition) -> Place:
    return Place(tp.topic.rpartition(".")[0], tp.partition)
