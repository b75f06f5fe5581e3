"""Policies at work: facts are followed, what each asks for is done, and only then is the place in the journal moved on.

The place is kept by Kafka, in the offsets of a consumer group, with the hash of the chain beside it. Whoever takes over
does what was done after the last place again, so whatever is done must bear to be done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, NoOffsetForPartitionError

from infra import telemetry
from infra.ending import ended
from schemas import topics, wire
from schemas.journal import Chain, before
from schemas.message import Fact, Recorded
from schemas.problems import Problem
from streams.ask import Asker, letter
from streams.committed import Reached, committed_by
from streams.meters import POLICY_ASKED, POLICY_FAILURES, POLICY_LAG, POLICY_UNREADABLE
from streams.policies import asked_after
from streams.records import Record

BEAT = 1.0
"""Seconds between two commits, and two looks at how far behind we are: a crash repeats no more than that."""

AT_ONCE = 100
"""Records taken up together, so that what each asks for cannot keep the group waiting for long."""

AT_LENGTH = 60.0
"""Seconds after which no more of them are begun: who does not fetch for five minutes is put out of the group."""

FIRST_REST, LONGEST_REST = 0.1, 10.0

log = structlog.get_logger()

SeeTo = Callable[[Recorded], Awaitable[None]]
"""Does what a fact asks for; what was done may be asked for again. Raises NotNow, and is tried again."""


class NotNow(Exception):  # noqa: N818 - a state to wait out, not an error
    """What a fact asks for cannot be done for now; one sentence says why, and nothing personal."""


def asking(asker: Asker) -> SeeTo:
    """Give what policies do: ask the commands that come after a fact."""

    async def ask(recorded: Recorded) -> None:
        for asked in asked_after(recorded):
            try:
                await asker.ask(letter(asked, telemetry.traceparent()))
            except Problem as problem:
                raise NotNow(problem.detail) from problem
            POLICY_ASKED.labels(asked.meta.type).inc()

    return ask


class Policing(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Sees to some facts, in a consumer group of a name of its own.

    `topics` are those of the facts' domains. `waits_for` says what keeps it from going on, if anything does.
    """

    def __init__(
        self,
        connection: dict[str, Any],
        name: str,
        facts: Collection[type[Fact]],
        see_to: SeeTo,
        *,
        at_length: float = AT_LENGTH,
    ) -> None:
        self.name = name
        self.topics = sorted({topics.facts(fact.type.partition(".")[0]) for fact in facts})
        self.waits_for: str | None = "its first look at Kafka"
        self._connection = connection
        self._facts = tuple(facts)
        self._see_to = see_to
        self._at_length = at_length
        self._reached: dict[TopicPartition, Reached] = {}
        self._committed: dict[TopicPartition, Reached] = {}
        self._sought: dict[TopicPartition, int] = {}
        self._rest = FIRST_REST
        self._beaten = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop where it stands; what was done and not committed is done again."""
        if self._task is not None:
            await ended(self._task)

    def on_partitions_revoked(self, _: Collection[TopicPartition]) -> None:
        self._forget()

    def on_partitions_assigned(self, _: Collection[TopicPartition]) -> None:
        """Nothing: `_take_up` sees them, and may ask Kafka without keeping the group waiting."""

    # ── following ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                **self._connection,
                group_id=f"annal.{self.name}",
                enable_auto_commit=False,
                auto_offset_reset="none",
                metadata_max_age_ms=30_000,
            )
            consumer.subscribe(self.topics, listener=self)
            try:
                await consumer.start()
                while True:
                    await self._turn(consumer)
            except Exception as error:  # noqa: BLE001 - Kafka, most likely; the log says
                await self._wait(error)
            finally:
                self._forget()
                with suppress(KafkaError, OSError):
                    await consumer.stop()

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        await self._take_up(consumer)
        batch = self._in_order(consumer, await self._fetch(consumer))
        # Side by side, so that journals wait for servers together, and what one waits for keeps no other from going on.
        errors = await asyncio.gather(*(self._police(tp, records) for tp, records in batch.items()))
        failed = {tp: error for tp, error in zip(batch, errors, strict=True) if error is not None}
        for tp in batch.keys() & self._reached.keys() & consumer.assignment():
            if self._reached[tp].next <= batch[tp][-1].offset:
                consumer.seek(tp, self._reached[tp].next)
        await self._look(consumer)
        if failed:
            await self._wait(next(iter(failed.values())))
        else:
            self._rest, self.waits_for = FIRST_REST, None

    async def _take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Seek to the places that were committed for journals newly given."""
        reached = self._reached
        new = consumer.assignment() - reached.keys()
        if not new:
            return
        committed = await committed_by(self._connection, f"annal.{self.name}", new)
        if reached is self._reached:  # else the group has changed meanwhile
            for tp in new:
                reached[tp] = self._committed[tp] = committed[tp]
                consumer.seek(tp, reached[tp].next)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, Sequence[Record]]:
        try:
            fetched: Mapping[TopicPartition, Sequence[Record]] = await consumer.getmany(
                timeout_ms=int(BEAT * 1000), max_records=AT_ONCE
            )
        except NoOffsetForPartitionError:
            return {}  # The group had never committed; now that we know of the journal, we seek.
        return fetched

    def _in_order(
        self, consumer: AIOKafkaConsumer, fetched: Mapping[TopicPartition, Sequence[Record]]
    ) -> dict[TopicPartition, Sequence[Record]]:
        """Keep what follows on what was seen to; a missing record would make void all that come after it."""
        batch: dict[TopicPartition, Sequence[Record]] = {}
        for tp, records in fetched.items():
            if tp not in self._reached:
                continue
            due = self._reached[tp].next
            if records[0].offset > due and self._sought.get(tp) != due:
                self._sought[tp] = due
                consumer.seek(tp, due)
            elif records[-1].offset >= due:
                self._sought.pop(tp, None)
                batch[tp] = [record for record in records if record.offset >= due]
        return batch

    # ── seeing to facts ───────────────────────────────────────────────────────────────────────────────────────────

    async def _police(self, tp: TopicPartition, records: Sequence[Record]) -> Exception | None:
        """See to the records of one journal, as far as that can be done; give what kept it from going on."""
        reached = self._reached
        loop = asyncio.get_running_loop()
        until = loop.time() + self._at_length
        try:
            for record in records:
                chain = Chain(reached[tp].head)
                if chain.take(before(record.headers), record.key or b"", record.value or b""):
                    await self._take(tp, record)
                if reached is not self._reached:
                    return None  # The journal is another's now.
                reached[tp] = Reached(record.offset + 1, chain.head)
                if loop.time() > until:
                    return None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            return error
        return None

    async def _take(self, tp: TopicPartition, record: Record) -> None:
        """See to one record that counts."""
        try:
            recorded = wire.decode_fact(record.value or b"")
        except wire.Undecodable as error:
            POLICY_UNREADABLE.labels(self.name).inc()
            place = f"{_journal(tp)}:{record.offset}"
            log.error("a fact cannot be read and is passed over", policing=self.name, place=place, reason=str(error))  # noqa: TRY400 - the sentence says it all
            return
        if isinstance(recorded.fact, self._facts):
            parent = dict(record.headers).get(telemetry.TRACEPARENT)
            with telemetry.span(f"{self.name} {recorded.meta.type}", parent.decode() if parent else None):
                await self._see_to(recorded)

    # ── around ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Once in a while, commit how far it came, and measure how far behind it is."""
        now = asyncio.get_running_loop().time()
        if now - self._beaten < BEAT:
            return
        self._beaten = now
        for tp, place in self._reached.items():
            POLICY_LAG.labels(self.name, _journal(tp)).set(max((consumer.highwater(tp) or 0) - place.next, 0))
        news = {tp: place for tp, place in self._reached.items() if self._committed[tp] != place}
        committed = self._committed
        try:
            if news:
                await consumer.commit({tp: place.commit() for tp, place in news.items()})
                committed.update(news)
        except (CommitFailedError, IllegalStateError):
            self._forget()  # The group changes; whoever has these journals next goes on from the last commit.

    async def _wait(self, error: Exception) -> None:
        """Say in one line why, and wait a little longer each time."""
        self.waits_for = str(error) if isinstance(error, NotNow) else f"{type(error).__name__}: {error}"
        POLICY_FAILURES.labels(self.name).inc()
        log.warning(
            "policing cannot go on for now",
            policing=self.name,
            reason=self.waits_for,
            again_in=self._rest,
            exc_info=None if isinstance(error, NotNow | KafkaError | OSError) else error,
        )
        await asyncio.sleep(self._rest)
        self._rest = min(self._rest * 2, LONGEST_REST)

    def _forget(self) -> None:
        """Believe what was committed alone."""
        for tp in self._reached:
            with suppress(KeyError):
                POLICY_LAG.remove(self.name, _journal(tp))
        self._reached = {}
        self._committed = {}
        self._sought.clear()


def _journal(tp: TopicPartition) -> str:
    return f"{tp.topic.rpartition('.')[0]}:{tp.partition}"
