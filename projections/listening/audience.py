"""All who listen at one process, and the one reader of the journals that serves them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

from aiokafka.errors import KafkaError

from infra import telemetry
from infra.ending import ended
from projections.listening import metrics
from projections.listening.filter import Filter
from projections.listening.listener import Listener
from projections.listening.programme import Form, Programme
from projections.listening.ring import Ring, Tick
from projections.listening.sight import Readers, Sight
from projections.listening.source import Source
from projections.listening.trail import Trail
from projections.reading import Place, Progress
from schemas.problems import Problem

TICK = 0.02
"""Seconds for facts to come together: what is given to all costs as much for one fact as for ten."""

BEAT = 1.0
"""Seconds after which listeners look around although no fact has come."""

UNHEARD = 60.0
"""Seconds without listeners after which the journals are not read any more."""

AGAIN = 0.5

LISTENERS = 1_000
"""At once: each has a connection, and with a slow one at its other end some 200 KB."""

OF_ONE_CALLER = 50

CATCHING_UP = 8
"""Listeners that may read older facts at once, each with a consumer of its own."""

log = telemetry.log(__name__)


class Ways(Protocol):
    """Places from which readers can go on. All that is asked raises Problem while it cannot be known."""

    async def heads(self) -> dict[Place, Progress]: ...

    async def before(self, offsets: Mapping[Place, int]) -> dict[Place, Progress]: ...

    async def older(self, places: Iterable[Place], moment: datetime) -> dict[Place, Progress]: ...


class Audience:
    """Lets listeners in and wakes them; reads while there are any."""

    def __init__(
        self, source: Source, ways: Ways, readers: Readers, closing: Callable[[], bool] = lambda: False
    ) -> None:
        self.source = source
        self.ways = ways
        self.readers = readers
        self.closing = closing
        self.ring = Ring({})
        self.tick = Tick(0, 0.0, 0, {})
        self.listeners: set[Listener] = set()
        self.catching_up = asyncio.Semaphore(CATCHING_UP)
        self._callers: Counter[str] = Counter()
        self._programmes: WeakValueDictionary[tuple[Filter, Sight, Form], Programme] = WeakValueDictionary()
        self._opening = asyncio.Lock()
        self._news = asyncio.Event()
        self._turn = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._left_at = 0.0

    async def open(self) -> None:
        """Read the journals from near their ends on, if nobody does yet. Raises Problem."""
        async with self._opening:
            if self._tasks:
                return
            trail = Trail(await self.ways.heads())
            self.ring = Ring({place: offset - 1 for place, offset in trail.next.items()})
            self._left_at = asyncio.get_running_loop().time()
            self._turn_over()
            self._tasks = [asyncio.create_task(self._read(trail, self.ring)), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        await ended(*tasks)

    def programme(self, wanted: Filter, sight: Sight, form: Form) -> Programme:
        """Give the programme that all have in common who want, may know and are told the same."""
        found = self._programmes.get((wanted, sight, form))
        if found is None:
            found = self._programmes[wanted, sight, form] = Programme(wanted, sight, form)
        return found

    @contextmanager
    def seat(self, account: str) -> Iterator[None]:
        """Keep room for a listener of an account while the block runs. Raises Problem if there is none."""
        if self._callers.total() >= LISTENERS:
            told = f"This door has {LISTENERS} listeners, which is all it can have; try another, or in a while."
            raise Problem("too_busy", told, headers={"Retry-After": "10"})
        if self._callers[account] >= OF_ONE_CALLER:
            told = f"You listen here {OF_ONE_CALLER} times already; close some, or ask for more in one."
            raise Problem("too_many_listeners", told, headers={"Retry-After": "10"})
        self._callers[account] += 1
        try:
            yield
        finally:
            self._callers[account] -= 1
            if not self._callers[account]:
                del self._callers[account]
            self._left_at = asyncio.get_running_loop().time()

    async def next(self, tick: Tick) -> None:
        """Wait until there is another tick than this one, or a beat has passed."""
        if self.tick is tick:
            await self._turn.wait()

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, trail: Trail, ring: Ring) -> None:
        """Follow all journals, whatever fails meanwhile; what is read twice is passed over."""
        while True:
            try:
                async with self.source.reading(trail.next) as reading:
                    while True:
                        page = await reading.page(BEAT)
                        for place, records in page:
                            for entry in trail.follow(place, records):
                                ring.put(entry)
                            ring.reached[place] = trail.next[place] - 1
                        if page:
                            self._news.set()
                            await asyncio.sleep(0)
            except (KafkaError, OSError) as error:
                log.warning("cannot read facts for listeners, trying again", error=f"{type(error).__name__}: {error}")
            except Exception as error:
                log.exception("reading facts for listeners broke off", exc_info=error)
            await asyncio.sleep(AGAIN)

    async def _beat(self) -> None:
        """Wake all listeners when there is news, at most once a tick, and once a beat when there is none."""
        loop, measured = asyncio.get_running_loop(), 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._news.wait()
            self._turn_over()
            if not self._callers and loop.time() - self._left_at > UNHEARD:
                reading, _ = self._tasks
                self._tasks = []
                await ended(reading)
                return
            if loop.time() - measured >= BEAT:
                measured = loop.time()
                metrics.measure(self.listeners, self.ring)
            await asyncio.sleep(TICK)

    def _turn_over(self) -> None:
        self._news.clear()
        self.tick = Tick(
            self.tick.number + 1, asyncio.get_running_loop().time(), self.ring.end, dict(self.ring.reached)
        )
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
