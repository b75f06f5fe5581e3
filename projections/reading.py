"""A journal as a projection reads it: records that count become facts, with the row each changes; void ones do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from projections.projection import Key, Projection
from schemas import journal, wire
from schemas.journal import GENESIS, Chain
from schemas.message import Recorded

SHARED, SHARED_BYTES = 2_000, 8_192
"""Facts that are kept as they were read, and how large each: several read models are made of each, about as soon."""

_shared = lru_cache(SHARED)(wire.decode_fact)


class Record(Protocol):
    """A record of a facts topic, as any Kafka client gives it."""

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Place(NamedTuple):
    """One partition of the journal of one domain."""

    domain: str
    partition: int


class Progress(NamedTuple):
    """How far a journal has been read.

    `read_to` is the offset of the last record read, void or not; `head` the hash of the last that counts; `answered`
    the offset of the newest command whose outcome has been read; `fact_time` the time of the newest fact.
    """

    read_to: int = -1
    head: bytes = GENESIS
    answered: int = -1
    fact_time: int = 0


class Told(NamedTuple):
    """A fact as it came: what it says and the row it changes, or why that cannot be known."""

    record: Record
    position: str
    recorded: Recorded | None
    key: Key | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive records of one journal: how far it was read before and after them, and the facts among them."""

    place: Place
    before: Progress
    after: Progress
    records: Sequence[Record]
    facts: list[Told]
    void: int


def read(projection: Projection, place: Place, before: Progress, records: Sequence[Record]) -> Stretch:
    """Read the records that follow `before`."""
    chain = Chain(before.head)
    facts = []
    answered, time = before.answered, before.fact_time
    for record in records:
        if not chain.take(journal.before(record.headers), record.key or b"", record.value or b""):
            continue
        fact = told(projection, place, record)
        if fact.recorded is not None:
            answered = max(answered, fact.recorded.meta.command_offset)
            time = max(time, fact.recorded.meta.time)
        facts.append(fact)
    after = Progress(records[-1].offset, chain.head, answered, time)
    return Stretch(place, before, after, records, facts, chain.void)


def told(projection: Projection, place: Place, record: Record) -> Told:
    """Read one record that counts."""
    position = f"{place.domain}:{place.partition}:{record.offset}"
    try:
        value = record.value or b""
        recorded = _shared(value) if len(value) <= SHARED_BYTES else wire.decode_fact(value)
        return Told(record, position, recorded, projection.key(recorded))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one fact must not stop the others
        return Told(record, position, None, None, sentence(error))


def sentence(error: BaseException) -> str:
    """Say in one line what went wrong."""
    return f"{type(error).__name__}: {error}".strip().replace("\n", " ").replace("\0", "")
