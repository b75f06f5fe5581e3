"""Whom the agent speaks as in a conversation: the version of the character that it was opened with, or its own."""

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import orjson

from agent.characters.character import Character
from agent.characters.reading import load
from agent.doors import Doors

KEPT = 200
"""So many versions of characters are remembered as they were read."""


async def persona(doors: Doors, conversation: Mapping[str, Any]) -> Character:
    """Give the character of a conversation; the agent's own where none is named, or it may not be read any more."""
    name, version = conversation["character"], conversation["character_version"]
    if name is None:
        return own()
    path = f"/v1/characters/{name}" + (f"/versions/{version}" if version is not None else "")
    answer = await doors.get(path)
    if not answer.good:
        return own()
    return _read(orjson.dumps([answer.body["document"], answer.body["files"]]))


@cache
def own() -> Character:
    """Give the character that is always there."""
    return load(orjson.loads(files("agent.characters").joinpath("eliza.character.json").read_bytes()), {})


@lru_cache(maxsize=KEPT)
def _read(said: bytes) -> Character:
    document, texts = orjson.loads(said)
    return load(document, texts)
