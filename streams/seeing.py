"""One journal that is seen to: its records one after the other, each tried until what it asks for is done.

Journals are apart from each other: what one waits for keeps no other from going on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from infra.ending import ended
from schemas.journal import Chain, before
from streams.committed import Reached
from streams.meters import POLICY_FAILURES
from streams.records import Record

MOST = 100
"""Records that wait in memory; while there are as many, the journal is not read on."""

PATIENCE = 1.0
"""Seconds that the record at hand may take while the journal is given to somebody else."""

FIRST_REST, LONGEST_REST = 0.1, 10.0

log = structlog.get_logger()


class NotNow(Exception):  # noqa: N818 - a state to wait out, not an error
    """What a fact asks for cannot be done for now; one sentence says why, and nothing personal."""


class Seeing:
    """Sees to one journal from where it was seen to; `take` does what a record that counts asks for.

    `reached` is how far all is done, `committed` how far Kafka knows of it, `waits_for` what keeps it from going on.
    """

    def __init__(
        self, name: str, place: TopicPartition, reached: Reached, take: Callable[[Record], Awaitable[None]]
    ) -> None:
        self.journal = named(place)
        self.reached = self.committed = reached
        self.waits_for: str | None = None
        self._name = name
        self._take = take
        self._due = reached.next
        self._sought: int | None = None
        self._waiting: asyncio.Queue[Record] = asyncio.Queue()
        self._at_hand = self._ending = False
        self._task = asyncio.create_task(self._run())

    @property
    def full(self) -> bool:
        return self._waiting.qsize() >= MOST

    def give(self, records: Sequence[Record]) -> int | None:
        """Take up what was read; give the offset to read from instead, if something is left out before it.

        A missing record would make void all that come after it. What is missing still when read anew is no record.
        """
        if records[0].offset > self._due and self._sought != self._due:
            self._sought = self._due
            return self._due
        for record in records:
            if record.offset >= self._due:
                self._waiting.put_nowait(record)
                self._due = record.offset + 1
        return None

    async def end(self, patience: float = 0) -> None:
        """Stop after the record at hand, or in its midst when that takes longer than so many seconds."""
        self._ending = True
        if self._at_hand and patience:
            await asyncio.wait([self._task], timeout=patience)
        await ended(self._task)

    async def _run(self) -> None:
        while not self._ending:
            record = await self._waiting.get()
            self._at_hand = True
            chain = Chain(self.reached.head)
            if chain.take(before(record.headers), record.key or b"", record.value or b""):
                await self._until_done(record)
            self.reached = Reached(record.offset + 1, chain.head)
            self._at_hand = False

    async def _until_done(self, record: Record) -> None:
        rest = FIRST_REST
        while True:
            try:
                await self._take(record)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self._say(error, rest)
                await asyncio.sleep(rest)
                rest = min(rest * 2, LONGEST_REST)
            else:
                self.waits_for = None
                return

    def _say(self, error: Exception, rest: float) -> None:
        """Say in one line why it is to be tried again."""
        self.waits_for = str(error) if isinstance(error, NotNow) else f"{type(error).__name__}: {error}"
        POLICY_FAILURES.labels(self._name).inc()
        log.warning(
            "policing cannot go on for now",
            policing=self._name,
            journal=self.journal,
            reason=self.waits_for,
            again_in=rest,
            exc_info=None if isinstance(error, NotNow | KafkaError | OSError) else error,
        )


def named(place: TopicPartition) -> str:
    """Give the name of the journal that a partition is."""
    return f"{place.topic.rpartition('.')[0]}:{place.partition}"
