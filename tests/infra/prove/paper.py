"""Journals and checkpoints on paper, read as those of Kafka are, and exports of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.prove.book import Book
from infra.prove.export import Export
from infra.prove.notary import Notary, end_of, grown
from infra.prove.proving import Proving
from infra.records import Record, Records
from infra.settings import Settings
from schemas import signed, topics
from schemas.checkpoint import Checkpoint, Journal, beginning
from schemas.message import Position
from tests.projections.telling import Journal as Paper

OURS, THEIRS = signed.key_of(b"o" * 32), signed.key_of(b"t" * 32)


@dataclass
class Archive:
    """Journals, and the checkpoints made of them by whoever has a key."""

    journals: list[Paper]
    private: Ed25519PrivateKey = OURS
    checkpoints: list[Checkpoint] = field(default_factory=list)

    @property
    def names(self) -> list[Journal]:
        return [Journal(each.domain, each.partition) for each in self.journals]

    def checkpoint(self) -> Checkpoint:
        """Sign what the journals hold now."""
        last = self.checkpoints[-1] if self.checkpoints else None
        known = last.journals() if last else {}
        reader = cast("Records", self)
        befores = [known.get(name) or beginning(name) for name in self.names]
        blocks = [grown(reader, before, end_of(reader, before)) for before in befores]
        time = f"2026-11-26T20:00:{len(self.checkpoints):02}.000Z"
        self.checkpoints.append(Checkpoint.make(last, time, blocks, self.private))
        return self.checkpoints[-1]

    def export(self, **asked: Any) -> Export:
        proving = Proving(cast("Records", self), cast("Book", self), self.checkpoints[-1])
        return Export(proving, Notary(Settings(), self.private), asked)

    def chosen(self, *positions: str) -> bytes:
        export = self.export(positions=list(positions))
        return b"".join(export.ndjson(export.chosen(map(Position.parse, positions))))

    def whole(self) -> bytes:
        export = self.export(whole=True)
        return b"".join(export.ndjson(export.all_of(self.names)))

    def keep(self, directory: Path) -> Path:
        """Write the checkpoints as files."""
        directory.mkdir(exist_ok=True)
        for each in self.checkpoints:
            (directory / f"{each.statement.number}.json").write_bytes(each.write())
        return directory

    # ── as Kafka gives them ───────────────────────────────────────────────────────────────────────────────────────

    def around(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, len(self._of(topic, partition).records)

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        records: Sequence[Any] = self._of(topic, partition).records[start:end]
        yield [Record(each.offset, 0, each.key, each.value, each.headers) for each in records]

    def find(self, number: int) -> Checkpoint | None:
        return next((each for each in self.checkpoints if each.statement.number == number), None)

    def _of(self, topic: str, partition: int) -> Paper:
        found: Iterable[Paper] = (each for each in self.journals if topics.facts(each.domain) == topic)
        return next(each for each in found if each.partition == partition)
