"""Reads a document of any version of ElizaOS as a character; what it does not know it keeps.

The versions, and what each field was in them, stand in docs/characters.md.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from agent.characters import knowledge
from agent.characters.character import Character, Conversation, Message, Style, Texts
from agent.characters.unreadable import Unreadable
from schemas.character import LARGEST, id_of, name_of
from schemas.concealing import concealed
from schemas.message import JsonObject

READ = frozenset(
    {
        "adjectives",
        "bio",
        "documents",
        "id",
        "knowledge",
        "lore",
        "messageExamples",
        "name",
        "plugins",
        "postExamples",
        "settings",
        "style",
        "system",
        "templates",
        "topics",
        "username",
    }
)
"""The members of a document that become parts of the character."""

KNOWN = frozenset(
    {
        "advancedMemory",
        "advancedPlanning",
        "clientConfig",
        "clients",
        "email",
        "extends",
        "imageModelProvider",
        "imageVisionModelProvider",
        "instagramProfile",
        "modelEndpointOverride",
        "modelProvider",
        "nft",
        "people",
        "secrets",
        "twitterProfile",
        "twitterSpaces",
    }
)
"""The members that some version of ElizaOS has and the agent makes no use of."""

REFERENCE_BYTES = 16


def parse(text: bytes) -> JsonObject:
    """Read a document. Raises Unreadable."""
    try:
        document = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unreadable("character_not_json", f"Write the character as JSON in UTF-8: {error}.") from None
    if not isinstance(document, dict):
        raise Unreadable("character_not_object", "Let the file hold one JSON object, the character.")
    return document


def load(document: JsonObject, files: Mapping[str, str] | None = None) -> Character:
    """Read a document as a character; `files` has the texts of files by their paths in its folder.

    Raises Unreadable for a document without a name, one that is too large, and a path that leads out of the folder.
    """
    require_small(document)
    if not name_of(document):
        raise Unreadable("character_nameless", "Give the character a `name`; all else may be left out.")
    kept, apart = concealed(document, lambda _: secrets.token_hex(REFERENCE_BYTES))
    return Character(
        id=id_of(kept),
        name=name_of(kept),
        username=_text(kept.get("username")),
        system=_text(kept.get("system")),
        bio=texts(kept.get("bio")),
        lore=texts(kept.get("lore")),
        adjectives=texts(kept.get("adjectives")),
        topics=texts(kept.get("topics")),
        style=_style(kept.get("style")),
        message_examples=tuple(_conversations(kept.get("messageExamples"))),
        post_examples=texts(kept.get("postExamples")),
        knowledge=tuple(knowledge.of(kept, files or {})),
        templates=_templates(kept.get("templates")),
        plugins=tuple(_plugins(kept.get("plugins"))),
        settings=_object(kept.get("settings")),
        extra={name: value for name, value in kept.items() if name not in READ | KNOWN},
        document=kept,
        secrets=apart,
    )


def require_small(document: JsonObject) -> None:
    """Raise Unreadable for a document that no command could carry."""
    try:
        size = len(orjson.dumps(document))
    except orjson.JSONEncodeError:
        raise Unreadable("character_too_large", "Nest what is in the character less deep.") from None
    if size > LARGEST:
        told = f"Make the character smaller: it takes {size} bytes as JSON, of {LARGEST} allowed."
        raise Unreadable("character_too_large", told)


def texts(value: Any) -> Texts:
    """Read what is a text in some versions and a list of texts in others."""
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _style(value: Any) -> Style:
    said = _object(value)
    return Style(texts(said.get("all")), texts(said.get("chat")), texts(said.get("post")))


def _templates(value: Any) -> dict[str, str]:
    return {name: text for name, text in _object(value).items() if isinstance(text, str)}


def _plugins(value: Any) -> Iterator[str]:
    """Give the names of plugins, which in v0 may stand there with all that they are made of."""
    for each in value if isinstance(value, list) else ():
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str):
            yield name


def _conversations(value: Any) -> Iterator[Conversation]:
    """Give examples: lists of messages, which stand in objects since v2."""
    for each in value if isinstance(value, list) else ():
        listed = each.get("examples") if isinstance(each, dict) else each
        messages = tuple(_messages(listed))
        if messages:
            yield messages


def _messages(value: Any) -> Iterator[Message]:
    for each in value if isinstance(value, list) else ():
        said = _object(each)
        # Until v1 whoever speaks was `user`, and an action stood alone.
        speaker, content = said.get("name", said.get("user")), said.get("content")
        if isinstance(content, str):
            content = {"text": content}
        if isinstance(speaker, str) and isinstance(content, dict):
            actions = texts(content.get("actions", content.get("action")))
            yield Message(speaker, _text(content.get("text")), actions, content)
