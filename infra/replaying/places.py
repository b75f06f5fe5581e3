"""The topics that can be replayed, their partitions, and ranges of those."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas import topics
from schemas.domains import DOMAINS, EVERYWHERE
from schemas.journal import GENESIS


class Source(NamedTuple):
    """A topic that can be replayed. `word` stands in its positions; of a journal the chain says which records count."""

    word: str
    topic: str
    partitions: int
    journal: bool
    types: tuple[str, ...]


class Place(NamedTuple):
    """One partition of a topic."""

    source: Source
    partition: int

    def __str__(self) -> str:
        return f"{self.source.word}:{self.partition}"


def _sources() -> dict[str, Source]:
    everywhere = tuple(fact.type for fact in EVERYWHERE)
    made = {}
    for domain in DOMAINS:
        asked, told = topics.of(domain)
        facts = (*(fact.type for fact in domain.facts), *everywhere)
        made[domain.name] = Source(domain.name, told.name, told.partitions, journal=True, types=facts)
        commands = tuple(command.type for command in domain.commands)
        made[asked.name] = Source(asked.name, asked.name, asked.partitions, journal=False, types=commands)
    return made


SOURCES: Mapping[str, Source] = _sources()
"""By the word that stands in positions: `resource` for its facts, `resource.commands` for its commands."""


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets `start` to before `end` of a partition are replayed, and `next` is the one to read now.

    Of a journal `head` is the hash of the last record that counts before `next`.
    """

    place: Place
    start: int
    end: int
    next: int
    head: bytes = GENESIS

    @property
    def count(self) -> int:
        return max(0, self.end - self.start)

    @property
    def left(self) -> int:
        """Records that must still be read."""
        return max(0, self.end - self.next) if self.count else 0

    def said(self) -> dict[str, Any]:
        """Give it as JSON."""
        word, partition = self.place.source.word, self.place.partition
        return {
            "topic": word,
            "partition": partition,
            "start": self.start,
            "end": self.end,
            "next": self.next,
            "head": self.head.hex(),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Range":
        """Read what `said` gave. Raises ValueError, KeyError or TypeError for anything else."""
        place = Place(SOURCES[said["topic"]], int(said["partition"]))
        start, end, next_ = (int(said[name]) for name in ("start", "end", "next"))
        return cls(place, start, end, next_, bytes.fromhex(said["head"]))
