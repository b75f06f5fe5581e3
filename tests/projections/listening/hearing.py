"""Listeners in one process with journals on paper: everything but HTTP and Kafka is as it is at the doors."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

import orjson

from infra.auth import Caller
from projections.listening.audience import Audience
from projections.listening.filter import Filter
from projections.listening.listener import Listener
from projections.listening.programme import Chunk
from projections.listening.sight import FindReaders, Known, Readers, sight
from projections.listening.source import Page
from projections.reading import Place, Progress, Record
from schemas import wire
from schemas.journal import GENESIS, Chain, before
from schemas.message import Actor

AUDITOR = Caller(Actor(id="ada"), (frozenset({"facts:subscribe", "audit:read"}),))


def member(account: str) -> Caller:
    return Caller(Actor(id=account), (frozenset({"facts:subscribe", "resource:*", "kind:read", "account:own"}),))


def form(position: str, name: str, data: bytes) -> bytes:
    return b'{"id":"%b","event":"%b","data":%b}' % (position.encode(), name.encode(), data)


@dataclass
class Paper:
    """Journals on paper: where they are read from, and the places from which a reader can go on."""

    journals: dict[Place, list[Record]]
    shown: dict[Place, int] = field(default_factory=dict)
    """How many records of each are there yet; all of them if it is not said."""
    every: int = 7
    page: int = 50
    readings: int = 0
    _heads: dict[Place, list[bytes]] = field(default_factory=dict)

    def end(self, place: Place) -> int:
        return self.shown.get(place, len(self.journals.get(place, ())))

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        return {place: self.end(place) for place in places}

    @asynccontextmanager
    async def reading(self, beginning: Mapping[Place, int]) -> AsyncIterator["Reading"]:
        self.readings += 1
        yield Reading(self, dict(beginning))

    async def heads(self) -> dict[Place, Progress]:
        return {place: self._progress(place, self.end(place) - 1) for place in self.journals}

    async def before(self, offsets: Mapping[Place, int]) -> dict[Place, Progress]:
        return {place: self._progress(place, at // self.every * self.every - 1) for place, at in offsets.items()}

    async def older(self, places: Iterable[Place], moment: datetime) -> dict[Place, Progress]:
        return await self.before({place: self._older(place, moment.timestamp() * 1000) for place in places})

    def _older(self, place: Place, moment: float) -> int:
        """Count the records at the beginning of a journal whose facts are older than a moment."""
        times = (wire.decode_fact(record.value or b"").meta.time for record in self.journals.get(place, ()))
        return sum(1 for _ in takewhile(lambda time: time < moment, times))

    def _progress(self, place: Place, read_to: int) -> Progress:
        """Give the head after each record, which are all found out at once."""
        if read_to < 0:
            return Progress()
        if place not in self._heads:
            chain, heads = Chain(GENESIS), []
            for record in self.journals[place]:
                chain.take(before(record.headers), record.key or b"", record.value or b"")
                heads.append(chain.head)
            self._heads[place] = heads
        return Progress(read_to, self._heads[place][read_to])


@dataclass
class Reading:
    paper: Paper
    next: dict[Place, int]

    async def page(self, wait: float) -> Page:
        found: list[tuple[Place, Sequence[Record]]] = []
        for place, offset in self.next.items():
            until = min(self.paper.end(place), offset + self.paper.page)
            if until > offset:
                found.append((place, self.paper.journals[place][offset:until]))
                self.next[place] = until
        await asyncio.sleep(0 if found else min(wait, 0.005))
        return found


@dataclass
class Heard:
    """What one listener was given, event by event."""

    events: list[dict[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, chunk: Chunk) -> None:
        self.events += [orjson.loads(event) for event in chunk.events]
        self.came.set()

    @property
    def facts(self) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["event"] != "reached"]

    @property
    def positions(self) -> list[str]:
        return [fact["position"] for fact in self.facts]

    async def until(self, facts: int) -> None:
        async with asyncio.timeout(20):
            while len(self.facts) < facts:
                self.came.clear()
                await self.came.wait()


async def known(_: Mapping[Place, int]) -> bool:
    return True


async def nobody(_: Sequence[str]) -> dict[str, frozenset[str]]:
    return {}


def audience(paper: Paper, readers: FindReaders = nobody, known: Known = known) -> Audience:
    return Audience(paper, paper, Readers(known, readers))


def listener(
    there: Audience, wanted: Filter, position: Mapping[Place, int], heard: Heard, caller: Caller = AUDITOR, **more: Any
) -> Listener:
    async def again() -> Caller:
        return caller

    programme = there.programme(wanted, sight(caller), form)
    said = {"again": again, "changes": lambda: 0, "give": heard.take}
    return Listener(there, caller, programme, position, **said | more)
