"""Texts: what stands in quotation marks, or after the words that lead to it."""

import re

from agent.actions.action import Action
from agent.actions.english import NOUNS
from agent.slots.cues import END, ORDERS, introduced
from agent.slots.filled import Span
from agent.slots.said import TAKEN, Found, Said

_TO = re.compile(rf"\s(?:to|as|into)\s+(?!(?:be|{ORDERS})\b)(?=\S)", re.IGNORECASE)
_CALL = re.compile(r"\b(?:call|name|retitle|rename)\s+(?:\x00+|it)\s+(?:as\s+|to\s+)?(?=\S)", re.IGNORECASE)
_SOMETHING = re.compile(
    r"^(?:something|anything|another)\b|^(?:other|it|else|what|wrong|right|new|missing|different|bad)$|^new name$"
    r"|^(?:for|of|on|in|from|by|with|that|which|and|or|is|has|does|should|to)\b",
    re.IGNORECASE,
)
_NOUNS = re.compile(
    rf"(?:the\s+|my\s+|all\s+)*(?:{'|'.join(noun for nouns in NOUNS.values() for noun in nouns)})s?", re.IGNORECASE
)
_CALLED = re.compile(
    r"^(?:please\s+)?(?:(?:let's\s+)?(?:call|name)\s+it|it(?:'s| is| should be)(?:\s+called)?|(?:its|the) name is)\s+",
    re.IGNORECASE,
)


def alone(action: Action, parameter: str) -> bool:
    """Say whether a parameter is all that an action must be told beside its subject: `to Rossi` means it."""
    return [name for name in action.required if name != action.subject] == [parameter]


def text(action: Action, parameter: str, said: Said) -> Found | None:
    """Find a text: after its name, or what people say instead, and after `to` where nothing else can be meant."""
    called = said.search(_CALL) if parameter == "name" else None
    leading = [called, _last(said, _TO) if alone(action, parameter) else None, said.search(introduced(parameter))]
    for cue in leading:
        if cue is not None:
            found = _from(said, cue if isinstance(cue, int) else cue.end())
            if found is not None:
                return found
    return None


def answer(said: Said) -> Found | None:
    """Take the whole of a text as the answer to a question, without what introduces it."""
    if said.quotations:
        return quotation(said)
    introduced = _CALLED.match(said.open)
    start = introduced.end() if introduced else 0
    found = said.piece((start, len(said.open)))
    return found if found.value and TAKEN not in said.open[slice(*found.span)] else None


def _last(said: Said, cue: re.Pattern[str]) -> int | None:
    return max((found.end() for found in cue.finditer(said.open)), default=None)


def _from(said: Said, start: int) -> Found | None:
    """Give the text that begins here: a quotation, or all up to where it must end."""
    if start in said.quotations:
        return said.piece((start, start + len(said.quotations[start]) + 2))
    end = END.search(said.open, start)
    found = said.piece((start, end.start() if end else len(said.open)))
    words = str(found.value)
    if not words or _NOUNS.fullmatch(words) or "\x01" in said.open[slice(*found.span)] or _SOMETHING.search(words):
        return None
    return found


def quotation(said: Said) -> Found | None:
    """Take the only text in quotation marks that nothing else has taken."""
    open_ = [start for start in said.quotations if said.open[start] == "\x01"]
    if len(open_) != 1:
        return None
    span: Span = (open_[0], open_[0] + len(said.quotations[open_[0]]) + 2)
    return said.piece(span)
