"""Facts as a journal tells them: made here, chained as a worker chains them, and read as a projection reads them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiokafka.partitioner import murmur2

from projections.fold import fold
from projections.projection import Key, Projection, Row
from projections.reading import Place, Progress, Stretch, read
from schemas import wire
from schemas.journal import GENESIS, after, link
from schemas.message import Actor, CommandRejected, CommandUnchanged, Fact, FactMeta, Recorded
from schemas.resource import ResourceRegistered

ALICE = Actor(id="alice", address="127.0.0.1")
FIRST_MOMENT = 1_764_000_000_000


@dataclass
class Record:
    """A record of a journal, as a Kafka client gives it."""

    offset: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass
class Journal:
    """One partition of a facts topic, on paper. Every `tell` is one command's record batch."""

    domain: str = "resource"
    partition: int = 0
    records: list[Record] = field(default_factory=list)
    head: bytes = GENESIS
    commands: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return Place(self.domain, self.partition)

    def tell(self, subject: str, *facts: Fact, actor: Actor = ALICE, command_id: str = "") -> str:
        """Add what one command left; its id."""
        command_id = command_id or str(uuid4())
        for fact in facts:
            self.append(subject.encode(), wire.encode_fact(self.recorded(subject, fact, actor, command_id)))
        self.commands += 1
        return command_id

    def append(self, key: bytes, value: bytes, prev: bytes | None = None) -> None:
        """Add a record; with another `prev` than the head it is void."""
        self.records.append(Record(len(self.records), key, value, [after(self.head if prev is None else prev)]))
        if prev is None:
            self.head = link(self.head, key, value)

    def recorded(self, subject: str, fact: Fact, actor: Actor = ALICE, command_id: str = "c") -> Recorded:
        """Give a fact with what travels with it."""
        if not isinstance(fact, CommandRejected | CommandUnchanged):
            self.versions[subject] = self.versions.get(subject, 0) + 1
        meta = FactMeta(
            id=str(uuid4()),
            type=fact.type,
            subject=subject,
            version=self.versions.get(subject, 0),
            time=FIRST_MOMENT + self.commands,
            actor=actor,
            command_id=command_id,
            command_type=f"{self.domain}.do",
            command_offset=self.commands,
            correlation_id=command_id,
        )
        return Recorded(meta, fact)


def partition_of(subject: str, partitions: int = 8) -> int:
    return int(murmur2(subject.encode()) & 0x7FFFFFFF) % partitions


def registered(name: str = "The book of sand", owner: str = "alice", **others: Any) -> ResourceRegistered:
    fields: dict[str, Any] = {"kind": "book", "kind_version": 1, "kind_position": 0, "attributes": {}, "tags": ()}
    return ResourceRegistered(**fields | others, name=name, owner=owner)


def stretches(
    projection: Projection, journal: Journal, cuts: Iterable[int] = (), before: Progress | None = None
) -> Iterable[Stretch]:
    """Read a journal, or what follows `before` of it, cut into batches at these offsets."""
    reached = before or Progress()
    end = len(journal.records)
    edges = sorted({end, *(each for each in cuts if reached.read_to + 1 < each < end)})
    for edge in edges:
        stretch = read(projection, journal.place, reached, journal.records[reached.read_to + 1 : edge])
        reached = stretch.after
        yield stretch


def rows_of(projection: Projection, journal: Journal, cuts: Sequence[int] = ()) -> dict[Key, Row]:
    """Fold a journal into rows, batch by batch."""
    rows: dict[Key, Row] = {}
    for stretch in stretches(projection, journal, cuts):
        rows |= fold(projection, rows, stretch.facts).rows
    return rows


def row_after(projection: Projection, *facts: Fact, actor: Actor = ALICE) -> Row:
    """Fold the facts of one subject, called `one`, each left by a command of its own."""
    journal = Journal(projection.name)
    for fact in facts:
        journal.tell("one", fact, actor=actor)
    (row,) = rows_of(projection, journal).values()
    return row


def changes(projection: Projection, first: Fact, *facts: Fact) -> Row:
    """Give what facts change of the row that the first one made, beside what every fact changes."""
    before, after = row_after(projection, first), row_after(projection, first, *facts)
    assert before.keys() == after.keys() == {str(column.name) for column in projection.table.columns}
    assert (after["version"], after["position"]) == (1 + len(facts), f"{projection.name}:0:{len(facts)}")
    moving = {"version", "position", "updated_time"}
    return {name: value for name, value in after.items() if name not in moving and value != before[name]}


async def until(true: Callable[[], Awaitable[object]], patience: float = 30) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(patience):
        while not await true():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)
