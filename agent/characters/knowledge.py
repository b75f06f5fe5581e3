"""What a character knows: the items of its document, which are texts, or name files and folders beside it."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Literal, NamedTuple

from agent.characters.character import Knowledge
from agent.characters.unreadable import Unreadable
from schemas.message import JsonObject


class Item(NamedTuple):
    """An item: a text, the path of a file or of a folder, or words that are a path only if there is such a file."""

    kind: Literal["text", "file", "folder", "words"]
    value: str
    path: str | None = None
    shared: bool = False


def items(document: JsonObject) -> Iterator[Item]:
    """Give the items of a document; what is none is left out. Raises Unreadable for a path out of the folder."""
    for name in ("knowledge", "documents"):
        listed = document.get(name)
        for each in listed if isinstance(listed, list) else ():
            item = _item(each)
            if item is not None:
                yield item


def _item(said: Any) -> Item | None:
    match said:
        case str():
            return Item("words", said)
        case {"content": str() as text}:
            path = said.get("path")
            return Item("text", text, path if isinstance(path, str) else None)
        case {"path": str() as path}:
            return Item("file", inside(path), shared=said.get("shared") is True)
        case {"directory": str() as path}:
            return Item("folder", inside(path), shared=said.get("shared") is True)
        case {"item": {"case": "path" | "directory" as case, "value": str() as path}}:
            return _item({case: path, "shared": said.get("shared")})
        case _:
            return None


def of(document: JsonObject, files: Mapping[str, str]) -> Iterator[Knowledge]:
    """Give what a character knows, with the texts of the files that are there. Raises Unreadable."""
    for item in items(document):
        match item.kind:
            case "text":
                yield Knowledge(item.value, item.path)
            case "words":
                path = normal(item.value)
                yield Knowledge(files[path], path) if path in files else Knowledge(item.value)
            case "file" | "folder":
                for path in found(item, files):
                    yield Knowledge(files[path], path, item.shared)


def found(item: Item, files: Mapping[str, str]) -> list[str]:
    """Give the paths of the files that an item names, of those that are there."""
    if item.kind == "folder":
        return sorted(path for path in files if str(PurePosixPath(path).parent) == item.value)
    return [item.value] if item.value in files else []


def normal(path: str) -> str:
    """Give a path as all name it: with slashes, and without dots."""
    return str(PurePosixPath(path.replace("\\", "/")))


def inside(path: str) -> str:
    """Give a path below the folder, as all name it. Raises Unreadable for a path that leads elsewhere."""
    windows = PureWindowsPath(path)
    if "://" in path or windows.drive or windows.root or ".." in windows.parts or "\0" in path:
        told = f"Name files below the character's own folder only: {path[:100]!r} leads elsewhere."
        raise Unreadable("character_path_outside", told)
    return normal(path)
