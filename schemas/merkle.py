"""Merkle trees of RFC 9162 §2.1: many records under one root, and from each of them a short path to it."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256().digest()
"""The root of no leaves."""

_LEAF, _NODE = b"\x00", b"\x01"


def leaf(data: bytes) -> bytes:
    """Give the hash of a leaf; no node hashes so, and none can be shown for one."""
    return sha256(_LEAF + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


class Growing:
    """A tree of which only the root is wanted: it keeps one hash for each power of two, however many leaves come."""

    __slots__ = ("_peaks", "count")

    def __init__(self) -> None:
        self._peaks: list[bytes] = []
        self.count = 0

    def add(self, data: bytes) -> None:
        top = sha256(_LEAF + data).digest()
        peaks = self._peaks
        count = self.count
        while count & 1:
            top = sha256(_NODE + peaks.pop() + top).digest()
            count >>= 1
        peaks.append(top)
        self.count += 1

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        *higher, root = self._peaks
        for peak in reversed(higher):
            root = node(peak, root)
        return root


class Tree:
    """A tree of which paths are wanted: it keeps every node."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = [[leaf(data) for data in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_above(self._levels[-1]))

    @property
    def root(self) -> bytes:
        return self._levels[-1][0] if self._levels[-1] else EMPTY

    def path(self, index: int) -> list[bytes]:
        """Give the hashes that lead from a leaf to the root, the lowest first (RFC 9162 §2.1.3.1)."""
        found = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                found.append(level[beside])
            index >>= 1
        return found


def leads(data: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether a path leads from the leaf at `index` of `count` to a root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < count:
        return False
    top, last = leaf(data), count - 1
    for beside in path:
        if not last:
            return False
        if index & 1 or index == last:
            top = node(beside, top)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            top = node(top, beside)
        index, last = index >> 1, last >> 1
    return not last and top == root


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Give the nodes over a level; a hash that has none beside it goes up as it is."""
    pairs = [node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
