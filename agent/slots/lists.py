"""Lists: `tags overdue and paid`, `mark it as urgent, 2026`, `take overdue and late off it`."""

import re
from functools import lru_cache

from agent.actions.english import NOUNS
from agent.slots.cues import ORDERS, labels
from agent.slots.said import Found, Said
from schemas.message import JsonObject

_THING = "|".join(noun for nouns in NOUNS.values() for noun in nouns)
_STOP = (
    r"on|to|onto|from|off|of|it|its|them|this|that|these|those|please|with|and|or|the|a|an|as|in|for|my|is|are|be|by|at|too|"
    rf"(?:{_THING})(?=\s+[\d\x00])|tags?|labels?|now|some|something|roles?|permissions?|(?:{ORDERS})(?=\s+(?:\x00|it|this|that|the|my)\b)"
)
_ITEM = rf"(?:\x01+|(?!(?:{_STOP})\b)[\w#@+./*-][\w#@+./:*-]*)"
_ITEMS = rf"{_ITEM}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_ITEM})*"
_SPACED = r"[^\x00;.!?=]+?(?=\s*(?:\b(?:on|to|onto)\s*)?(?:$|[\x00;.!?]))"
_BETWEEN = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*")

_ON = re.compile(
    rf"\b(?:put|add|stick|set)\s+(?:the\s+|a\s+)?(?:tags?\s+|labels?\s+)?({_ITEMS})\s+(?:on|to|onto)\b", re.IGNORECASE
)
_OFF = re.compile(
    rf"\b(?:take|remove|delete|drop|clear|unmark|untag)\s+(?:\x00+\s+as\s+)?(?:the\s+)?(?:tags?\s+|labels?\s+)?({_ITEMS})"
    r"\s*(?:\b(?:off|from|of|on)\b|$)",
    re.IGNORECASE,
)
_MARK = re.compile(rf"\b(?:mark|label|flag|tag|untag|unmark)\s+\x00+\s+(?:as\s+|with\s+)?({_ITEMS})", re.IGNORECASE)


def items(parameter: str, schema: JsonObject, said: Said) -> Found | None:
    """Find a list: after its name, or after a verb where it is one of tags; words with a colon wherever they are."""
    patterns = [_colon(parameter), _named(parameter)]
    if parameter == "tags":
        patterns = [patterns[0], _MARK, patterns[1], _ON, _OFF]
    for pattern in patterns:
        found = said.search(pattern)
        if found is not None:
            return Found(_split(said, found.span(1)), found.span(1))
    return _coloned(schema, said)


def answer(said: Said) -> Found | None:
    """Take a whole text as a list."""
    values = _split(said, (0, len(said.open)))
    return Found(values, (0, len(said.open))) if values else None


@lru_cache(maxsize=100)
def _named(parameter: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:{labels(parameter)})\b\s*(?:\x00+\s*)?(?:\b(?:as|with|are|is|be|should be)\s+)?({_ITEMS})",
        re.IGNORECASE,
    )


@lru_cache(maxsize=100)
def _colon(parameter: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{labels(parameter)})\s*[:=]\s*({_SPACED})", re.IGNORECASE)


def _coloned(schema: JsonObject, said: Said) -> Found | None:
    """Find words such as `resource:read`, which only a list of such words can mean."""
    if ":" not in schema.get("items", {}).get("pattern", ""):
        return None
    found = list(re.finditer(r"(?<![\w:])[a-z]+:(?:[a-z_]+|\*)(?!\w)", said.open))
    if not found:
        return None
    return Found([each.group() for each in found], (found[0].start(), found[-1].end()))


def _split(said: Said, span: tuple[int, int]) -> list[str]:
    """Give the items between commas and `and`, each once."""
    start, end = span
    cuts = [(found.start(), found.end()) for found in _BETWEEN.finditer(said.open, start, end)]
    edges = [start, *(edge for cut in cuts for edge in cut), end]
    pieces = [said.piece((edges[at], edges[at + 1])) for at in range(0, len(edges), 2)]
    return list(dict.fromkeys(str(piece.value).lstrip("#") for piece in pieces if piece.value))
