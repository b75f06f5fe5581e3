"""Checkpoints: how far every journal goes and which record is its last, signed, and each names the one before.

A journal's chain shows that nothing in it was changed while its last hash stays the same; a checkpoint says what that
hash was. Of the records since the checkpoint before it has a Merkle root: one record is proved by a short path.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from struct import Struct
from typing import Annotated, Any, NamedTuple, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, StringConstraints, ValidationError

from schemas import signed
from schemas.journal import GENESIS
from schemas.merkle import EMPTY, Tree
from schemas.message import Message
from schemas.signed import Hash, Signature, canonical

PURPOSE = "checkpoint 1"
BEFORE_THE_FIRST = bytes(32).hex()

Count = Annotated[int, Field(ge=0, strict=True)]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
"""A moment of UTC, to the millisecond; of two the later one is the greater text."""

_offset = Struct(">Q").pack


class Forged(Exception):  # noqa: N818 - it says what the document is
    """A document is not what a key signed; one sentence says why."""


class Journal(NamedTuple):
    """One partition of the facts of one domain."""

    domain: str
    partition: int

    def __str__(self) -> str:
        return f"{self.domain}:{self.partition}"


class Block(Message):
    """What a checkpoint says of one journal.

    `next` is the offset after its last record and `head` the hash of the last that counts. `start` is where the
    checkpoint before left off; since then `count` records count, and `root` is over their leaves.
    """

    domain: str
    partition: Count
    start: Count
    next: Count
    head: Hash
    count: Count
    root: Hash

    @property
    def journal(self) -> Journal:
        return Journal(self.domain, self.partition)


class Statement(Message):
    """What is signed of a checkpoint, and the signature.

    `previous` is the hash of the statement before, `key` the public key, `root` is over all blocks.
    """

    number: Annotated[int, Field(ge=1, strict=True)]
    time: Moment
    previous: Hash
    key: Hash
    root: Hash
    signature: Signature

    def hash(self) -> str:
        return sha256(canonical(_said(self))).hexdigest()

    def refuse_forged(self) -> None:
        """Raise Forged unless the key that it names signed it."""
        if not signed.is_signed(self.key, PURPOSE, _said(self), self.signature):
            raise Forged(f"Checkpoint {self.number} was not signed by the key that it names, {self.key}.")


class Checkpoint(Message):
    """A statement and the blocks it is about, by domain and partition."""

    statement: Statement
    blocks: tuple[Block, ...]

    @classmethod
    def make(cls, before: "Checkpoint | None", time: str, blocks: Iterable[Block], private: Ed25519PrivateKey) -> Self:
        """Sign how far the journals go."""
        blocks = tuple(sorted(blocks, key=lambda block: block.journal))
        said = {
            "number": before.statement.number + 1 if before else 1,
            "time": time,
            "previous": before.statement.hash() if before else BEFORE_THE_FIRST,
            "key": signed.name_of(private),
            "root": tree(blocks).root.hex(),
        }
        return cls(statement=Statement(**said, signature=signed.sign(private, PURPOSE, said)), blocks=blocks)

    @classmethod
    def read(cls, document: bytes) -> Self:
        """Read what `write` wrote. Raises Forged for anything that was not signed so, to the last byte."""
        try:
            checkpoint = cls.model_validate(orjson.loads(document))
        except ValueError as error:
            raise Forged(f"This is no checkpoint: {first_line(error)}.") from None
        statement = checkpoint.statement
        if checkpoint.write() != document:
            raise Forged(f"Checkpoint {statement.number} is not written as it was signed: something was put in.")
        if tree(checkpoint.blocks).root.hex() != statement.root:
            raise Forged(f"Checkpoint {statement.number} says other things of the journals than what was signed.")
        statement.refuse_forged()
        return checkpoint

    def write(self) -> bytes:
        """Give the document, in its one form."""
        return canonical(self.model_dump())

    def journals(self) -> Mapping[Journal, Block]:
        return {block.journal: block for block in self.blocks}


def tree(blocks: Iterable[Block]) -> Tree:
    """Give the tree whose root a checkpoint signs."""
    return Tree(canonical(block.model_dump()) for block in blocks)


def leaf(offset: int, record: bytes) -> bytes:
    """Give what stands in a block's tree for a record: its place and its hash (schemas.journal.link)."""
    return _offset(offset) + record


def beginning(journal: Journal) -> Block:
    """Give what could be said of a journal before its first record."""
    zero, empty = GENESIS.hex(), EMPTY.hex()
    return Block(**journal._asdict(), start=0, next=0, head=zero, count=0, root=empty)


def contradiction(before: Checkpoint | None, after: Checkpoint) -> str | None:
    """Say in one sentence how a checkpoint does not follow on the one before it; None when it does."""
    name = f"Checkpoint {after.statement.number}"
    number, previous, time = (
        (before.statement.number + 1, before.statement.hash(), before.statement.time)
        if before
        else (1, BEFORE_THE_FIRST, "")
    )
    if after.statement.number != number:
        return f"{name} stands where {number} was to be."
    if after.statement.previous != previous:
        return f"{name} names another checkpoint before it than the one that is there."
    if after.statement.time < time:
        return f"{name} is of {after.statement.time}, before the one that it follows."
    known = before.journals() if before else {}
    if gone := known.keys() - after.journals().keys():
        return f"{name} says nothing of the journal {min(gone)}, which was there before."
    wrong = (_wrong(known.get(block.journal) or beginning(block.journal), block) for block in after.blocks)
    return next((f"{name} says of the journal {said}." for said in wrong if said), None)


def _wrong(before: Block, after: Block) -> str | None:
    if after.start != before.next:
        return f"{after.journal} that it went on from {after.start}, and it was known up to {before.next}"
    if after.next < after.start:
        return f"{after.journal} that it ends at {after.next}, and it was longer"
    if after.count > after.next - after.start or (not after.count and after.head != before.head):
        return f"{after.journal} what cannot be: {after.count} records from {after.start} to {after.next}"
    return None


def first_line(error: Exception) -> str:
    """Say in one line what is wrong with JSON or with its fields."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return (str(error) or type(error).__name__).splitlines()[0]


def _said(statement: Statement) -> dict[str, Any]:
    return statement.model_dump(exclude={"signature"})
