"""What is indexed: the text of a resource or of a page, what it is called, and who may read it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.knowledge.blocks import blocks

Source = Literal["docs", "resource"]

KIND = "document"
"""The kind of resources that are texts: their text is the attribute `text` alone."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text. `labels` are words to find it by that do not stand in it; `readers` are None if everybody may read it.

    `version` only grows. `position` is that of the newest fact of a resource.
    """

    source: Source
    id: str
    version: int
    title: str
    text: str
    labels: tuple[str, ...] = ()
    readers: tuple[str, ...] | None = None
    position: str | None = None

    def digest(self, model: str) -> str:
        """Give the SHA-256 of all that its vectors are made of, with the name of what makes them."""
        return hashlib.sha256("\0".join((model, self.title, *self.labels, "", self.text)).encode()).hexdigest()


def of_resource(row: Mapping[str, Any]) -> Document:
    """Give what is indexed of a resource, of its row as of what the door answers."""
    return Document(
        source="resource",
        id=row["resource_id"],
        version=row["version"],
        title=row["name"],
        text=_text(row),
        labels=tuple(row["tags"]),
        readers=(row["owner"], *row["editors"], *row["viewers"]),
        position=row["position"],
    )


def pages(directory: Path) -> Iterator[Document]:
    """Give the platform's own documents: README.md and docs/, as far as they are there."""
    for path in (directory / "README.md", *sorted((directory / "docs").rglob("*.md"))):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(directory).as_posix()
            yield Document("docs", name, 0, _first_heading(text) or name, text)


def _first_heading(text: str) -> str:
    headings = (text[start:end] for start, end, kind in blocks(text) if kind == "heading")
    return next(headings, "").lstrip("# ")


def _text(row: Mapping[str, Any]) -> str:
    attributes = row["attributes"]
    if row["kind"] == KIND and isinstance(attributes.get("text"), str):
        return str(attributes["text"])
    said = [("name", row["name"]), ("kind", row["kind"]), ("tags", ", ".join(row["tags"])), *_leaves(attributes)]
    return "\n\n".join(f"{name}: {value}" for name, value in said if value not in ("", None))


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values in attributes with the names that lead to each, such as `address city`."""
    if isinstance(value, dict):
        # Whoever tells it, in whichever order: spans are of one text.
        for key, part in sorted(value.items()):
            yield from _leaves(part, f"{name} {key}".lstrip())
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        for part in value:
            yield from _leaves(part, name)
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else value
