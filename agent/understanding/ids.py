"""Ids made by chance: they are like nothing that was taught, and say nothing of what a message means."""

import re

TAUGHT = "invoice-7"
"""The id that most examples name (agent/actions/english.py)."""

_SHORT = 4
"""Figures of a number that people gave: `report-2026` is as it was taught."""

_JOINED = re.compile(r"(?<![\w@.-])[A-Za-z]\w*(?:-\w+)+(?![\w@-])")


def with_taught_ids(text: str) -> str:
    """Give a text as it is understood: with an id that was taught in the place of each one made by chance."""
    return _JOINED.sub(_taught, text)


def _taught(found: re.Match[str]) -> str:
    id_ = found.group()
    tail = id_.partition("-")[2]
    by_chance = any(character.isdigit() for character in tail) and not (tail.isdigit() and len(tail) <= _SHORT)
    return TAUGHT if by_chance else id_
