"""Which parameters name things, and of which domain."""

import re
from collections.abc import Iterable

from agent.actions.action import Action
from agent.actions.english import NOUNS

DOMAINS = {
    "account": "account",
    "actor": "account",
    "on_behalf_of": "account",
    "owner": "account",
    "key": "apikey",
    "subject": "",
}
"""Of which domain a parameter names things that is not called as the domain is; the empty one is any."""

NAMED = ("kind", "role")
"""Domains whose ids are words that people choose, and say as they are."""

DIRECTED = {
    "account": r"with|to|for|from|of|let|make|give|allow|invite|remove|take|off|grant|show|by|is|that",
    "owner": r"by|of|owned by|belonging to|owner",
    "actor": r"by|did|has|by whom|actor",
    "on_behalf_of": r"behalf of|for",
}
"""The words before a name that say which parameter it is for, where an action has several of one domain."""


def domain_of(parameter: str) -> str | None:
    """Say of which domain a parameter names a thing; the empty one is any, None that it names none."""
    name = parameter.removesuffix("_id")
    if name in DOMAINS:
        return DOMAINS[name]
    return name if name in NOUNS or name in NAMED else None


def references(action: Action) -> dict[str, str]:
    """Give the parameters of an action that name things, with their domains; one that offers a choice names none."""
    found: dict[str, str] = {}
    for name in action.properties:
        schema, domain = action.schema(name), domain_of(name)
        if domain is not None and schema.get("type") == "string" and "enum" not in schema:
            found[name] = domain
    return found


def is_made(action: Action, parameter: str) -> bool:
    """Say whether a parameter names what the action brings into being, which is not there yet."""
    return parameter == action.subject and parameter not in action.required


def directed(before: str, parameters: Iterable[str]) -> str:
    """Say which of several parameters a name is for: by the words before it, else the first."""
    names = list(parameters)
    for name in names:
        leading = DIRECTED.get(name)
        if leading and re.search(rf"\b(?:{leading})\s+(?:the\s+)?(?:\w+\s+)?$", before[-40:], re.IGNORECASE):
            return name
    return names[0]
