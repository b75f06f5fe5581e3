"""Policies at work: facts are followed, what each asks for is done, and only then is the place in the journal moved on.

The place is kept by Kafka, in the offsets of a consumer group, with the hash of the chain beside it. Whoever takes over
does what was done after the last place again, so whatever is done must bear to be done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, NoOffsetForPartitionError

from infra import telemetry
from infra.ending import ended
from schemas import topics, wire
from schemas.message import Fact, Recorded
from schemas.problems import Problem
from streams.ask import Asker, letter
from streams.committed import committed_by
from streams.meters import POLICY_ASKED, POLICY_LAG, POLICY_UNREADABLE
from streams.policies import asked_after
from streams.records import Record
from streams.seeing import FIRST_REST, LONGEST_REST, PATIENCE, NotNow, Seeing, Work, named, trying_again

BEAT = 1.0
"""Seconds between two commits, and two looks at how far behind we are: a crash repeats no more than that."""

AT_ONCE = 100
"""Records read together."""

SOON = 0.02
"""Seconds until a journal that was not read on is looked at again."""

log = structlog.get_logger()

SeeTo = Callable[[Recorded], Awaitable[None]]
"""Does what a fact asks for; what was done may be asked for again. Raises NotNow, and is tried again."""


class Hearing(Protocol):
    """Hears every fact that is read, in the order of its journal, with its position."""

    def hear(self, recorded: Recorded, position: str) -> None: ...

    def beat(self) -> None:
        """Take note that journals are read on, as they are every `BEAT` seconds at the least."""
        ...

    def forget(self) -> None:
        """Believe nothing that was heard: others may write to the journals, or facts wait that are not heard yet."""
        ...


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
    """Sees to some facts, in a consumer group of a name of its own, each journal by itself.

    `topics` are those of the facts' domains; of one journal so many subjects are seen to `at_once`. `waits_for` says
    what keeps it from going on, if anything does.
    """

    def __init__(  # noqa: PLR0913 - what policings differ in
        self,
        connection: dict[str, Any],
        name: str,
        facts: Collection[type[Fact]],
        see_to: SeeTo,
        *,
        at_once: int = 1,
        hearing: Hearing | None = None,
    ) -> None:
        self.name = name
        self.topics = sorted({topics.facts(fact.type.partition(".")[0]) for fact in facts})
        self._connection = connection
        self._facts = tuple(facts)
        self._see_to = see_to
        self._at_once = at_once
        self._hearing = hearing
        self._consumer: AIOKafkaConsumer | None = None
        self._journals: dict[TopicPartition, Seeing] = {}
        self._unconnected: str | None = "its first look at Kafka"
        self._rest = FIRST_REST
        self._beaten = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def waits_for(self) -> str | None:
        waiting = (journal.waits_for for journal in self._journals.values())
        return self._unconnected or next(filter(None, waiting), None)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop where it stands; what was done and not committed is done again."""
        if self._task is not None:
            await ended(self._task)

    async def on_partitions_revoked(self, _: Collection[TopicPartition]) -> None:
        """Come to a point where others can go on from: they begin as soon as this returns."""
        await asyncio.gather(*(journal.end(PATIENCE) for journal in self._journals.values()))
        try:
            await self._commit()
        finally:
            await self._forget()

    async def on_partitions_assigned(self, _: Collection[TopicPartition]) -> None:
        """Drop what was taken up again since they were revoked; `_take_up` sees those that are ours now."""
        await self._forget()

    # ── following ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while True:
            self._consumer = consumer = AIOKafkaConsumer(
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
                await self._forget()
                with suppress(KafkaError, OSError):
                    await consumer.stop()

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        await self._take_up(consumer)
        await self._read(consumer)
        self._rest, self._unconnected = FIRST_REST, None
        now = asyncio.get_running_loop().time()
        if now - self._beaten >= BEAT:
            self._beaten = now
            for tp, journal in self._journals.items():
                POLICY_LAG.labels(self.name, journal.journal).set(
                    max((consumer.highwater(tp) or 0) - journal.reached.next, 0)
                )
            await self._commit()

    async def _take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Begin at the places that were committed with journals newly given."""
        journals = self._journals
        new = consumer.assignment() - journals.keys()
        if not new:
            return
        committed = await committed_by(self._connection, f"annal.{self.name}", new)
        if journals is self._journals:  # else the group has changed meanwhile
            for tp in new:
                journals[tp] = Seeing(self.name, tp, committed[tp], partial(self._work, tp), self._at_once)
                consumer.seek(tp, committed[tp].next)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Read on, but for journals that have enough to do."""
        full = [tp for tp, journal in self._journals.items() if journal.full]
        if self._hearing is not None:
            self._hearing.beat()
            if full:
                self._hearing.forget()
        try:
            # Who does not ask for more is put out of the group, so what has enough to do is paused, and asked for too.
            consumer.pause(*full)
            consumer.resume(*(consumer.paused() - set(full)))
            fetched = await consumer.getmany(timeout_ms=int(1000 * (SOON if full else BEAT)), max_records=AT_ONCE)
        except (NoOffsetForPartitionError, IllegalStateError):
            return  # The group had never committed, or it changes; now that we know of the journal, we seek.
        for tp, records in fetched.items():
            if tp in self._journals and (start := self._journals[tp].give(records)) is not None:
                consumer.seek(tp, start)

    # ── seeing to facts ───────────────────────────────────────────────────────────────────────────────────────────

    def _work(self, tp: TopicPartition, record: Record) -> Work | None:
        """Say what there is to do because of a record that counts; None if nothing."""
        try:
            recorded = wire.decode_fact(record.value or b"")
        except wire.Undecodable as error:
            POLICY_UNREADABLE.labels(self.name).inc()
            place = f"{named(tp)}:{record.offset}"
            log.error("a fact cannot be read and is passed over", policing=self.name, place=place, reason=str(error))  # noqa: TRY400 - the sentence says it all
            return None
        if self._hearing is not None:
            self._hearing.hear(recorded, f"{named(tp)}:{record.offset}")
        if not isinstance(recorded.fact, self._facts):
            return None
        return partial(self._do, recorded, dict(record.headers).get(telemetry.TRACEPARENT))

    async def _do(self, recorded: Recorded, parent: bytes | None) -> None:
        with telemetry.span(f"{self.name} {recorded.meta.type}", parent.decode() if parent else None):
            await self._see_to(recorded)

    # ── around ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _commit(self) -> None:
        """Tell Kafka how far all is done."""
        news = {tp: each.reached for tp, each in self._journals.items() if each.reached != each.committed}
        if not news or self._consumer is None:
            return
        journals = self._journals
        try:
            await self._consumer.commit({tp: reached.commit() for tp, reached in news.items()})
        except (CommitFailedError, IllegalStateError):
            await self._forget()  # The group changes; whoever has these journals next goes on from the last commit.
        else:
            for tp, reached in news.items():
                journals[tp].committed = reached

    async def _wait(self, error: Exception) -> None:
        """Say why, and wait a little longer each time."""
        self._unconnected = trying_again(self.name, error, self._rest)
        await asyncio.sleep(self._rest)
        self._rest = min(self._rest * 2, LONGEST_REST)

    async def _forget(self) -> None:
        """Believe what was committed alone."""
        journals, self._journals = self._journals, {}
        if self._hearing is not None:
            self._hearing.forget()
        for journal in journals.values():
            with suppress(KeyError):
                POLICY_LAG.remove(self.name, journal.journal)
        await asyncio.gather(*(journal.end() for journal in journals.values()))
