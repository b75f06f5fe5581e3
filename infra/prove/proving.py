"""Finds what proves a record: the checkpoint whose block it stands in, and that block, read again from its journal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.prove.book import Book
from infra.records import Record, Records
from infra.settings import Unusable
from schemas import journal, topics
from schemas.checkpoint import Block, Checkpoint, Journal, beginning, leaf, tree
from schemas.export import Proved
from schemas.journal import Chain
from schemas.merkle import Tree

REMEMBERED = 500
"""Checkpoints that are not read again."""


@dataclass(frozen=True)
class Counted:
    """A record that counts: the hash of the one before it, and its own."""

    record: Record
    prev: bytes
    hash: bytes


@dataclass
class Proof:
    """A block with the path of each of its records: `index` says which leaf the record at an offset is."""

    proved: Proved
    tree: Tree
    index: Mapping[int, int]


@dataclass
class Proving:
    """Looks into the journals and the checkpoints up to `last`. Blocks, and raises Unusable."""

    reader: Records
    book: Book
    last: Checkpoint
    _known: dict[int, Checkpoint] = field(default_factory=dict)

    def checkpoint(self, number: int) -> Checkpoint:
        if number == self.last.statement.number:
            return self.last
        found = self._known.get(number) or self.book.find(number)
        if found is None:
            raise Unusable(f"Checkpoint {number} is not in Kafka any more: `annal verify` says what else is wrong.")
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[number] = found
        return found

    def block(self, name: Journal, number: int) -> Block:
        """Give what a checkpoint says of a journal; before the first there is nothing."""
        known = self.checkpoint(number).journals() if number else {}
        return known.get(name) or beginning(name)

    def covering(self, name: Journal, offset: int, low: int = 1) -> int:
        """Give the number of the checkpoint in whose block a record stands; it is `low` or a later one."""
        high = self.last.statement.number
        while low < high:
            middle = (low + high) // 2
            if self.block(name, middle).next > offset:
                high = middle
            else:
                low = middle + 1
        return low

    def counted(self, name: Journal, head: bytes, start: int, end: int) -> Iterator[Counted]:
        """Give the records of a range that count, after a record of this hash."""
        chain = Chain(head)
        for batch in self.reader.read(topics.facts(name.domain), name.partition, start, end):
            for record in batch:
                prev = chain.head
                if chain.take(journal.before(record.headers), record.key or b"", record.value or b""):
                    yield Counted(record, prev, chain.head)

    def proof(self, name: Journal, number: int) -> tuple[Proof, list[Counted]]:
        """Give the proof of a block, and its records. Raises Unusable if they are not what was signed."""
        block, before = self.block(name, number), self.block(name, number - 1)
        records = list(self.counted(name, bytes.fromhex(before.head), block.start, block.next))
        made = Tree(leaf(each.record.offset, each.hash) for each in records)
        if made.root.hex() != block.root:
            raise Unusable(
                f"The journal {name} does not hold what checkpoint {number} says of {block.start} to {block.next - 1}: "
                f"nothing of it can be proved. `annal verify --journal {name}` says what is wrong."
            )
        index = {each.record.offset: n for n, each in enumerate(records)}
        return Proof(self.proved(name, number), made, index), records

    def proved(self, name: Journal, number: int) -> Proved:
        """Give the path from a block to what the checkpoint's statement signs."""
        blocks = self.checkpoint(number).blocks
        index = next(n for n, each in enumerate(blocks) if each.journal == name)
        path = tuple(each.hex() for each in tree(blocks).path(index))
        return Proved(checkpoint=number, block=blocks[index], index=index, of=len(blocks), path=path)
