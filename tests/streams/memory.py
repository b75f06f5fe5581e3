"""A facts partition in memory that fails as Kafka may, and commands as the broker would have stored them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import wire
from schemas.journal import PREV, Chain
from schemas.message import Actor, Asked, Command, CommandMeta, JsonObject, Outcome, Recorded
from streams.deciders import Deciding
from streams.journal import Around, Journal, Unsure
from streams.kinds import KindsUpTo
from streams.ledger import Ledger, OtherJournal
from streams.records import KEPT_MS, Entry, Record
from streams.store import Store

NOW = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class MemoryLog:
    """Appends at the end, always: whether it counts is for readers to say. `troubles` happen to the next appends."""

    records: list[Stored] = field(default_factory=list)
    troubles: list[Callable[["MemoryLog", Sequence[Entry]], None]] = field(default_factory=list)

    async def read(self, offset: int) -> AsyncIterator[Sequence[Record]]:
        if offset > len(self.records):
            raise OtherJournal
        if offset < len(self.records):
            yield self.records[offset:]

    async def append(self, entries: Sequence[Entry]) -> int:
        if self.troubles:
            self.troubles.pop(0)(self, entries)
        return self.store(entries)

    def store(self, entries: Sequence[Entry]) -> int:
        base = len(self.records)
        self.records += [Stored(base + n, NOW, e.key, e.value, tuple(e.headers)) for n, e in enumerate(entries)]
        return base

    def counting(self) -> list[Stored]:
        """The records that count, as any reader finds them."""
        chain = Chain()
        return [r for r in self.records if chain.take(dict(r.headers)[PREV], r.key or b"", r.value or b"")]

    def recorded(self) -> list[Recorded]:
        return [wire.decode_fact(record.value or b"") for record in self.counting()]


def reply_lost(log: MemoryLog, entries: Sequence[Entry]) -> None:
    """It is stored, but the writer does not hear of it."""
    log.store(entries)
    raise Unsure("the acknowledgement was lost")


def never_stored(_: MemoryLog, __: Sequence[Entry]) -> None:
    raise Unsure("the request was lost")


def stored_by_another_first(log: MemoryLog, entries: Sequence[Entry]) -> None:
    """Another owner decided the same and was quicker."""
    log.store(entries)


def noise_first(log: MemoryLog, _: Sequence[Entry]) -> None:
    """A record that does not count stands before ours."""
    log.store([Entry(b"noise", b"noise", [(PREV, b"nothing like it")])])


class Told:
    """Replies as they were told."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, Outcome]] = []

    def tell(self, channel: str, told: Mapping[str, Any], /) -> None:
        self.outcomes.append((channel, Outcome.model_validate(told)))


class Awake:
    def lost(self) -> bool:
        return False

    async def regained(self) -> None: ...


class FixedKinds:
    """Kinds that are all known already."""

    def __init__(self, schemas: dict[tuple[str, int], JsonObject]) -> None:
        self._defined = {kind: (position, schema) for position, (kind, schema) in enumerate(schemas.items())}

    def at(self, position: int | None) -> KindsUpTo:
        return KindsUpTo(self._defined, -1 if position is None else position)

    async def reach(self, position: int) -> None: ...


def command(  # noqa: PLR0913 - a command is what it is
    offset: int,
    asked: Command,
    *,
    by: str = "alice",
    id_: str | None = None,
    expected_version: int | None = None,
    digest: str | None = None,
    asked_at: int = NOW,
    stored_at: int | None = None,
    reply: str | None = None,
) -> Stored:
    """Give a command as the broker stored it, at `offset` of its partition."""
    id_ = id_ or f"command-{offset}"
    meta = CommandMeta(
        id=id_,
        type=asked.type,
        subject=asked.subject,
        time=asked_at,
        actor=Actor(id=by),
        expected_version=expected_version,
        correlation_id=id_,
        digest=digest,
    )
    headers = [("reply", reply.encode())] if reply else []
    value = wire.encode_command(Asked(meta, asked))
    return Stored(offset, stored_at if stored_at is not None else NOW + offset, asked.subject.encode(), value, headers)


def open_ledger(deciding: Deciding, path: Path, kinds: FixedKinds, partition: int = 0) -> Ledger:
    store = Store(path, type(deciding.decider.initial), "these rules", KEPT_MS)
    return Ledger(deciding.domain, partition, deciding.decider, store, kinds)


def open_journal(
    ledger: Ledger, log: MemoryLog, kinds: FixedKinds, told: Told | None = None, pulse: Any = None
) -> Journal:
    return Journal("test", ledger, log, Around(kinds, pulse or Awake(), told or Told()))
