"""How far each projection has come, as PostgreSQL tells it; whoever wants it further can wait without asking again."""

import asyncio
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple

import psycopg

from infra import postgres, telemetry
from infra.ending import ended
from infra.settings import Settings
from projections.reading import Place
from projections.statements import CHANNEL

LOOK_AGAIN = 5.0
"""Seconds without news after which the positions are read again: a lost connection is not always noticed."""

REST = 0.5

log = telemetry.log(__name__)

Mark = Literal["read_to", "answered"]
"""What is waited for: a fact, or the outcome of a command."""


class Reached(NamedTuple):
    """How far a projection has read a journal; as in Progress."""

    read_to: int = -1
    answered: int = -1
    fact_time: int = 0


class Lag(NamedTuple):
    """What a projection lacks: so many facts, and the newest that it has is so many seconds old."""

    facts: int
    seconds: float | None


class Positions:
    """What is known of all projections. While PostgreSQL is gone nothing moves, and who waits waits in vain."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reached: dict[tuple[str, Place], Reached] = {}
        self._waiting: dict[tuple[str, Place], list[tuple[Mark, int, asyncio.Future[None]]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)

    def reached(self, projection: str, place: Place) -> Reached:
        return self._reached.get((projection, place), Reached())

    async def wait(self, projection: str, wanted: Mapping[Place, int], limit: float, mark: Mark = "read_to") -> bool:
        """Wait until a projection has come to all these offsets; False if it has not within so many seconds."""
        waiting = []
        for place, offset in wanted.items():
            if getattr(self.reached(projection, place), mark) < offset:
                entry = (mark, offset, asyncio.get_running_loop().create_future())
                self._waiting.setdefault((projection, place), []).append(entry)
                waiting.append(((projection, place), entry))
        if not waiting:
            return True
        try:
            _, late = await asyncio.wait([future for _, (_, _, future) in waiting], timeout=limit)
            return not late
        finally:
            for key, entry in waiting:
                self._waiting[key].remove(entry)
                if not self._waiting[key]:
                    del self._waiting[key]

    def lag(self, projection: str, wanted: Mapping[Place, int]) -> Lag:
        """Say what a projection lacks of these offsets."""
        reached = {place: self.reached(projection, place) for place in wanted}
        times = [reached[place].fact_time for place in wanted if reached[place].fact_time]
        facts = sum(max(0, offset - reached[place].read_to) for place, offset in wanted.items())
        return Lag(facts, round(max(0.0, time.time() - min(times) / 1000), 3) if times else None)

    async def _follow(self) -> None:
        while True:
            try:
                async with await postgres.connect(self._settings) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    while True:
                        await self._read(connection)
                        async for notify in connection.notifies(timeout=LOOK_AGAIN):
                            self._hear(notify.payload)
            except (psycopg.Error, OSError) as error:
                # A server that crashed may come back without its last moments: what was heard of them counts no more.
                self._reached.clear()
                log.warning("cannot hear how far the projections have come", reason=str(error), again_in=REST)
                await asyncio.sleep(REST)

    async def _read(self, connection: postgres.Connection) -> None:
        """Believe the table, even where it has gone back: a server restored from a copy knows less."""
        found = await connection.execute(
            "SELECT projection, domain, partition, read_to, answered, fact_time FROM positions"
        )
        for projection, domain, partition, *reached in await found.fetchall():
            self._move((projection, Place(domain, partition)), Reached(*reached))

    def _hear(self, payload: str) -> None:
        projection, domain, partition, *told = payload.split(" ")
        place, reached = Place(domain, int(partition)), Reached(*map(int, told))
        if reached > self.reached(projection, place):  # else it was said before the table was read
            self._move((projection, place), reached)

    def _move(self, key: tuple[str, Place], reached: Reached) -> None:
        self._reached[key] = reached
        for mark, offset, future in self._waiting.get(key, ()):
            if getattr(reached, mark) >= offset and not future.done():
                future.set_result(None)
