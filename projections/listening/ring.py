"""The newest facts of all journals, in the order in which this process read them: bounded in number and in bytes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from projections.listening.entry import Entry
from projections.reading import Place

MOST = 20_000
MOST_BYTES = 32 << 20
"""Of the facts as they stand on Kafka; as read and written for listeners they take some times as much."""


class Tick(NamedTuple):
    """Up to where all may go: the end of a ring, and what was read of each journal, at a time of the loop's clock."""

    number: int
    at: float
    end: int
    reached: Mapping[Place, int]


class Ring:
    """Facts by their number: `start` is that of the oldest, `end` the one after the newest.

    `floor` says for each journal up to which offset it holds nothing, `reached` up to which it was read.
    """

    def __init__(self, beginning: Mapping[Place, int], most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.start = self.end = 0
        self.size = 0
        self.floor = dict(beginning)
        self.reached = dict(beginning)
        self._most_bytes = most_bytes
        self._entries: list[Entry | None] = [None] * most

    def __len__(self) -> int:
        return self.end - self.start

    def put(self, entry: Entry) -> None:
        """Add the next fact; the oldest fall out where there is no room."""
        while len(self) and (len(self) == len(self._entries) or self.size + entry.size > self._most_bytes):
            self._drop()
        self._entries[self.end % len(self._entries)] = entry
        self.end += 1
        self.size += entry.size
        self.reached[entry.place] = entry.offset

    def between(self, start: int, end: int) -> Iterator[Entry]:
        """Give the facts of these numbers, all of which it must hold."""
        for number in range(start, end):
            entry = self._entries[number % len(self._entries)]
            assert entry is not None  # noqa: S101 - whoever asks has looked at `start`
            yield entry

    def covers(self, vector: Mapping[Place, int]) -> bool:
        """Say whether it has all facts that come after a vector."""
        return all(offset >= self.floor[place] for place, offset in vector.items())

    def _drop(self) -> None:
        at = self.start % len(self._entries)
        entry = self._entries[at]
        if entry is not None:
            self.floor[entry.place] = entry.offset
            self.size -= entry.size
        self._entries[at] = None
        self.start += 1
