"""One who listens: first to what it missed, then to what comes, until something ends it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from aiokafka.errors import KafkaError

from infra.auth import Caller
from projections.listening.entry import Entry
from projections.listening.programme import LOOKED_AT, Chunk, Programme
from projections.listening.ring import Ring, Tick
from projections.listening.sight import sight
from projections.listening.trail import Trail
from projections.listening.vector import Vector, text
from projections.reading import Place
from schemas.problems import Problem

if TYPE_CHECKING:
    from projections.listening.audience import Audience

HEARTBEAT = 15.0
"""Seconds of silence after which something is said all the same, and between two looks at who listens."""

SHARE = 30.0
"""Seconds after which who catches up lets others do so who wait."""

PAGE_WAIT = 1.0
AGAIN = 0.5

Again = Callable[[], Awaitable[Caller]]
"""Says who shows the credentials that the listener showed, as things are now. Raises Problem."""

Give = Callable[[Chunk], Awaitable[None]]
"""Brings something to the listener; waits as long as it takes nothing."""


class Gone(Exception):  # noqa: N818 - nothing is wrong
    """The listener has left."""


@dataclass(eq=False)
class Listener:
    """`position` is what it was given or passed over; `number` its place in the ring, None while it catches up.

    Facts older than `since`, in milliseconds since 1970, are not for it. `changes` counts what was heard of who may ask
    what.
    """

    audience: "Audience"
    caller: Caller
    programme: Programme
    position: Vector
    again: Again
    changes: Callable[[], int]
    give: Give
    since: int = 0
    how: str = "sse"
    began: float = field(default_factory=time.time)
    delivered: int = 0
    number: int | None = None
    _giving_since: float = float("inf")
    _told: Vector = field(default_factory=dict)
    _told_at: float = 0.0
    _looked_at: float = 0.0
    _seen_changes: int = -1

    async def listen(self) -> None:
        """Be told what was missed and then what comes, until that is over. Raises Problem, which says why."""
        self._looked_at, self._seen_changes = self._now(), self.changes()
        await self._say_where()
        while not self.audience.ring.covers(self.position):
            await self._catch_up()
        self._join()
        while True:
            tick = self.audience.tick
            await self._look_around()
            await self._go_on(tick)
            await self.audience.next(tick)

    @property
    def last(self) -> str:
        """The id of the last event that it was given."""
        return text(self._told)

    def stuck(self, seconds: float) -> bool:
        """Say whether it has taken nothing for so long of what it was given."""
        return self._now() - self._giving_since >= seconds

    def lag(self) -> tuple[int, float]:
        """Say how many records it lacks of those that were read, and how many seconds ago the first of them came."""
        ring = self.audience.ring
        records = sum(max(0, ring.reached.get(place, -1) - offset) for place, offset in self.position.items())
        if not records:
            return 0, 0.0
        if self.number is None or not ring.start <= self.number < ring.end:
            return records, self._now() - self._told_at
        first = next(ring.between(self.number, self.number + 1))
        return records, max(0.0, time.time() - first.time / 1000)

    # ── what was missed ───────────────────────────────────────────────────────────────────────────────────────────

    async def _catch_up(self) -> None:
        """Read what is missing from the journals when it is its turn, for a while or until the ring has the rest."""
        self.number = None
        turn = asyncio.ensure_future(self.audience.catching_up.acquire())
        try:
            while not (await asyncio.wait({turn}, timeout=PAGE_WAIT))[0]:
                await self._look_around()
            await self._read_on()
        except (KafkaError, OSError):
            await asyncio.sleep(AGAIN)
            await self._look_around()
        finally:
            if turn.done() and not turn.cancelled():
                self.audience.catching_up.release()
            turn.cancel()

    async def _read_on(self) -> None:
        ring, began = self.audience.ring, self._now()
        behind = {place: offset for place, offset in self.position.items() if offset < ring.floor[place]}
        trail = Trail(await self.audience.ways.before(behind))
        async with self.audience.source.reading(trail.next) as reading:
            # Of other journals the ring may let go of facts meanwhile; those are read the next time.
            while not ring.covers({place: self.position[place] for place in behind}):
                for place, records in await reading.page(PAGE_WAIT):
                    await self._hear(trail.follow(place, records))
                    self._pass({place: trail.next[place] - 1})
                await self._look_around()
                if self.audience.catching_up.locked() and self._now() - began > SHARE:
                    return

    async def _hear(self, entries: Sequence[Entry]) -> None:
        while entries:
            while not await self._know_readers(entries, self._now()):
                await self._look_around()
            chunk = self.programme.chunk(entries, self.position, self.since)
            entries = entries[chunk.looked_at :]
            await self._take(chunk)

    # ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────

    def _join(self) -> None:
        """Go over to the ring: to where all have come, if nothing before that is new."""
        tick = self.audience.tick
        known = all(offset >= tick.reached[place] for place, offset in self.position.items())
        self.number = tick.end if known else self.audience.ring.start

    async def _go_on(self, tick: Tick) -> None:
        """Be told what the ring has up to a tick."""
        ring = self.audience.ring
        while (number := self._place(ring.start)) < tick.end:
            entries = list(ring.between(number, min(tick.end, number + LOOKED_AT)))
            if not await self._know_readers(entries, tick.at):
                return
            number = self._place(ring.start)
            chunk = self._following(ring, tick, number)
            self.number = number + chunk.looked_at
            await self._take(chunk)
        self._pass(tick.reached)

    def _following(self, ring: Ring, tick: Tick, number: int) -> Chunk:
        """Write what follows in the ring: what all are given who are there, unless some of it is too old."""
        entries = list(ring.between(number, min(tick.end, number + LOOKED_AT))) if self.since else ()
        if any(entry.fact_time < self.since for entry in entries if entry.place in self.position):
            return self.programme.chunk(entries, self.position, self.since)
        return self.programme.live(ring, tick, number, self.position)

    def _place(self, start: int) -> int:
        """Give its place in the ring. Raises Problem if that is gone."""
        if self.number is None or self.number < start:
            told = "You read more slowly than facts come; connect again with Last-Event-ID to read on from there."
            raise Problem("listener_behind", told)
        return self.number

    # ── around ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _know_readers(self, entries: Sequence[Entry], since: float) -> bool:
        """Let facts that it may be told have readers as they are since then; False while the read model lacks them."""
        sight, wanted = self.programme.sight, self.programme.filter
        asked = [
            each
            for each in entries
            if sight.must_know_readers(each)
            and each.offset > self.position.get(each.place, each.offset)
            and wanted.takes(each)
            and each.fact_time >= self.since
        ]
        return not asked or await self.audience.readers.know(asked, since)

    async def _take(self, chunk: Chunk) -> None:
        self.position = chunk.after
        if chunk.events:
            await self._give(chunk)

    async def _give(self, chunk: Chunk) -> None:
        self._giving_since = self._now()
        try:
            await self.give(chunk)
        except OSError as error:
            raise Gone from error
        self._giving_since = float("inf")
        self.delivered += chunk.facts
        self._told, self._told_at = chunk.after, self._now()

    def _pass(self, reached: Mapping[Place, int]) -> None:
        """Pass over records of which there is nothing to tell."""
        moved = {place: at for place, at in reached.items() if self.position.get(place, at) < at}
        if moved:
            self.position = {**self.position, **moved}

    async def _say_where(self) -> None:
        """Say how far it is, so that who connects again need not read what was passed over."""
        position = text(self.position)
        event = self.programme.form(position, "reached", orjson.dumps({"position": position}))
        await self._give(Chunk((event,), self.position, facts=0))

    async def _look_around(self) -> None:
        """Say something where nothing was said for long, and see that the listener may still listen. Raises Problem."""
        if self.audience.closing():
            raise Problem("door_closing", "This door closes; connect to another, or again in a moment.")
        now, changes = self._now(), self.changes()
        if changes != self._seen_changes or now - self._looked_at >= HEARTBEAT:
            self._looked_at, self._seen_changes = now, changes
            self.caller = await self.again()
            if sight(self.caller) != self.programme.sight:
                raise Problem("rights_changed", "What you may know has changed; connect again to go on with that.")
        if now - self._told_at >= HEARTBEAT:
            await self._say_where()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
