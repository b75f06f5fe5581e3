"""The journal protocol: one partition's commands become records that are appended once, whoever else may be writing.

Every rule is that of design §3: fold before deciding (4), append on top of what is folded and compare where it came to
stand (5), change nothing and tell nobody before that (6). The log decides between two writers, never the group.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from schemas import wire
from schemas.message import Outcome
from streams.ledger import Ledger, OtherJournal
from streams.meters import CONFLICTS, DECIDED, FOLDS, QUEUED, VOID
from streams.records import Entry, KindsBehind, Record

log = structlog.get_logger()

TAKEN_AT_ONCE = 1500
"""Commands decided into one append at the most: about 40 ms of work, so that other partitions get their turn."""

QUEUED_AT_MOST = 10_000
"""Commands of a partition that wait in memory; then no more are fetched until half of them are decided."""

REMEMBERED_BEFORE_WRITE = 5000
"""Answers that may wait for the store while commands queue; a crash costs folding as many again."""


class Unsure(Exception):  # noqa: N818 - not an error of ours: only the log knows
    """An append may or may not have been stored."""


class Log(Protocol):
    """The facts partition a journal lives in."""

    def read(self, offset: int) -> AsyncIterator[Sequence[Record]]:
        """Give every record from `offset` to what is the end now. Raises OtherJournal."""
        ...

    async def append(self, entries: Sequence[Entry]) -> int:
        """Store entries as one Kafka record batch and give the offset of the first. Raises Unsure."""
        ...


class Pulse(Protocol):
    """Whether this worker is still heard by its group."""

    def lost(self) -> bool: ...

    async def regained(self) -> None: ...


class Reachable(Protocol):
    """Kinds that can be read further."""

    async def reach(self, position: int) -> None: ...


class Replies(Protocol):
    """Where outcomes are told to doors that wait."""

    def tell(self, channel: str, told: Mapping[str, Any], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Around:
    """What all journals of a worker share."""

    kinds: Reachable
    pulse: Pulse
    replies: Replies


class Journal:
    """The owner of one partition at work."""

    def __init__(self, name: str, ledger: Ledger, log: Log, around: Around) -> None:
        self.ledger = ledger
        self.expected = 0
        self._name = name
        self._log = log
        self._around = around
        self.room = asyncio.Event()
        self.room.set()
        self._queue: deque[Record] = deque()
        self._queued = asyncio.Event()

    async def open(self) -> int:
        """Fold the whole journal and give the offset of the first command it has not answered."""
        try:
            await self._fold()
        except OtherJournal as error:
            log.error("the journal is not the one that is remembered", journal=self._name, error=str(error))  # noqa: TRY400 - the sentence says it all
            self.ledger.forget()
            await self._fold()
        self._queue.clear()
        self.expected = self.ledger.mark.command
        return self.expected

    def offer(self, records: Sequence[Record]) -> bool:
        """Queue commands; False when some before them were never offered, and the commands must be sought again."""
        if records[0].offset > self.expected:
            return False
        self._queue.extend(record for record in records if record.offset >= self.expected)
        self.expected = max(self.expected, records[-1].offset + 1)
        if len(self._queue) > QUEUED_AT_MOST:
            self.room.clear()
        QUEUED.labels(self._name).set(len(self._queue))
        self._queued.set()
        return True

    async def run(self) -> None:
        """Answer whatever is queued, all of it in each append, until cancelled."""
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                records = [self._queue.popleft() for _ in range(min(len(self._queue), TAKEN_AT_ONCE))]
                await self._answer(records)
                if len(self._queue) < QUEUED_AT_MOST // 2:
                    self.room.set()
                QUEUED.labels(self._name).set(len(self._queue))
                if not self._queue or self.ledger.unwritten >= REMEMBERED_BEFORE_WRITE:
                    self.ledger.flush()

    def close(self) -> None:
        """Let go of the store. What was not written to it is folded from the journal by the next owner."""
        self.ledger.close()

    async def _answer(self, records: Sequence[Record]) -> None:
        """Decide commands and append what they leave until the journal answers them all; then tell who waits."""
        left = records
        while left := [record for record in left if record.offset >= self.ledger.mark.command]:
            if self._around.pulse.lost():
                await self._around.pulse.regained()
                await self._fold()
                continue
            try:
                await self._append(left)
            except KindsBehind as behind:
                await self._around.kinds.reach(behind.position)
            except Unsure as error:
                log.warning("append unsure, reading the journal again", journal=self._name, error=str(error))
                await self._fold()
        DECIDED.labels(self._name).inc(len(records))
        for record in records:
            self._tell(record)

    async def _append(self, records: Sequence[Record]) -> None:
        draft = self.ledger.draft(records)
        if draft.entries:
            offset = await self._log.append(draft.entries)
            if offset != self.ledger.mark.next:
                CONFLICTS.labels(self._name).inc()
                await self._fold()
                return
        self.ledger.keep(draft)

    async def _fold(self) -> None:
        """Believe only the log: fold every record up to its end, after a look at the head."""
        FOLDS.labels(self._name).inc()
        void, last = self.ledger.void, self.ledger.mark.last
        found = False
        async for records in self._log.read(max(last, 0)):
            found = True
            for record in records:
                self.ledger.fold(record)
            if self.ledger.unwritten >= REMEMBERED_BEFORE_WRITE:
                self.ledger.flush()
            await asyncio.sleep(0)
        if last >= 0 and not found:
            raise OtherJournal(f"it ends before {last}")
        VOID.labels(self._name).inc(self.ledger.void - void)

    def _tell(self, record: Record) -> None:
        """Tell an outcome to the door that waits for it, if one does."""
        channel = dict(record.headers).get("reply")
        if channel is None:
            return
        try:
            meta = wire.decode_command(record.value or b"").meta
        except wire.Undecodable:
            return
        outcome = self.ledger.outcome(meta.id)
        answer = self.ledger.answer(meta.id)
        if outcome is None or answer is None:
            return
        if answer.digest != meta.digest:
            outcome = Outcome.reused(meta.id, meta.type, meta.subject)
        self._around.replies.tell(channel.decode(), outcome.model_dump())
