"""What a journal's records are made of, and what a command must be before any rule sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import uuid_utils

from commands.decider import Refused
from schemas.message import (
    Actor,
    Asked,
    Command,
    CommandMeta,
    CommandRejected,
    CommandUnchanged,
    Domain,
    Fact,
    FactMeta,
    JsonObject,
    Position,
    Recorded,
)
from schemas.partition import partition_of
from streams.store import Answer

WINDOW_MS = 7 * 24 * 3600 * 1000
"""How long a command id is remembered; a command asked longer ago than this is refused."""

CLOCK_SKEW_MS = 5 * 60 * 1000
"""How far an asker's clock may run ahead of the broker's."""

REMEMBERED_MS = WINDOW_MS + CLOCK_SKEW_MS
"""How long an id is remembered by the broker's clock: until no repeat of it can be young enough to be decided."""

KEPT_MS = REMEMBERED_MS + CLOCK_SKEW_MS
"""How long an id is kept: the broker's clock may go back a little when another broker takes over."""

APPEND_BYTES = 500_000
"""Where an append is full; the largest answer still fits between this and the producer's 900 KB."""

LARGEST_ANSWER = 300_000
"""Bytes that all records of one command may take."""

UNDECODABLE_BYTES = 200_000
"""How much is kept of what cannot be decoded: in base64 it still fits an answer."""

SUBJECT_BYTES = 800
"""No subject is longer: 200 characters of at most four bytes."""

HEADER_BYTES = 400

_NAMESPACE = uuid_utils.UUID("6f1a3c2e-5b0d-5c9e-9f43-8f1f6d0a7c11")


class Record(Protocol):
    """A record of a topic, as any Kafka client gives it."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


Kinds = Mapping[tuple[str, int], JsonObject]


class KnownKinds(Protocol):
    """The kinds as they were defined up to a position of `kind.facts`; up to none there are none.

    Raises KindsBehind when that position has not been read yet.
    """

    def at(self, position: int | None) -> Kinds: ...


class KindsBehind(Exception):  # noqa: N818 - a state to wait out, not an error
    """A command is to be checked against kinds that are defined at a position not read yet."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Entry(NamedTuple):
    """A record to be appended to the journal."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(slots=True)
class Draft:
    """What the next commands would add on top of the journal as it is known; nothing of it is so until stored."""

    head: bytes
    next: int
    command: int
    time: int
    entries: list[Entry] = field(default_factory=list)
    states: dict[bytes, tuple[int, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    size: int = 0


def check(asked: Asked, record: Record, version: int, domain: Domain, partition: int) -> None:
    """Refuse what no rule needs to see; `version` is the subject's, 0 for one that never was. Raises Refused."""
    meta, key = asked.meta, record.key or b""
    if type(asked.command) not in domain.commands:
        raise Refused("wrong_topic", f"No {domain.name} is changed by this; write it to the topic of its own domain.")
    if record.timestamp - meta.time > WINDOW_MS:
        raise Refused("command_expired", "This was asked more than 7 days ago; ask again with a new id.")
    if meta.time - record.timestamp > CLOCK_SKEW_MS:
        raise Refused("command_from_the_future", "This was asked at a time still to come; set the asker's clock.")
    if key != asked.command.subject.encode():
        raise Refused("subject_mismatch", "The record's key is not the command's subject; make them the same.")
    if not version and partition_of(key, domain.partitions) != partition:
        raise Refused("wrong_partition", "The command is not in its key's partition; use the default partitioner.")


def check_version(meta: CommandMeta, version: int) -> None:
    """Refuse a command that was asked of another version than the subject has. Raises Refused."""
    if meta.expected_version is not None and meta.expected_version != version:
        told = f"The subject is at version {version}, not {meta.expected_version}; read it again and decide anew."
        raise Refused("version_conflict", told)


def unnamed(record: Record, key: bytes, place: Position) -> CommandMeta:
    """Stand in for a command that has no name of its own, named by its place on the commands topic."""
    command_id = str(uuid_utils.uuid5(_NAMESPACE, str(place)))
    return CommandMeta(
        id=command_id,
        type="",
        subject=key.decode(errors="replace"),
        time=record.timestamp,
        actor=Actor(id="unknown"),
        correlation_id=command_id,
    )


def kind_position(command: Command, state: Any) -> int | None:
    """Up to where in `kind.facts` a command is checked: as far as it says, or as its subject's earlier ones were.

    Only commands with attributes say; for the others it is None.
    """
    asked = vars(command)
    if "kind_position" not in asked:
        return None
    places = (asked["kind_position"], getattr(state, "kind_position", None))
    return max((place for place in places if place is not None), default=None)


def fact_meta(meta: CommandMeta, record: Record, fact: Fact, version: int, place: tuple[int, int]) -> FactMeta:
    """Say what travels with a fact; `place` is which of how many facts of its command it is.

    Both go into its id, and with it into the chain: of a command that two releases answer differently, the records of
    one answer count and none of the other.
    """
    n, count = place
    return FactMeta.unchecked(
        id=fact_id(meta.id, n, count),
        type=fact.type,
        subject=meta.subject,
        version=version,
        time=record.timestamp,
        actor=meta.actor,
        command_id=meta.id,
        command_type=meta.type,
        command_offset=record.offset,
        command_digest=meta.digest,
        correlation_id=meta.correlation_id,
        causation_id=meta.causation_id,
    )


def fact_id(command_id: str, n: int, count: int) -> str:
    """Give the id of the n-th of the facts that a command leaves."""
    return str(uuid_utils.uuid5(_NAMESPACE, f"{command_id}:{n}/{count}"))


def answer_of(recorded: Recorded, offset: int, before: Answer | None) -> Answer:
    """Remember a command's record; its earlier records are in `before`."""
    meta, fact = recorded.meta, recorded.fact
    earlier = before.facts if before is not None and before.time == meta.time else ()
    return Answer(
        time=meta.time,
        offset=offset,
        version=meta.version,
        subject=meta.subject,
        type=meta.command_type,
        actor=meta.actor.id,
        digest=meta.command_digest,
        facts=earlier if isinstance(fact, CommandRejected | CommandUnchanged) else (*earlier, meta.type),
        code=fact.code if isinstance(fact, CommandRejected) else None,
        reason=fact.reason if isinstance(fact, CommandRejected) else None,
    )


def sorry(error: Exception, meta: CommandMeta) -> str:
    """Say that a rule of ours broke."""
    return f"A rule failed here ({type(error).__name__}); tell whoever runs this service, naming command {meta.id}."
