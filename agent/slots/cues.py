"""The words that lead to a parameter's value: how the parameter itself is called, and what people say instead."""

import re
from functools import lru_cache

from agent.actions.english import VERBS

INSTEAD: dict[str, tuple[str, ...]] = {
    "name": ("called", "named", "title", "titled"),
    "tags": ("tags", "tag", "tagged", "label", "labels", "labelled", "labeled", "marked", "flagged"),
    "tag": ("tagged", "labelled", "labeled", "marked", "flagged"),
    "q": ("about", "containing", "for", "mentioning", "words"),
    "to_version": ("version", "to version"),
    "limit": ("first", "at most", "up to", "top"),
    "description": ("described as", "description"),
    "number": ("checkpoint", "number"),
    "address": ("network address", "ip", "ip address"),
    "permissions": ("permissions", "permission"),
    "roles": ("roles", "role"),
    "command_id": ("command", "request"),
    "field": ("field",),
    "type": ("type", "types"),
}
"""Beside its own name."""

ORDERS = "|".join(sorted({ask.split()[0] for verb in VERBS.values() for ask in verb.asks}, key=len, reverse=True))
"""An expression for the verbs that begin an order."""

END = re.compile(
    "|".join(
        (
            r"[\x00;\n]",
            r"[.!?](?=\s|$)",
            rf"\s+and\s+(?:then\s+)?(?:{ORDERS})\b",
            r"\s+(?:please|instead|thanks|thank you|for me|from now on|now(?=\W*$))\b",
            r",?\s+(?:with|tagged|having|as of|but)\s",
            r",\s*(?:and\s+)?\w+\s*(?:[=:]|\s[\d\x01])",
            r",\s*(?:and\s+)?(?:tags?\b|[a-z_]+\s+(?-i:[A-Z]{2,4})\b)",
        )
    ),
    re.IGNORECASE,
)
"""Where a value that is not quoted ends, at the latest: with the sentence, another order, or another value."""


_OF = r"(?:\s+(?:of|for|on|in)\s+\x00+)?"
_IS = r"\s*(?:=|:|\bshould(?:\s+now)?\s+be\b|\bis\b|\bbe\b|\bto\b|\bas\b)?\s*"


@lru_cache(maxsize=1000)
def labels(parameter: str) -> str:
    """Give an expression for the words that name a parameter."""
    own = parameter.replace("_", " ").replace("-", " ")
    return _any({own, own.removesuffix(" id"), *INSTEAD.get(parameter, ())})


@lru_cache(maxsize=1000)
def labelled(parameter: str) -> re.Pattern[str]:
    """Give an expression that ends where the value of a parameter begins which is named before it."""
    return re.compile(rf"\b(?:{labels(parameter)})\b{_OF}{_IS}", re.IGNORECASE)


@lru_cache(maxsize=1000)
def introduced(parameter: str) -> re.Pattern[str]:
    """Give the same for a text, which may be any words: `name it` does not begin one, `the name` and `name:` do."""
    own = _any({parameter.replace("_", " ").replace("-", " ")})
    ways = [rf"\b(?:the|its|a|an|new|with|and|whose)\s+{own}\b", rf"\b{own}(?=\s*[=:\x01]|\s+(?:is|should)\b)"]
    if parameter in INSTEAD:
        ways.append(rf"\b(?:{_any(set(INSTEAD[parameter]))})\b")
    return re.compile(rf"(?:{'|'.join(ways)}){_OF}{_IS}", re.IGNORECASE)


def _any(words: set[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))
