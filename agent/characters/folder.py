"""Reads a character from its file: with its parents, and with the files that it names in the folder beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agent.characters import knowledge
from agent.characters.knowledge import Item, inside, normal
from agent.characters.reading import parse, texts
from agent.characters.unreadable import Unreadable
from schemas.character import LARGEST
from schemas.message import JsonObject

MOST_WRITTEN = 1_000_000
"""Bytes of a document's file: with its blanks and escapes it may take more than LARGEST."""

LONGEST_PATH = 200
"""Bytes; what is longer names no file, for file systems take no longer names."""


class Source(NamedTuple):
    """A document that speaks for itself, its parents merged into it, and the texts of files by their paths."""

    document: JsonObject
    files: dict[str, str]


def read(path: Path) -> Source:
    """Read a character's file and what it names. Raises Unreadable, and OSError for a file that cannot be read."""
    folder, itself = path.parent.resolve(), path.resolve()
    document = _with_parents(_document(path), folder, {itself})
    return Source(document, _files(document, folder, itself))


# ── parents ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def merged(parent: JsonObject, child: JsonObject) -> JsonObject:
    """Give a document with all that its parent has: lists one after the other, objects in one, else as the child says.

    So does ElizaOS. The parent's id stays its own.
    """
    whole: JsonObject = _merged({name: value for name, value in parent.items() if name != "id"}, child)
    return whole


def _merged(was: Any, now: Any) -> Any:
    if isinstance(was, dict) and isinstance(now, dict):
        both = {name: _merged(was[name], now[name]) for name in was.keys() & now.keys()}
        return was | now | both
    if isinstance(was, list) or isinstance(now, list):
        return [*(was if isinstance(was, list) else texts(was)), *(now if isinstance(now, list) else texts(now))]
    return now


def _with_parents(document: JsonObject, folder: Path, seen: set[Path]) -> JsonObject:
    """Merge the parents that a document extends into it, each once; those that are not there stay named."""
    named = texts(document.get("extends"))
    if not named:
        return document
    whole, missing = {name: value for name, value in document.items() if name != "extends"}, []
    for name in named:
        path = _resolved(inside(name), folder)
        if not path.is_file():
            missing.append(name)
        elif path not in seen:
            seen.add(path)
            whole = merged(_with_parents(_document(path), folder, seen), whole)
    return whole | {"extends": missing} if missing else whole


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _files(document: JsonObject, folder: Path, itself: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    left = LARGEST
    for name in dict.fromkeys(each for item in knowledge.items(document) for each in _named(item, folder)):
        path = _resolved(name, folder)
        text = _readable(path) if path.is_file() and path != itself else None
        if text is None:
            continue
        files[name] = text
        left -= len(text.encode())
        if left < 0:
            told = f"Name less knowledge: up to {name}, the files take more than {LARGEST} bytes."
            raise Unreadable("character_too_large", told)
    return files


def _named(item: Item, folder: Path) -> Iterator[str]:
    """Give the paths that an item names, below the folder, whether or not a file is there."""
    if item.kind == "text" or len(item.value.encode()) > LONGEST_PATH:
        return
    if item.kind == "folder":
        directory = _resolved(item.value, folder)
        for each in sorted(directory.iterdir()) if directory.is_dir() else ():
            if not each.name.startswith("."):
                yield normal(f"{item.value}/{each.name}")
    elif item.kind == "file" or _leads_inside(item.value):
        yield normal(item.value)


def _leads_inside(words: str) -> bool:
    try:
        inside(words)
    except Unreadable:
        return False
    return True


def _resolved(name: str, folder: Path) -> Path:
    """Give a path below the folder without links. Raises Unreadable for a link that leads out of it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        told = f"Name files below the character's own folder only: {name[:100]!r} is a link that leads elsewhere."
        raise Unreadable("character_path_outside", told)
    return path


def _document(path: Path) -> JsonObject:
    return parse(_bytes(path, MOST_WRITTEN))


def _bytes(path: Path, most: int) -> bytes:
    """Read a file, but never much more than could be used."""
    with path.open("rb") as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise Unreadable("character_too_large", f"Make {path.name} smaller: it takes more than {most} bytes.")
    return found


def _readable(path: Path) -> str | None:
    """Give the text of a file; None for what is none."""
    try:
        text = _bytes(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
