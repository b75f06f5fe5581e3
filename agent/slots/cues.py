"""The words that lead to a parameter's value: how the parameter itself is called, and what people say instead."""

import re
from functools import lru_cache

from agent.actions.english import VERBS

INSTEAD: dict[str, tuple[str, ...]] = {
    "name": ("called", "named", "the name", "title", "titled"),
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
            r"\s+(?:please|instead|thanks|thank you|for me|from now on)\b",
            r",?\s+(?:with|tagged|having|as of|but)\s",
            r",\s*(?:and\s+)?\w+\s*(?:[=:]|\s[\d\x01])",
            r",\s*(?:and\s+)?(?:tags?\b|[a-z_]+\s+(?-i:[A-Z]{2,4})\b)",
        )
    ),
    re.IGNORECASE,
)
"""Where a value that is not quoted ends, at the latest: with the sentence, another order, or another value."""


@lru_cache(maxsize=1000)
def labels(parameter: str) -> str:
    """Give an expression for the words that name a parameter."""
    own = parameter.replace("_", " ").replace("-", " ")
    names = {own, own.removesuffix(" id"), *INSTEAD.get(parameter, ())}
    return "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in sorted(names, key=len, reverse=True))


@lru_cache(maxsize=1000)
def labelled(parameter: str) -> re.Pattern[str]:
    """Give an expression that ends where the value of a parameter begins which is named before it."""
    return re.compile(
        rf"\b(?:{labels(parameter)})\b(?:\s+(?:of|for|on|in)\s+\x00+)?"
        r"\s*(?:=|:|\bshould(?:\s+now)?\s+be\b|\bis\b|\bbe\b|\bto\b|\bas\b)?\s*",
        re.IGNORECASE,
    )
