"""A file that a replay writes, and the file of places beside it, by which a replay that was ended goes on."""

import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import orjson

from infra.replaying.places import Range
from infra.replaying.reading import Piece
from infra.settings import Unusable

ENDING = ".replay"
EVERY = 1.0
"""Seconds of work that an end at the worst of moments costs."""


class File:
    """Takes lines. Its places are written when the lines up to them are on the disk, and never name more.

    So whatever ends it, `resumed` cuts off what came later, and goes on from there.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any], ranges: Sequence[Range], length: int = 0) -> None:
        self.ranges = list(ranges)
        self._path = path
        self._asked = dict(asked)
        self._length = length
        self._saved = monotonic()
        try:
            # First the places: a file without them is whole.
            if not places(path).exists():
                self._note()
            self._descriptor = _opened(path, length)
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, piece: Piece) -> None:
        """Take the next piece of a range. Raises Unusable when the disk does."""
        try:
            left = memoryview(piece.lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            self._length += len(piece.lines)
            self.ranges[piece.number] = piece.after
            if monotonic() - self._saved >= EVERY:
                self._save()
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self, *, whole: bool) -> None:
        """Let go of the file; when it is whole, nothing is left to be resumed."""
        try:
            self._save()
            if whole:
                places(self._path).unlink()
        except OSError as error:
            if whole:
                raise _unwritable(self._path, error) from error
        finally:
            os.close(self._descriptor)

    def _save(self) -> None:
        os.fsync(self._descriptor)
        self._note()
        self._saved = monotonic()

    def _note(self) -> None:
        said = {"asked": self._asked, "length": self._length, "ranges": [each.said() for each in self.ranges]}
        new = places(self._path).with_name(places(self._path).name + ".new")
        new.write_bytes(orjson.dumps(said))
        new.replace(places(self._path))


def places(path: Path) -> Path:
    """Say where the places of a file stand."""
    return path.parent / (path.name + ENDING)


def begun(path: Path, asked: Mapping[str, Any], ranges: Sequence[Range]) -> File:
    """Begin a file. Raises Unusable if there is one."""
    require_new(path)
    return File(path, asked, ranges)


def require_new(path: Path) -> None:
    """Raise Unusable for a file that is there, whole or not."""
    if places(path).exists():
        raise Unusable(f"{path} was begun and is not whole: go on with --resume, or delete it and {places(path)}.")
    if path.exists():
        raise Unusable(f"{path} is there already: name another file, or delete it.")


def resumed(path: Path, asked: Mapping[str, Any]) -> File | None:
    """Go on with a file; None if it was never begun. Raises Unusable if it cannot be gone on with."""
    try:
        said = orjson.loads(places(path).read_bytes())
        ranges = [Range.read(each) for each in said["ranges"]]
        before, length = said["asked"], int(said["length"])
    except FileNotFoundError:
        if path.exists():
            raise Unusable(f"There is nothing to resume: {path} is whole, for {places(path)} is not there.") from None
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise Unusable(f"{places(path)} cannot be read: delete it and {path}, and replay anew.") from None
    if before != orjson.loads(orjson.dumps(asked)):
        raise Unusable(
            f"{path} was begun for something else ({_words(before)}): ask for the same, or name another file."
        )
    there = path.stat().st_size if path.exists() else 0
    if there < length:
        raise Unusable(
            f"{path} was cut: it has {there:,} of {length:,} bytes. Delete it and {places(path)}, and replay anew."
        )
    return File(path, asked, ranges, length)


def _opened(path: Path, length: int) -> int:
    """Open a file of which so much is good, and let nobody else write it. Raises Unusable and OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, length)
    except BlockingIOError:
        os.close(descriptor)
        raise Unusable(f"Another replay writes {path}: wait for it, or name another file.") from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _unwritable(path: Path, error: OSError) -> Unusable:
    again = "then ask the same with --resume" if places(path).exists() else "or name another file"
    return Unusable(f"{path} cannot be written ({error.strerror}): mend that, {again}.")


def _words(asked: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in asked.items()) or "all facts"
