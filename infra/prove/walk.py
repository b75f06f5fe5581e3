"""Walks a journal from one end to the other: its chain, its checkpoints, its subjects' versions and its commands."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.prove.asked import Asked, Wrong
from infra.records import Record, Records
from infra.settings import Settings
from schemas import journal, topics, wire
from schemas.checkpoint import Block, Journal, leaf
from schemas.export import Facts
from schemas.journal import GENESIS, Chain, hashed
from schemas.merkle import Growing
from schemas.message import CommandRejected, CommandUnchanged, Domain
from schemas.partition import partition_of
from streams.records import fact_id

TOLD = 5
"""Findings of one journal that are told: whatever is wrong makes wrong what follows."""

REMEMBERED = 200_000
"""Hashes of records that a void one may name: whoever wrote it was late, and no more than so many records."""

_SAYS_NOTHING = {CommandRejected.type, CommandUnchanged.type}


@dataclass(frozen=True)
class Task:
    """A journal to be walked, from the end of `start` to before `end`; `blocks` is what later checkpoints say of it."""

    settings: Settings
    domain: Domain
    start: Block
    end: int
    blocks: Sequence[tuple[int, Block]]

    @property
    def journal(self) -> Journal:
        return self.start.journal


@dataclass
class Walked:
    """What was looked at in a journal, and what was found."""

    journal: Journal
    facts: int = 0
    void: int = 0
    subjects: int = 0
    commands: int = 0
    checkpoints: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def walk(task: Task, read: Callable[[int], object]) -> Walked:
    """Walk a journal; `read` hears how many records were read. Raises Unusable."""
    with Records(task.settings) as facts, Records(task.settings) as commands, _no_cycles():
        return walked(task, facts, commands, read)


def walked(task: Task, facts: Records, commands: Records, read: Callable[[int], object]) -> Walked:
    """Walk a journal with what reads its facts, and its commands beside."""
    name = task.journal
    asked = Asked(commands, task.domain, name.partition, whole=not task.start.next)
    walking = _Walking(task, asked)
    for batch in facts.read(topics.facts(name.domain), name.partition, task.start.next, task.end):
        for record in batch:
            walking.take(record)
        read(len(batch))
    walking.close()
    if asked.repeated:
        asked.refuse_strangers(_ids(facts, task))
    return walking.walked()


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Look for no cycles among records, which are many objects in none: that took half of all time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Walking:
    """A place in a journal, and all that must be known there to judge the next record."""

    def __init__(self, task: Task, asked: Asked) -> None:
        self.asked = asked
        self._task = task
        self._found = Walked(task.journal)
        self._whole = task.start.next == 0
        self._chain = Chain(bytes.fromhex(task.start.head))
        self._hashes, self._older = {self._chain.head, GENESIS}, set[bytes]()
        self._block = Growing()
        self._due = iter(task.blocks)
        self._next = next(self._due, None)
        self._checkpointed = True
        self._versions: dict[bytes, int] = {}
        self._facts = Facts.of(wire.WIRE.contracts)
        self._types = {fact.type for fact in task.domain.facts} | _SAYS_NOTHING
        self._group: list[tuple[int, str, str]] = []
        self._command = -1

    def walked(self) -> Walked:
        found = self._found
        found.subjects = len(self._versions)
        found.commands = self.asked.compared
        found.wrong = sorted(found.wrong + self.asked.wrong, key=lambda wrong: _offset(wrong.position))[:TOLD]
        return found

    def take(self, record: Record) -> None:
        while self._next is not None and record.offset >= self._next[1].next:
            self._compare(*self._next)
        key, value = record.key or b"", record.value or b""
        prev = journal.before(record.headers)
        if not self._chain.take(prev, key, value):
            self._void(record, prev, key, value)
            return
        head = self._chain.head
        self._remember(head)
        self._block.add(leaf(record.offset, head))
        self._found.facts += 1
        plain = self._facts.plain(value)
        if plain is None:
            self._wrong(record.offset, f"it counts, and it is no fact: {_why(value)}")
        else:
            self._judge(record.offset, key, plain["meta"])

    def close(self) -> None:
        self._end_group()
        while self._next is not None:
            self._compare(*self._next)

    # ── the chain ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _void(self, record: Record, prev: bytes | None, key: bytes, value: bytes) -> None:
        """Whoever writes a void record believed another one to be the last: one that is there, or was void itself."""
        self._found.void += 1
        own = hashed(prev, key, value) if prev is not None else None
        if own is None or prev is None:
            return
        named = bytes.fromhex(prev.decode())
        if named not in self._hashes and named not in self._older:
            told = f"it names a record of the hash {prev.decode()} before it, and there is none: that one was changed"
            self._wrong(record.offset, f"{told} (it stood before {record.offset}), or removed")
        self._remember(own)

    def _remember(self, record: bytes) -> None:
        self._hashes.add(record)
        if len(self._hashes) > REMEMBERED:
            self._hashes, self._older = set(), self._hashes

    def _compare(self, number: int, block: Block) -> None:
        """Compare the journal with what a checkpoint says of it up to here."""
        self._next = next(self._due, None)
        head, root, count = self._chain.head.hex(), self._block.root().hex(), self._block.count
        self._block = Growing()
        self._found.checkpoints += 1
        if not self._checkpointed:  # What does not agree once does not later.
            return
        if head != block.head or root != block.root or count != block.count:
            self._checkpointed = False
            said = f"checkpoint {number} says that {block.count} records count from here to {block.next - 1}"
            self._wrong(
                block.start,
                f"{said}, the last of the hash {block.head}; there are {count}, the last of {head}: one of them was "
                "changed, removed or added",
            )

    # ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _judge(self, offset: int, key: bytes, meta: Mapping[str, Any]) -> None:
        type_, version = meta["type"], meta["version"]
        if type_ not in self._types:
            self._wrong(offset, f"it holds {type_}, which is no fact of {self._task.domain.name}")
        known = self._versions.get(key, 0 if self._whole else None)
        if type_ in _SAYS_NOTHING:
            if known is not None and version != known:
                self._wrong(offset, f"it leaves its subject at version {version}, and that is at {known}")
        else:
            if known is not None and version != known + 1:
                self._wrong(offset, f"it makes version {version} of its subject, and was to make {known + 1}")
            self._versions[key] = version
            if key != meta["subject"].encode():
                self._wrong(offset, f"its key is not its subject, {meta['subject']}")
            elif version == 1 and partition_of(key, self._task.domain.partitions) != self._task.journal.partition:
                self._wrong(offset, f"it does not belong into partition {self._task.journal.partition}")
        command = meta["command_offset"]
        if command != self._command:
            self._begin_group(offset, command, meta)
        self._group.append((offset, meta["command_id"], meta["id"]))

    def _begin_group(self, offset: int, command: int, meta: Mapping[str, Any]) -> None:
        """Begin with the records of the next command."""
        self._end_group()
        if command < self._command:
            self._wrong(offset, f"it answers the command at {command}, after one at {self._command} was answered")
        else:
            self.asked.answer(offset, command, meta)
        self._command = command

    def _end_group(self) -> None:
        """See that all records of a command are there: the id of each says which of how many it is."""
        count = len(self._group)
        for n, (offset, command_id, own) in enumerate(self._group):
            if own != fact_id(command_id, n, count):
                said = f"it is not the record {n + 1} of {count} that the command {command_id} left"
                self._wrong(offset, f"{said}: one of them is missing, or was put in")
                break
        self._group = []

    def _wrong(self, offset: int, said: str) -> None:
        if len(self._found.wrong) < TOLD:
            self._found.wrong.append(Wrong(f"{self._task.journal}:{offset}", said))


def _ids(reader: Records, task: Task) -> Iterator[tuple[int, str]]:
    """Give the commands that the journal answers from its beginning on: the offset and id of each."""
    facts, chain = Facts.of(wire.WIRE.contracts), Chain()
    for batch in reader.read(topics.facts(task.journal.domain), task.journal.partition, 0, task.end):
        for record in batch:
            key, value = record.key or b"", record.value or b""
            if chain.take(journal.before(record.headers), key, value) and (plain := facts.plain(value)):
                yield plain["meta"]["command_offset"], plain["meta"]["command_id"]


def _why(value: bytes) -> str:
    try:
        wire.decode_fact(value)
    except wire.Undecodable as error:
        return str(error)
    return "no contract reads it."


def _offset(position: str) -> int:
    return int(position.rpartition(":")[2])
