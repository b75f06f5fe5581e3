"""What listeners with one filter, the same rights and one form are given: made once for all who are as far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from projections.listening.entry import Entry
from projections.listening.filter import Filter
from projections.listening.ring import Ring, Tick
from projections.listening.sight import Sight
from projections.listening.vector import Vector, one
from projections.reading import Place

CHUNK_BYTES = 64 << 10
"""What is given at once: a listener that takes nothing holds so much, and as much again in its connection."""

LOOKED_AT = 2_000
"""Facts that are looked at in one go: while they are, nothing else runs."""

Form = Callable[[str, str, bytes], bytes]
"""Writes an event: its id, its name and its data."""


@dataclass(frozen=True)
class Chunk:
    """Events that follow one another, `facts` of them facts; the vector after them; how many facts were looked at."""

    events: tuple[bytes, ...]
    after: Vector
    facts: int
    looked_at: int = 0

    @cached_property
    def body(self) -> bytes:
        return b"".join(self.events)


class Programme:
    """A filter, what its listeners may know, and how they are told."""

    def __init__(self, wanted: Filter, sight: Sight, form: Form) -> None:
        self.filter = wanted
        self.sight = sight
        self.form = form
        self.places: tuple[Place, ...] = wanted.places()
        self._tick = -1
        self._made: dict[int, list[tuple[Vector, Chunk]]] = {}

    def chunk(self, entries: Iterable[Entry], before: Vector, since: int = 0) -> Chunk:
        """Write what follows on a vector, up to a bound of bytes; what it has is passed over.

        So is what is older than `since`, in milliseconds since 1970.
        """
        after = dict(before)
        texts = {place: one(place, offset) for place, offset in before.items() if offset >= 0}
        events: list[bytes] = []
        size = looked_at = 0
        for entry in entries:
            looked_at += 1
            place, offset = entry.place, after.get(entry.place)
            if offset is None or entry.offset <= offset:
                continue
            after[place] = entry.offset
            texts[place] = one(place, entry.offset)
            if self.filter.takes(entry) and self.sight.sees(entry) and entry.fact_time >= since:
                data = entry.whole if self.sight.account is None else entry.without_address
                event = self.form(",".join(texts.values()), entry.type, data)
                events.append(event)
                size += len(event)
                if size >= CHUNK_BYTES:
                    break
        return Chunk(tuple(events), after, len(events), looked_at)

    def live(self, ring: Ring, tick: Tick, start: int, before: Vector) -> Chunk:
        """Write what follows in a ring up to a tick, once for all who are at the same place then."""
        if tick.number != self._tick:
            self._tick, self._made = tick.number, {}
        made = self._made.setdefault(start, [])
        for vector, chunk in made:
            if vector is before or vector == before:
                return chunk
        chunk = self.chunk(ring.between(start, min(tick.end, start + LOOKED_AT)), before)
        if start + chunk.looked_at == tick.end:
            after = {place: max(offset, tick.reached[place]) for place, offset in chunk.after.items()}
            chunk = replace(chunk, after=after)
        made.append((before, chunk))
        return chunk
