"""The chain that makes a partition of facts a journal: which records count, and what each one's hash is."""

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

GENESIS = bytes(32)
"""What the first record of a journal names as the one before it."""

PREV = "prev"
"""The header in which a record carries the hash of the last record that counts before it, in hexadecimal."""

_length = Struct(">I").pack


def link(prev: bytes, key: bytes, value: bytes) -> bytes:
    """SHA-256 of a record, 32 bytes; every part goes in with its length so that no two records hash alike."""
    return sha256(b"".join((_length(len(prev)), prev, _length(len(key)), key, _length(len(value)), value))).digest()


def after(head: bytes) -> tuple[str, bytes]:
    """Give the header of a record that comes after the record of this hash.

    Hexadecimal, for the CloudEvents libraries read every header as text.
    """
    return PREV, head.hex().encode()


def before(headers: Iterable[tuple[str, bytes]]) -> bytes | None:
    """Give what a record's headers say of the record before it; None when they say nothing."""
    for name, value in headers:
        if name == PREV:
            return value
    return None


def hashed(prev: bytes, key: bytes, value: bytes) -> bytes | None:
    """Give the hash of a record by its header `prev`; None when that is no hash, and no hash of ours stands there."""
    try:
        return link(bytes.fromhex(prev.decode()), key, value)
    except ValueError:
        return None


class Chain:
    """A reader's place in a journal: `head` is the hash of the last record that counts (design §3, rule 3)."""

    __slots__ = ("head", "void")

    def __init__(self, head: bytes = GENESIS) -> None:
        self.head = head
        self.void = 0

    def take(self, prev: bytes | None, key: bytes, value: bytes) -> bool:
        """Say whether a record counts, by what it says of the one before it, and step onto it if it does."""
        if prev != self.head.hex().encode():
            self.void += 1
            return False
        self.head = link(self.head, key, value)
        return True
