"""Journals on paper of which there is more and more, as much as one likes."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from projections.listening.source import Page
from projections.reading import Place, Progress
from schemas import journal, wire
from schemas.journal import GENESIS
from schemas.resource import ResourceRenamed
from tests.projections.telling import Journal, Record

PARTITIONS = 8
VOID_EVERY = 97


def is_void(offset: int) -> bool:
    return offset % VOID_EVERY == VOID_EVERY - 1


@dataclass
class Endless:
    """Journals of which there is more and more: records are made when they are read, of a few facts again and again."""

    size: int
    shown: int = 0
    """Records of each journal that are there by now."""
    _heads: dict[Place, bytearray] = field(default_factory=dict)
    _facts: dict[Place, list[tuple[bytes, bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in self.places():
            told = Journal(partition=place.partition)
            facts = [told.recorded(f"r{place.partition}-{n}", ResourceRenamed(name=f"Name {n}")) for n in range(20)]
            self._facts[place] = [(each.meta.subject.encode(), wire.encode_fact(each)) for each in facts]
            self._heads[place] = self._chain(place)

    def places(self) -> list[Place]:
        return [Place("resource", number) for number in range(PARTITIONS)]

    def _chain(self, place: Place) -> bytearray:
        """Give the head before each record."""
        head, heads, facts = GENESIS, bytearray(GENESIS), self._facts[place]
        for offset in range(self.size):
            if not is_void(offset):
                head = journal.link(head, *facts[offset % len(facts)])
            heads += head
        return heads

    def _record(self, place: Place, offset: int) -> Record:
        key, value = self._facts[place][offset % len(self._facts[place])]
        head = bytes(32) if is_void(offset) else self._heads[place][32 * offset : 32 * offset + 32]
        return Record(offset, key, value, [("prev", head.hex().encode())])

    def records(self, place: Place, start: int, end: int) -> list[Record]:
        return [self._record(place, offset) for offset in range(start, end)]

    def progress(self, place: Place, read_to: int) -> Progress:
        return Progress(read_to, bytes(self._heads[place][32 * read_to + 32 : 32 * read_to + 64]))

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, self.shown)

    @asynccontextmanager
    async def reading(self, start: Mapping[Place, int]) -> AsyncIterator["Reading"]:
        yield Reading(self, dict(start))

    async def heads(self) -> dict[Place, Progress]:
        return {place: self.progress(place, self.shown - 1) for place in self.places()}

    async def before(self, offsets: Mapping[Place, int]) -> dict[Place, Progress]:
        return {place: self.progress(place, max(0, at) // 1000 * 1000 - 1) for place, at in offsets.items()}

    async def older(self, places: Iterable[Place], _: datetime) -> dict[Place, Progress]:
        return dict.fromkeys(places, Progress())


@dataclass
class Reading:
    journals: Endless
    next: dict[Place, int]

    async def page(self, wait: float) -> Page:
        place = min(self.next, key=self.next.__getitem__)
        start = self.next[place]
        end = min(self.journals.shown, start + 300)
        await asyncio.sleep(0 if end > start else min(wait, 0.002))
        self.next[place] = end
        return [(place, self.journals.records(place, start, end))] if end > start else []
