"""What the model keeps in its log: commands, records chained by hash, and which of them count."""

from functools import cache
from typing import NamedTuple

COMMANDS = ("a", "b", "a")
"""The ids of one partition's commands, in order; the third repeats the first."""


class Value(NamedTuple):
    """What a record says: the command it answers, what happened, the version, and how many records it is one of."""

    offset: int
    id: str
    fact: str
    version: int
    of: int


class Record(NamedTuple):
    """A record names the hash of the one before it; a hash is a number here, equal only for equal chains."""

    prev: int
    value: Value


Log = tuple[int, ...]
"""Records, by their hashes."""

Facts = tuple[Value, ...]

GENESIS = 0
_records = [Record(GENESIS, Value(-1, "", "", 0, 0))]
_hashes: dict[Record, int] = {}


def link(prev: int, value: Value) -> int:
    """Hash a record."""
    record = Record(prev, value)
    if record not in _hashes:
        _hashes[record] = len(_records)
        _records.append(record)
    return _hashes[record]


def values(log: Log) -> Facts:
    """Read records; what is before the first answers command -1."""
    return tuple(_records[record].value for record in log)


def tell(log: Log) -> str:
    """Write records as `a:taken b:refused`."""
    return " ".join(f"{value.id}:{value.fact}" for value in values(log))


def follow(log: Log, head: int = GENESIS, *, check: bool = True) -> Log:
    """Keep the records that count on top of `head` (rule 3); all of them, when `prev` is not checked."""
    counting = []
    for record in log:
        if not check or _records[record].prev == head:
            counting.append(record)
            head = record
    return tuple(counting)


@cache
def truth(log: Log) -> Facts:
    """Say what counts in a log, whatever anyone believes."""
    return values(follow(log))


def cuts(log: Log, known: int) -> list[int]:
    """Find the places from `known` on, but the end, where no command's records are parted."""
    offsets = [value.offset for value in values(log)]
    return [place for place in range(known, len(log)) if place == known or offsets[place - 1] != offsets[place]]
