"""Following several journals along their chains: which record is next in each, and which of them count."""

from collections.abc import Iterable, Mapping

from projections.listening.entry import Entry
from projections.reading import Place, Progress, Record
from schemas import journal
from schemas.journal import Chain


class Trail:
    """`next` is the offset of the record to be read next, by journal; `void` counts records that were none."""

    def __init__(self, beginnings: Mapping[Place, Progress]) -> None:
        self.next = {place: progress.read_to + 1 for place, progress in beginnings.items()}
        self._chains = {place: Chain(progress.head) for place, progress in beginnings.items()}

    @property
    def void(self) -> int:
        return sum(chain.void for chain in self._chains.values())

    def follow(self, place: Place, records: Iterable[Record]) -> list[Entry]:
        """Step over records of a journal, and give those that count; what was read already is passed over."""
        chain, found = self._chains[place], []
        for record in records:
            if record.offset < self.next[place]:
                continue
            self.next[place] = record.offset + 1
            if chain.take(journal.before(record.headers), record.key or b"", record.value or b""):
                found.append(Entry(place, record))
        return found
