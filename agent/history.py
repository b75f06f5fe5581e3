"""Answers about history: who changed something, when, by which request, what it was before; each with its position."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.at import At, Said
from agent.doors import cursor_of
from agent.recording import digest
from agent.slots import Thing
from schemas.conversation import Citation, Used

FIELDS = {
    "/name": ("name", "called", "renamed", "call", "title"),
    "/tags": ("tag", "tags"),
    "/owner": ("owner", "owned", "owns"),
}
"""The fields of every resource, by the words that ask about them; its attributes are asked about by their names."""

TYPES = {
    "resource.registered": ("created", "registered", "made"),
    "resource.shared": ("shared",),
    "resource.unshared": ("unshared",),
    "resource.transferred": ("transferred",),
    "resource.tagged": ("tagged",),
    "resource.untagged": ("untagged",),
    "resource.trashed": ("trashed", "deleted", "removed"),
    "resource.restored": ("restored",),
    "resource.reverted": ("reverted",),
}
_WORDS = re.compile(r"[\w-]+")
PAGE = 200
MOST_PAGES = 50
"""Facts of a resource are looked through until one is found that answers, and no further than this."""

Row = Mapping[str, Any]


async def answer(at: At, intent: str) -> Said:
    """Answer what is asked of the history of something that is named, or was spoken of last."""
    things = _about(at)
    if not things:
        return Said("Of what? Name a resource by its id or name.", at.dialogue)
    if len(things) > 1:
        named = ", ".join(thing.id for thing in things)
        return Said(f"Several could be meant: {named}. Ask again with one of these ids.", at.dialogue)
    thing = things[0]
    words = {word.lower() for word in _WORDS.findall(at.text)}
    field = await _field(at, thing, words)
    row = await (_change(at, thing, field) if field else _happened(at, thing, words))
    dialogue = at.dialogue.mention(thing)
    if row is None:
        what = f"{_name(field)} of {thing.id}" if field else thing.id
        return Said(f"Nothing in the history that you may read says that of {what}.", dialogue)
    text = f"{_told(at, intent, thing, field, row)} [{row['position']}]"
    cited = (Citation(kind="fact", id=thing.id, place=row["position"]),)
    used = (Used(kind="fact", id=thing.id, digest=digest(row), place=row["position"]),)
    return Said(text, dialogue, cited, used=used)


def _about(at: At) -> Sequence[Thing]:
    """Give what may be meant: what the message names, else what was spoken of last."""
    action = at.actions.get("resource.history")
    found = at.filled(action) if action is not None else None
    if found is not None and "resource_id" in found.values:
        return [at.thing("resource", found.values["resource_id"])]
    if found is not None and "resource_id" in found.ambiguous:
        return [each for each in found.ambiguous["resource_id"] if isinstance(each, Thing)]
    return [thing for thing in at.dialogue.mentioned if thing.domain == "resource"][:1]


async def _field(at: At, thing: Thing, words: set[str]) -> str | None:
    """Give the JSON pointer of the field that is asked about, if one is."""
    answer = await at.doors.get(f"/v1/resources/{thing.id}")
    attributes: Mapping[str, Any] = answer.body.get("attributes", {}) if answer.good else {}
    for name in attributes:
        if {name.lower()} <= words or set(name.lower().split("_")) <= words:
            return f"/attributes/{name}"
    return next((pointer for pointer, said in FIELDS.items() if words & set(said)), None)


async def _change(at: At, thing: Thing, field: str) -> Row | None:
    """Give the fact that changed a field last."""
    answer = await at.doors.get(f"/v1/resources/{thing.id}/changes", {"field": field, "limit": 1})
    return next(iter(answer.body["items"]), None) if answer.good else None


async def _happened(at: At, thing: Thing, words: set[str]) -> Row | None:
    """Give the last fact of a type that is asked about, or of any."""
    wanted = {type_ for type_, said in TYPES.items() if words & set(said)}
    cursor = None
    for _ in range(MOST_PAGES):
        query = {"limit": PAGE, "cursor": cursor}
        answer = await at.doors.get(f"/v1/resources/{thing.id}/history", query)
        rows: Sequence[Row] = answer.body["items"] if answer.good else []
        found = next((row for row in rows if not wanted or row["type"] in wanted), None)
        cursor = cursor_of(answer.body["next"]) if answer.good else None
        if found is not None or cursor is None:
            return found
    return None


def _told(at: At, intent: str, thing: Thing, field: str | None, row: Row) -> str:
    who, when = _who(at, row["actor"]), _when(row["time"])
    what = f"the {_name(field)} of {thing.id}" if field else thing.id
    did = _did(row, field)
    change = _to(row) if field else ""
    match intent:
        case "history.when":
            return f"{_capital(what)} was {did} on {when}{change}, by {who}."
        case "history.before" if field and row["before"] is None:
            return f"{_capital(what)} was nothing before {when}, when {who} made it {_value(row['after'])}."
        case "history.before" if field:
            return f"Before {when}, {what} was {_value(row['before'])}; {who} made it {_value(row['after'])}."
        case "history.why":
            cause = row.get("causation_id")
            led = f"because of the fact {cause}" if cause else f"by the request {row['correlation_id']}"
            told = f"{_capital(who)} {did} {what} on {when}{change}, {led}"
            return f"{told}, with command {row['command_id']}."
        case _:
            return f"{_capital(who)} {did} {what} on {when}{change}."


def _did(row: Row, field: str | None) -> str:
    """Say what was done: of a field that it was set or changed, whatever the fact did besides."""
    if field is None:
        return str(row["type"].partition(".")[2].replace("_", " "))
    return "set" if row["before"] is None else "changed"


def _to(row: Row) -> str:
    after = _value(row["after"])
    return f" to {after}" if row["before"] is None else f" from {_value(row['before'])} to {after}"


def _name(field: str | None) -> str:
    return (field or "").rpartition("/")[2].replace("_", " ")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "nothing"
    return "nothing" if value is None else str(value)


def _who(at: At, actor: Mapping[str, Any]) -> str:
    return "you" if actor["id"] == at.account_id else f"account {actor['id']}"


def _when(time: str) -> str:
    moment = datetime.fromisoformat(time)
    return f"{moment:%-d %B %Y at %H:%M:%S} UTC"
