"""Numbers as parameters: the one after its name, `the third version`, or the only one where one is needed."""

import re

from agent.actions.action import Action
from agent.actions.english import NOUNS
from agent.slots.cues import labelled, labels
from agent.slots.numbers import ORDINALS, numbers
from agent.slots.said import Found, Said, Several
from schemas.message import JsonObject

_OF_A_THING = re.compile(rf"\b(?:{'|'.join(noun for nouns in NOUNS.values() for noun in nouns)})\s+$", re.IGNORECASE)
"""The number after what a thing is, as in `invoice 17`, is the thing's."""


def numeral(action: Action, parameter: str, said: Said) -> Found | Several | None:
    """Find a number. Where a parameter must be told and several numbers may be it, all of them are given, as said."""
    spoken = [
        each
        for each in numbers(said.open)
        if not _OF_A_THING.search(said.open[max(0, each.span[0] - 30) : each.span[0]])
    ]
    for cue in labelled(parameter).finditer(said.open):
        after = [each for each in spoken if each.span[0] == cue.end()]
        if after:
            return after[0]
    ordinal = said.search(re.compile(rf"\b({'|'.join(ORDINALS)})\s+(?:{labels(parameter)})\b", re.IGNORECASE))
    if ordinal is not None:
        return Found(ORDINALS[ordinal[1].lower()], ordinal.span())
    if parameter not in action.required or not spoken:
        return None
    if len({each.value for each in spoken}) > 1:
        return tuple(said.text[slice(*each.span)] for each in spoken)
    return spoken[0]


def is_numeral(schema: JsonObject) -> bool:
    """Say whether a text is a number, as its example shows: what stands in a path is a text."""
    examples = schema.get("examples") or ("",)
    return schema.get("type") == "string" and str(examples[0]).isdigit()


def answer(said: Said) -> Found | None:
    """Take the one number of a text as the answer."""
    spoken = list(numbers(said.open))
    return spoken[0] if len(spoken) == 1 else None
