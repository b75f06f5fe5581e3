"""Corrections: which of the values just given is another one, and which."""

import re
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz

from agent.actions.action import Action
from agent.slots.fill import fill
from agent.slots.filled import Filled
from agent.slots.gazetteer import NEARLY, Gazetteer
from agent.slots.naming import references
from agent.slots.numbers import numbers
from agent.slots.thing import Context
from agent.slots.validity import wrong
from schemas.message import JsonObject

_OPENING = re.compile(r"^\W*(?:(?:no|nope|not quite|sorry|wait|oops|actually|rather|hm+|oh|well)\b\W*)*", re.IGNORECASE)
_CLOSING = re.compile(r"\s*\b(?:instead|rather|please|then)\W*$", re.IGNORECASE)
_NOT_BUT = re.compile(r"^not\s+.{1,200}?(?:,\s*(?:but\s+)?|\s+but\s+)(.+)$", re.IGNORECASE)
_BUT_NOT = re.compile(r"^(.+?),?\s+(?:and\s+)?not\s+.{1,200}$", re.IGNORECASE)
_EDGES = " .!\"'“”"
_BARE = re.compile(
    r"^(?:(?:i\s+(?:mean|meant)|make\s+(?:that|it|this)|change\s+(?:that|it)\s+to|(?:it|that)(?:'s|\s+is|\s+should\s+be)"
    r"|should\s+be|let\s+it\s+be|to|use|take|with|for|as)\s+)?(?:to\s+say\s+)?(.+)$",
    re.IGNORECASE,
)


def correct(action: Action, text: str, values: JsonObject, known: Gazetteer, context: Context) -> Filled:
    """Find what a text says otherwise than before: only that stands in the values; none if it corrects nothing.

    A bare value, as in `make that 1300`, is for the parameter, or the member of an object, that has one of its sort. If
    there are several, each is ambiguous.
    """
    said = _said(text)
    bare = _BARE.match(said)
    if bare is not None and (respelt := _respelt(action, bare[1].strip(_EDGES), values)):
        return Filled(values=respelt)
    outright = _changed(fill(action, said, known, replace(context, asked=None)), values)
    if outright.values or outright.ambiguous or outright.invalid:
        return outright
    return _placed(action, bare[1].strip(_EDGES), values) if bare else Filled()


def _respelt(action: Action, said: str, values: JsonObject) -> dict[str, str]:
    """Find the one text that is nearly what is said now: it was misspelt."""
    texts = {name: old for name, old in values.items() if isinstance(old, str) and name in action.properties}
    near = [
        name
        for name, old in texts.items()
        if said != old and fuzz.ratio(said, old) >= NEARLY and name not in references(action)
    ]
    return {near[0]: said} if len(near) == 1 and wrong(action, near[0], said) is None else {}


def _said(text: str) -> str:
    """Leave out what only says that this is a correction, and what is said not to be meant."""
    said = _CLOSING.sub("", _OPENING.sub("", text[:2000]))
    for pattern in (_NOT_BUT, _BUT_NOT):
        found = pattern.match(said)
        if found is not None:
            return found[1]
    return said


def _changed(filled: Filled, values: JsonObject) -> Filled:
    """Keep of what was found what is new; members of an object are added to those that it has."""
    new: dict[str, Any] = {}
    for name, value in filled.values.items():
        before = values.get(name)
        whole = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        if whole != before:
            new[name] = whole
    return replace(
        filled, values=new, missing=(), spans={name: span for name, span in filled.spans.items() if name in new}
    )


def _placed(action: Action, said: str, values: JsonObject) -> Filled:
    """Put a bare value where one of its sort stands."""
    spoken = [each for each in numbers(said) if each.span == (0, len(said))]
    value: Any = spoken[0].value if spoken else said
    places = [(name, whole) for name, whole in _places(action, value, values) if whole != values[name]]
    if len(places) > 1:
        return Filled(ambiguous={name: (said,) for name, _ in places})
    if not places:
        return Filled()
    name, whole = places[0]
    sentence = wrong(action, name, whole)
    return Filled(invalid={name: sentence}) if sentence else Filled(values={name: whole})


def _places(action: Action, value: Any, values: JsonObject) -> list[tuple[str, Any]]:
    is_number = isinstance(value, int | float)
    places: list[tuple[str, Any]] = []
    for name, before in values.items():
        if name in references(action) or name not in action.properties:
            continue
        if isinstance(before, dict):
            places += [
                (name, {**before, key: value}) for key, old in before.items() if _alike(old, is_number=is_number)
            ]
        elif isinstance(before, list) and not is_number:
            places.append((name, [value]))
        elif _alike(before, is_number=is_number) and "enum" not in action.schema(name):
            places.append((name, value))
    return places


def _alike(value: Any, *, is_number: bool) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) if is_number else isinstance(value, str)
