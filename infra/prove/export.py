"""Exports of facts with their proof: of chosen ones with a path for each, or of whole journals with their chain."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from starlette.concurrency import iterate_in_threadpool

from infra.prove.book import Book
from infra.prove.lines import BEGINNING
from infra.prove.notary import Notary
from infra.prove.proving import Counted, Proof, Proving
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas.checkpoint import Checkpoint, Journal
from schemas.export import Facts, Format, Line, Manifest, Proved, text
from schemas.message import Position
from schemas.wire import WIRE


@dataclass
class Export:
    """An export in the making; its lines come first, and then its manifest is known. Blocks, and raises Unusable."""

    proving: Proving
    notary: Notary
    asked: dict[str, Any]
    whole: bool = False
    count: int = 0
    _facts: Facts = field(default_factory=lambda: Facts.of(WIRE.contracts))
    _blocks: list[Proved] = field(default_factory=list)

    def chosen(self, positions: Iterable[Position]) -> Iterator[Line]:
        """Give the facts at these positions, by journal and offset, each with its path."""
        wanted = sorted({(Journal(each.domain, each.partition), each.offset) for each in positions})
        for name, places in groupby(wanted, key=lambda each: each[0]):
            yield from self._of_journal(name, [offset for _, offset in places])

    def all_of(self, journals: Sequence[Journal]) -> Iterator[Line]:
        """Give everything that the last checkpoint knows of journals."""
        self.whole = True
        for name in sorted(journals):
            number = self.proving.last.statement.number
            proved = self.proving.proved(name, number)
            if not proved.block.next:
                continue
            self._blocks.append(proved)
            head = bytes(32)
            for counted in self.proving.counted(name, head, 0, proved.block.next):
                head = counted.hash
                yield self._line(name, counted)
            if head.hex() != proved.block.head:
                raise Unusable(
                    f"The journal {name} is not what checkpoint {number} says: nothing of it can be proved. "
                    f"`annal verify --journal {name}` says what is wrong."
                )

    def manifest(self, format_: Format, digest: str) -> Manifest:
        """Give the manifest of all lines that were given; `digest` is over their bytes."""
        numbers = sorted({each.checkpoint for each in self._blocks})
        return self.notary.manifest(
            asked=self.asked,
            format=format_,
            time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            whole=self.whole,
            count=self.count,
            sha256=digest,
            contracts=self._facts.met,
            statements=tuple(self.proving.checkpoint(number).statement for number in numbers),
            blocks=tuple(self._blocks),
        )

    def ndjson(self, lines: Iterable[Line]) -> Iterator[bytes]:
        """Give lines as NDJSON, and the manifest as the last."""
        digest = sha256()
        for line in lines:
            written = line.write() + b"\n"
            digest.update(written)
            yield written
        yield BEGINNING + self.manifest("ndjson", digest.hexdigest()).write() + b"}\n"

    def _of_journal(self, name: Journal, offsets: Sequence[int]) -> Iterator[Line]:
        end = self.proving.block(name, self.proving.last.statement.number).next
        if offsets[-1] >= end:
            raise Unusable(f"There is no {name}:{offsets[-1]}, the last is {name}:{end - 1}: name what is there.")
        number, left = 1, list(offsets)
        while left:
            number = self.proving.covering(name, left[0], number)
            proof, records = self.proving.proof(name, number)
            inside = [offset for offset in left if offset < proof.proved.block.next]
            left = left[len(inside) :]
            self._blocks.append(proof.proved)
            for offset in inside:
                if offset not in proof.index:
                    raise Unusable(f"No fact stands at {name}:{offset}: what is there does not count.")
                yield self._line(name, records[proof.index[offset]], proof)

    def _line(self, name: Journal, counted: Counted, proof: Proof | None = None) -> Line:
        self.count += 1
        record, value = counted.record, counted.record.value or b""
        index = proof.index[record.offset] if proof else None
        return Line.unchecked(
            line=self.count,
            position=f"{name}:{record.offset}",
            key=text(record.key or b""),
            value=text(value),
            prev=counted.prev.hex(),
            fact=self._facts.plain(value),
            checkpoint=proof.proved.checkpoint if proof else None,
            index=index,
            path=tuple(each.hex() for each in proof.tree.path(index)) if proof and index is not None else (),
        )


@contextmanager
def exporting(settings: Settings, notary: Notary, asked: dict[str, Any]) -> Iterator[Export]:
    """Begin an export of what there is now, all of it known to a checkpoint. Blocks, and raises Unusable."""
    last = notary.make()
    if last is None:
        raise Unusable("Nothing ever happened here: there is nothing to export.")
    with proving(settings, notary, last) as found:
        yield Export(found, notary, asked)


@contextmanager
def proving(settings: Settings, notary: Notary, last: Checkpoint) -> Iterator[Proving]:
    with Records(settings) as reader:
        yield Proving(reader, Book(settings, reader, notary.key), last)


def ndjson(
    settings: Settings, notary: Notary, positions: Iterable[Position], asked: dict[str, Any]
) -> AsyncIterator[bytes]:
    """Give an export of chosen facts as a door streams it. Raises Unusable before the first line, or in between.

    `asked` is what was asked for, as JSON, and stands in the manifest. An export that ends early has no manifest, and
    so is none.
    """

    def lines() -> Iterator[bytes]:
        with exporting(settings, notary, asked) as export:
            yield from export.ndjson(export.chosen(positions))

    return iterate_in_threadpool(lines())
