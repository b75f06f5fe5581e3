"""Objects: `amount 1200, currency EUR`, `with amount = 1200`, `the amount of invoice-7 to 1300`, or JSON as it is."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from agent.slots.filled import Span
from agent.slots.numbers import FIGURES, WORDS, figure, spelt
from agent.slots.said import Found, Said, trimmed

MOST = 50
"""So many members are read."""

_NO_KEY = (
    r"the|an?|its?|and|or|but|with|set|change|make|update|correct|raise|lower|put|to|of|is|be|should|name|names|called"
    r"|named|tags?|tagged|please|kind|version|this|that|from|on|in|for|as|new|has|have|now|edit|modify|not|no|what|who|how"
    r"|when|resource|at|by|register|create|add|enter|file|attributes?|value|i|you|we|will|can|could|would|than|about|only"
    r"|just|there|want|need|like|thing|one|i'd|let's"
)
_KEY = rf"(?!(?:{_NO_KEY})\b)([A-Za-z_]\w{{0,60}})"
_ABOUT = r"(?:\s+(?:of|in|on|for)\s+\x00+)?"
_FIGURE = FIGURES
_STOP = r"(?:and|with|please|instead|now|on|of|for)\b"
_SPELT = rf"{WORDS}(?=\s*(?:$|[,;.!?\x00]|{_STOP}))"
_LITERAL = rf"\x01+|{_FIGURE}|{_SPELT}|(?:true|false|null|yes|no)\b"
_PLAIN = r"[^\s\x00\x01,;=:]+"
_LONG = rf"(?:{_LITERAL}|{_PLAIN}(?:\s+(?!{_STOP}){_PLAIN}){{0,3}})"
_VAGUE = r"(?!(?:wrong|right|missing|different|unknown|not|what|how|another|something)\b)"
_SET = re.compile(
    rf"\b{_KEY}{_ABOUT}\s*(?:=|:(?!\w))\s*({_LONG})"
    rf"|(?:^|[,:\x00]\s*|\b(?:the|its?|set|change|update|correct|raise|lower|reduce|increase|make|and|with)\s+){_KEY}{_ABOUT}"
    rf"\s(?:should\s+(?:now\s+)?be|is\s+now|is|to\s+be|to)\s+{_VAGUE}({_LONG})",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?:^|\b(?:with|and|having|an?|the|set|make|update|change)\s+|[,:\x00]\s*){_KEY}{_ABOUT}\s+(?:of\s+)?({_LITERAL}|[A-Z][\w-]*)"
    r"(?=\s*(?:$|[,;.!?\x00]|\b(?:and|with|on|for|please|instead|now|in)\b))",
)
_GONE = re.compile(rf"\b(?:remove|clear|unset|drop|delete)\s+(?:the\s+|its\s+)?{_KEY}\b", re.IGNORECASE)
_TRUE, _FALSE = ("true", "yes"), ("false", "no")


def members(parameter: str, said: Said) -> Found | None:
    """Find an object: JSON, or names each with its value. In a patch, what is to be removed becomes null."""
    json = _json(said)
    if json is not None:
        return json
    found = {key: (value, span) for key, value, span in _pairs(said)}
    if parameter == "patch":
        for gone in _GONE.finditer(said.open):
            found.setdefault(gone[1], (None, gone.span()))
    if not found:
        return None
    spans = [span for _, span in found.values()]
    return Found(
        {key: value for key, (value, _) in found.items()}, (min(s for s, _ in spans), max(e for _, e in spans))
    )


def _pairs(said: Said) -> Iterator[tuple[str, Any, Span]]:
    seen: list[Span] = []
    for pattern in (_SET, _BARE):
        for found in islice(pattern.finditer(said.open), MOST):
            key, value = (1, 2) if found[1] else (3, 4)
            span = (found.start(key), found.end(value))
            if not any(start < span[1] and span[0] < end for start, end in seen):
                seen.append(span)
                yield found[key], _value(said, found.span(value)), span


def _value(said: Said, span: Span) -> Any:
    """Read a value as what it looks like; in quotation marks it is a text."""
    start, end = trimmed(said.open, span)
    piece = said.piece((start, end))
    words = str(piece.value)
    if start in said.quotations:
        return words
    if re.fullmatch(FIGURES, words, re.IGNORECASE):
        return figure(words)
    if words.lower() in (*_TRUE, *_FALSE):
        return words.lower() in _TRUE
    if words.lower() == "null":
        return None
    number = spelt(words) if re.fullmatch(WORDS, words, re.IGNORECASE) else None
    return words if number is None else number


def _json(said: Said) -> Found | None:
    """Find the first object of JSON that stands in the text as it is."""
    start = said.open.find("{")
    end = said.open.rfind("}") + 1
    if start < 0 or end <= start:
        return None
    try:
        value = orjson.loads(said.text[start:end])
    except orjson.JSONDecodeError:
        return None
    return Found(value, (start, end)) if isinstance(value, dict) else None
