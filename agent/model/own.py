"""Whether a person's own words ask for a change, or a model has added to them."""

import re
from collections.abc import Mapping
from typing import Any

from agent.actions.action import Action
from agent.at import At
from agent.hearing import PERHAPS
from agent.model.naming import is_said
from agent.moves import Heard
from agent.slots.naming import references

_I = re.compile(r"\b(?:me|my|mine|myself|I)\b", re.IGNORECASE)


def asked_for(at: At, action: Action, words: Heard) -> bool:
    """Say whether the message sounds like an action, or goes on with it."""
    doing = at.dialogue.doing
    going_on = doing is not None and doing.action == action.name
    return going_on or any(each.intent == action.name and each.score >= PERHAPS for each in words.ranking)


def own(at: At, action: Action, values: Mapping[str, Any], words: Heard) -> bool:
    """Say whether the message sounds like the action, and names each of the values or goes on with it.

    Where the words are understood without a model to name another thing, it is not the one that the person means.
    """
    if not asked_for(at, action, words):
        return False
    doing = at.dialogue.doing
    known = doing.values if doing is not None and doing.action == action.name and not doing.unsaid else {}
    heard = at.filled(action).values
    meant = {name: heard[name] for name in references(action) if name in heard}
    return all(
        value == meant[name] if name in meant else value in (heard.get(name), known.get(name)) or _named(at, value)
        for name, value in values.items()
    )


def _named(at: At, value: Any) -> bool:
    """Say whether a value stands in the message, all parts of it."""
    match value:
        case bool():
            return False
        case int() | float():
            return is_said(at.text, str(value))
        case str():
            return is_said(at.text, value) or _means(at, value)
        case list():
            return all(_named(at, each) for each in value)
        case dict():
            return all(is_said(at.text, name) and _named(at, each) for name, each in value.items())
        case _:
            return False


def _means(at: At, id_: str) -> bool:
    """Say whether the message speaks of the thing of an id by its name, and of no other by that."""
    if id_ == at.account_id and _I.search(at.text):
        return True
    return any({thing.id for thing in mention.things} == {id_} for mention in at.known.mentions(at.text))
