"""Which facts a listener wants: of these domains, types, subjects and actors, each if any are named."""

from dataclasses import dataclass

from projections.listening.entry import Entry
from projections.reading import Place
from schemas.domains import DOMAINS
from schemas.partition import partition_of

PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}


@dataclass(frozen=True)
class Filter:
    """All that are not named let everything through; without types that is everything that happened."""

    domains: tuple[str, ...]
    types: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()

    def places(self) -> tuple[Place, ...]:
        """Name the journals that must be followed: of subjects only their own."""
        return tuple(
            Place(domain, number) for domain in self.domains for number in self._partitions(PARTITIONS[domain])
        )

    def takes(self, entry: Entry) -> bool:
        """Say whether a fact of one of these journals is wanted."""
        if self.subjects and entry.subject not in self.subjects:
            return False
        if not (entry.type in self.types if self.types else entry.happened):
            return False
        return not self.actors or not self.actors.isdisjoint(entry.actors)

    def _partitions(self, partitions: int) -> list[int]:
        if not self.subjects:
            return list(range(partitions))
        return sorted({partition_of(subject.encode(), partitions) for subject in self.subjects})
