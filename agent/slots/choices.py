"""Choices: one of a few words, and yes or no."""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from agent.slots.cues import labels
from agent.slots.said import Found, Said

MISSPELT = 80.0
"""From this likeness of 100 on a word is one of the choices, misspelt."""

SHORTEST = 4
"""A word of fewer letters is not taken for the beginning of another: `see` is no short form."""

MEANT: dict[str, tuple[str, ...]] = {
    "viewer": ("see", "read", "look", "viewing", "reading"),
    "editor": ("write", "change", "editing", "writing", "modify"),
}
"""What people say for a choice that is spelt otherwise."""

_WORD = re.compile(r"[a-z][\w-]*", re.IGNORECASE)
_YES = re.compile(r"\s*(?:yes|true|on|yep|sure)\b", re.IGNORECASE)
_NO = re.compile(r"\s*(?:no|false|off|not)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|without|no|isn't|aren't)\s+(?:\w+\s+)?$", re.IGNORECASE)
_GREATEST = re.compile(
    r"\b(?:descending|newest|latest|greatest|biggest|last)(?:\s+\w+)?\s+first\b|\bdescending\b", re.IGNORECASE
)


def choice(parameter: str, options: Sequence[str], said: Said) -> Found | None:
    """Find which of some words is said: itself, what begins alike, what else it is called, or nearly so.

    A choice with an order, as `name` and `-name`, is looked for after its parameter's name only: its words are those of
    other parameters.
    """
    if any(option.startswith("-") for option in options):
        return _order(parameter, options, said)
    for found in _WORD.finditer(said.open):
        word = found.group().lower()
        for option in options:
            if word == option or word in MEANT.get(option, ()) or (len(word) >= SHORTEST and option.startswith(word)):
                return Found(option, found.span())
    for found in _WORD.finditer(said.open):
        word = found.group().lower()
        near = process.extractOne(word, options, scorer=fuzz.ratio, score_cutoff=MISSPELT)
        if near is not None and len(word) >= SHORTEST:
            return Found(near[0], found.span())
    return None


def word(options: Sequence[str], said: Said) -> Found | None:
    """Find which of some words is said, just so."""
    found = said.search(re.compile(rf"\b(?:{'|'.join(map(re.escape, options))})\b", re.IGNORECASE))
    return Found(found.group().lower(), found.span()) if found else None


def yes_or_no(parameter: str, said: Said) -> Found | None:
    """Find whether something is wanted: its name alone says yes, unless `not` stands before it or `no` after it."""
    stem = labels(parameter).removesuffix("ed")
    found = said.search(re.compile(rf"\b(?:{labels(parameter)}|{stem})\b", re.IGNORECASE))
    if found is None:
        return None
    denied = _NOT.search(said.open[: found.start()]) or _NO.match(said.open, found.end())
    return Found(denied is None, found.span())


def answer(said: Said) -> Found | None:
    """Take a text as the answer to whether something is wanted."""
    if _YES.match(said.open):
        return Found(True, (0, len(said.open)))
    return Found(False, (0, len(said.open))) if _NO.match(said.open) else None


def _order(parameter: str, options: Sequence[str], said: Said) -> Found | None:
    cue = said.search(
        re.compile(rf"\b(?:{labels(parameter)}|sorted|ordered|order)\s+by\s+(?:the\s+)?(-?\w+)", re.IGNORECASE)
    )
    if cue is None:
        return None
    greatest = said.search(_GREATEST)
    word = cue[1].lower()
    named = next((option for option in options if option.lstrip("-") in (word, word.lstrip("-"))), None)
    if named is None:
        return None
    wanted = f"-{named.lstrip('-')}" if greatest or word.startswith("-") else named.lstrip("-")
    return Found(wanted, cue.span()) if wanted in options else None
