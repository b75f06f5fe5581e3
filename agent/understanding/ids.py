"""Ids made by chance: they are like nothing that was taught, and say nothing of what a message means."""

import re

from agent.understanding.classifier import Classifier, Ranking

TAUGHT = "invoice-7"
"""The id that most examples name (agent/actions/english.py)."""

_SHORT = 4
"""Figures of a number that people gave: `report-2026` is as it was taught."""

_JOINED = re.compile(
    r"(?<![\w@.-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z]\w*(?:-\w+)+)(?![\w@-])", re.IGNORECASE
)


def understood(classifier: Classifier, text: str) -> Ranking:
    """Say what a message is like; where it is like nothing, without the ids by chance in it.

    An id alone answers what was asked, and asks for nothing.
    """
    ranking = classifier.rank(text)
    if ranking.in_scope:
        return ranking
    usual = with_taught_ids(text)
    says_more = any(character.isalpha() for character in usual.replace(TAUGHT, ""))
    return classifier.rank(usual) if usual != text and says_more else ranking


def with_taught_ids(text: str) -> str:
    """Give a text with an id that was taught in the place of each one made by chance."""
    return _JOINED.sub(_taught, text)


def _taught(found: re.Match[str]) -> str:
    id_ = found.group()
    tail = id_.partition("-")[2]
    by_chance = any(character.isdigit() for character in tail) and not (tail.isdigit() and len(tail) <= _SHORT)
    return TAUGHT if by_chance else id_
