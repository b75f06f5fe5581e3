"""Says in sentences what the agent makes of a character's document, and what it only keeps."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.characters import knowledge
from agent.characters.character import Character
from agent.characters.reading import KNOWN, READ, texts
from schemas.concealing import references

TOLD = 200
"""How many characters of a value are told."""


def report(character: Character, files: Mapping[str, str] | None = None) -> list[str]:
    """Give what is read of a document, and what is kept and not used; `files` are those it was read with."""
    return [_read(character), *_kept(character), *_missing(character, files or {}), *_apart(character)]


def _read(character: Character) -> str:
    style = sum(map(len, (character.style.all, character.style.chat, character.style.post)))
    counted = {
        "line of bio": len(character.bio),
        "line of lore": len(character.lore),
        "adjective": len(character.adjectives),
        "topic": len(character.topics),
        "rule of style": style,
        "example of a conversation": len(character.message_examples),
        "example of a post": len(character.post_examples),
        "text of knowledge": len(character.knowledge),
        "template": len(character.templates),
    }
    parts = (["a system prompt"] if character.system else []) + [
        f"{count} {_plural(thing) if count > 1 else thing}" for thing, count in counted.items() if count
    ]
    return f"{character.name} is read with {', '.join(parts) or 'nothing but a name'}."


def _plural(thing: str) -> str:
    noun, of, rest = thing.partition(" of ")
    return f"{noun}s{of}{rest.removeprefix('a ') + 's' if rest.startswith('a ') else rest}"


def _kept(character: Character) -> Iterator[str]:
    for name, value in character.document.items():
        if name in READ:
            if _misfits(name, value):
                yield f"`{name}` is not written as any version of ElizaOS does: it is kept and not used."
        elif name == "extends":
            yield f"`extends` names parents that are not merged here{_told(value)}: it is kept and not used."
        elif name in KNOWN and name != "secrets":
            yield f"`{name}`{_told(value)} is ElizaOS's own: it is kept and not used."
        elif name != "secrets":
            yield f"`{name}` is not known: it is kept and not used."
    if character.plugins:
        yield f"Plugins are ElizaOS's own code, and none of it runs here: {', '.join(character.plugins)}."


def _misfits(name: str, value: Any) -> bool:
    """Say whether nothing could be read of a value, though there is one."""
    if name in ("id", "name", "username", "system"):
        return value is not None and not isinstance(value, str)
    if name in ("settings", "style", "templates"):
        return value is not None and not isinstance(value, dict)
    if name in ("plugins", "messageExamples", "knowledge", "documents"):
        return value is not None and not isinstance(value, list)
    return bool(value) and not texts(value)


def _missing(character: Character, files: Mapping[str, str]) -> Iterator[str]:
    for item in knowledge.items(character.document):
        if item.kind in ("file", "folder") and not knowledge.found(item, files):
            yield f"There is no text at {item.value}: nothing is known of it."


def _apart(character: Character) -> Iterator[str]:
    places = sorted(pointer for pointer, _ in references(character.document))
    if places:
        yield f"Kept apart, as secrets: {', '.join(places)}."


def _told(value: Any) -> str:
    told = ", ".join(texts(value))
    if len(told) > TOLD:
        told = f"{told[:TOLD]}…"
    return f" ({told})" if told else ""
