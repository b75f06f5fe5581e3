"""One journal that is seen to: what each record asks for is tried until it is done, for one subject in order.

Journals are apart from each other: what one waits for keeps no other from going on. Of one journal so many subjects are
seen to at once as whoever follows it can bear.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from infra.ending import ended
from schemas.journal import Chain, before
from streams.committed import Reached
from streams.meters import POLICY_FAILURES
from streams.records import Record

MOST = 500
"""Records of a journal that are in hand, or done behind one that is: while there are as many, it is not read on."""

PATIENCE = 1.0
"""Seconds that what is begun may take while the journal is given to somebody else."""

FIRST_REST, LONGEST_REST = 0.1, 10.0

log = structlog.get_logger()

Work = Callable[[], Awaitable[None]]
"""Does what a record asks for; what was done may be asked for again. Whatever it raises, it is tried again."""


class NotNow(Exception):  # noqa: N818 - a state to wait out, not an error
    """What a fact asks for cannot be done for now; one sentence says why, and nothing personal."""


class InHand(NamedTuple):
    """A record in hand: how far the journal is seen to when it is done, and who does it; None if it asks nothing."""

    reached: Reached
    task: asyncio.Task[None] | None

    @property
    def done(self) -> bool:
        return self.task is None or (self.task.done() and not self.task.cancelled())


class Seeing:
    """Sees to one journal from where it was seen to; `work` says what a record that counts asks for, if anything.

    `committed` is how far Kafka knows that it was seen to.
    """

    def __init__(
        self,
        name: str,
        place: TopicPartition,
        reached: Reached,
        work: Callable[[Record], Work | None],
        at_once: int,
    ) -> None:
        self.journal = named(place)
        self.committed = reached
        self._name = name
        self._work = work
        self._reached = reached
        self._chain = Chain(reached.head)
        self._due = reached.next
        self._sought: int | None = None
        self._room = asyncio.Semaphore(at_once)
        self._in_hand: deque[InHand] = deque()
        self._begun: set[asyncio.Task[None] | None] = set()
        self._newest: dict[bytes | None, asyncio.Task[None]] = {}
        self._waits_for: dict[int, str] = {}

    @property
    def reached(self) -> Reached:
        """Give how far all is done."""
        self._settle()
        return self._reached

    @property
    def waits_for(self) -> str | None:
        """Say what keeps it from going on, if anything does."""
        return next(iter(self._waits_for.values()), None)

    @property
    def full(self) -> bool:
        self._settle()
        return len(self._in_hand) >= MOST

    def give(self, records: Sequence[Record]) -> int | None:
        """Take up what was read; give the offset to read from instead, if something is left out before it.

        A missing record would make void all that come after it. What is missing still when read anew is no record.
        """
        if records[0].offset > self._due and self._sought != self._due:
            self._sought = self._due
            return self._due
        for record in records:
            if record.offset >= self._due:
                self._due = record.offset + 1
                self._take_up(record)
        return None

    async def end(self, patience: float = 0) -> None:
        """Begin nothing more, and stop; what is begun may be done still within so many seconds."""
        tasks = [each.task for each in self._in_hand if each.task is not None]
        begun = [task for task in tasks if task in self._begun]
        await ended(*(task for task in tasks if task not in self._begun))
        if begun and patience:
            await asyncio.wait(begun, timeout=patience)
        await ended(*begun)

    def _take_up(self, record: Record) -> None:
        counts = self._chain.take(before(record.headers), record.key or b"", record.value or b"")
        work, task = (self._work(record) if counts else None), None
        if work is not None:
            earlier = self._newest.get(record.key)
            task = self._newest[record.key] = asyncio.create_task(self._see_to(record, work, earlier))
        elif self._in_hand and self._in_hand[-1].task is None:
            self._in_hand.pop()
        self._in_hand.append(InHand(Reached(record.offset + 1, self._chain.head), task))

    def _settle(self) -> None:
        while self._in_hand and self._in_hand[0].done:
            self._reached = self._in_hand.popleft().reached

    async def _see_to(self, record: Record, work: Work, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        task = asyncio.current_task()
        async with self._room:
            self._begun.add(task)
            try:
                await self._until_done(record, work)
            finally:
                self._begun.discard(task)
        if self._newest.get(record.key) is task:
            del self._newest[record.key]

    async def _until_done(self, record: Record, work: Work) -> None:
        rest = FIRST_REST
        while True:
            try:
                await work()
            except (Exception, asyncio.CancelledError) as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                place = f"{self.journal}:{record.offset}"
                self._waits_for[record.offset] = trying_again(self._name, error, rest, place)
                await asyncio.sleep(rest)
                rest = min(rest * 2, LONGEST_REST)
            else:
                self._waits_for.pop(record.offset, None)
                return


def trying_again(policing: str, error: BaseException, rest: float, place: str | None = None) -> str:
    """Say in one line what keeps a policing from going on, at which record if at one; give the reason."""
    reason = str(error) if isinstance(error, NotNow) else f"{type(error).__name__}: {error}"
    POLICY_FAILURES.labels(policing).inc()
    log.warning(
        "policing cannot go on for now",
        policing=policing,
        place=place,
        reason=reason,
        again_in=rest,
        exc_info=None if isinstance(error, NotNow | KafkaError | OSError) else error,
    )
    return reason


def named(place: TopicPartition) -> str:
    """Give the name of the journal that a partition is."""
    return f"{place.topic.rpartition('.')[0]}:{place.partition}"
