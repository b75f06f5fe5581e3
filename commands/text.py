"""JSON as the rules keep it: canonical text, so that equal values are equal text, of limited size and depth."""

from typing import Any

import orjson

from commands.decider import Refused
from schemas.message import JsonObject

LARGEST = 64 * 1024
DEEPEST = 32


def canonical(value: Any) -> str:
    """Give a JSON value as text: equal values, equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def kept(value: JsonObject, word: str) -> str:
    """Give the canonical text of a value that is not too large; `word` begins the code of a refusal. Raises Refused."""
    text = canonical(value)
    size = len(text.encode())
    if size > LARGEST:
        raise Refused(f"{word}_too_large", f"Make it smaller: as JSON it takes {size} bytes, of {LARGEST} allowed.")
    return text


def deeper_than_allowed(value: Any, text: str) -> bool:
    """Say whether objects and arrays stand in one another more than DEEPEST levels; `text` is the value's JSON."""
    # Most texts are too short to be deep, or have too few brackets, and need no walk.
    return len(text) > 2 * DEEPEST and text.count("{") + text.count("[") > DEEPEST and depth(value) > DEEPEST


def depth(value: Any) -> int:
    """Count the levels of objects and arrays that stand in one another."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list | tuple):
        return 1 + max(map(depth, value), default=0)
    return 0
