"""The things that a model names: by a word for what was spoken of, by id, or as the person calls them.

It is never shown what others call things, so no name can tell it to do anything.
"""

import re
from collections.abc import Mapping
from typing import Any

from agent.actions.action import Action
from agent.at import At
from agent.model.saying import Nonsense
from agent.slots import Thing
from agent.slots.gazetteer import folded
from agent.slots.naming import is_made, references

ME = "@me"
MOST_SPOKEN_OF = 5


def handles(at: At) -> Mapping[str, Thing]:
    """Give the words that stand for what was spoken of, the latest first, and for what there is to choose from."""
    doing = at.dialogue.doing
    spoken = {f"@{n}": thing for n, thing in enumerate(at.dialogue.mentioned[:MOST_SPOKEN_OF], 1)}
    return spoken | {f"@choice{n}": thing for n, thing in enumerate(doing.choices if doing is not None else (), 1)}


def things(at: At, action: Action, values: Mapping[str, Any]) -> dict[str, Any]:
    """Put ids in place of what a model calls things; leave out what could be several, to be asked. Raises Nonsense."""
    named = references(action)
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in named or not isinstance(value, str):
            found[name] = value
        elif (id_ := _id(at, action, name, named[name], value)) is not None:
            found[name] = id_
    return found


def _id(at: At, action: Action, parameter: str, domain: str, said: str) -> str | None:
    if said.startswith("@"):
        return _handled(at, domain, said)
    called = folded(said)
    ids = {
        thing.id
        for thing in at.known.things
        if domain in ("", thing.domain) and (said == thing.id or called in (folded(thing.id), folded(thing.name)))
    }
    if said in ids:
        return said
    if ids and not is_made(action, parameter):
        return ids.pop() if len(ids) == 1 else None
    if is_said(at.text, said):
        return said
    raise Nonsense(f"{said!r} is nothing that the person said or may see; leave {parameter} out if they do not say it.")


def _handled(at: At, domain: str, said: str) -> str:
    if said == ME and domain == "account":
        return at.account_id
    thing = handles(at).get(said)
    if thing is None or domain not in ("", thing.domain):
        raise Nonsense(f"{said} stands for nothing that fits here; name the thing as the person does.")
    return thing.id


def is_said(text: str, value: str) -> bool:
    """Say whether a value stands in a text, word for word, whatever the case and the blanks between words."""
    words = r"\s+".join(re.escape(word) for word in value.casefold().split())
    return bool(words) and re.search(rf"(?<!\w){words}(?!\w)", text.casefold()) is not None
