"""Answers about history: who changed something, when, by which request, what it was before; each with its position."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.at import At, Said
from agent.recording import digest
from agent.slots import Gazetteer, Thing
from schemas.conversation import Citation, Used

FIELDS = {
    "name": ("/name", ("name", "called", "renamed", "call", "title")),
    "tags": ("/tags", ("tag", "tags", "tagged", "untagged")),
    "owner": ("/owner", ("owner", "owned", "transferred")),
    "trashed": ("/trashed", ("trashed", "deleted", "removed", "trash")),
}
_WORDS = re.compile(r"[\w-]+")
_TYPES = {
    "resource.registered": ("created", "registered", "made"),
    "resource.shared": ("shared",),
    "resource.unshared": ("unshared",),
    "resource.transferred": ("transferred",),
    "resource.tagged": ("tagged",),
    "resource.trashed": ("trashed", "deleted", "removed"),
    "resource.restored": ("restored",),
    "resource.reverted": ("reverted",),
}
MOST = 50


async def answer(at: At, intent: str) -> Said:
    """Answer what is asked of the history of something that is named, or was spoken of last."""
    thing = _about(at)
    if thing is None:
        return Said("Of what? Name a resource by its id or name.", at.dialogue)
    words = {word.lower() for word in _WORDS.findall(at.text)}
    field = await _field(at, thing, words)
    found = await (_changes(at, thing, field) if field else _happened(at, thing, words))
    dialogue = at.dialogue.mention(thing)
    if not found:
        what = f"{field} of {thing.id}" if field else thing.id
        return Said(f"Nothing in the history that you may read says that of {what}.", dialogue)
    text = _told(at, intent, thing, field, found[0])
    cited = (Citation(kind="fact", id=thing.id, place=found[0]["position"]),)
    used = tuple(Used(kind="fact", id=thing.id, digest=digest(row), place=row["position"]) for row in found[:1])
    return Said(text, dialogue, cited, used=used)


def _about(at: At) -> Thing | None:
    resources = Gazetteer(thing for thing in at.known.things if thing.domain == "resource")
    named = [mention.things[0] for mention in resources.mentions(at.text) if len(mention.things) == 1]
    spoken = [thing for thing in at.dialogue.mentioned if thing.domain == "resource"]
    return next(iter((*named, *spoken)), None)


async def _field(at: At, thing: Thing, words: set[str]) -> str | None:
    """Give the JSON pointer of the field that is asked about, if one is."""
    answer = await at.doors.get(f"/v1/resources/{thing.id}")
    attributes: Mapping[str, Any] = answer.body.get("attributes", {}) if answer.good else {}
    for name in attributes:
        if name.lower() in words:
            return f"/attributes/{name}"
    return next((path for path, said in FIELDS.values() if words & set(said) and path in ("/name", "/owner")), None)


async def _changes(at: At, thing: Thing, field: str) -> Sequence[Mapping[str, Any]]:
    answer = await at.doors.get(f"/v1/resources/{thing.id}/changes", {"field": field, "limit": MOST})
    return answer.body["items"] if answer.good else []


async def _happened(at: At, thing: Thing, words: set[str]) -> Sequence[Mapping[str, Any]]:
    answer = await at.doors.get(f"/v1/resources/{thing.id}/history", {"limit": MOST})
    items: Sequence[Mapping[str, Any]] = answer.body["items"] if answer.good else []
    wanted = {type_ for type_, said in _TYPES.items() if words & set(said)}
    return [item for item in items if not wanted or item["type"] in wanted]


def _told(at: At, intent: str, thing: Thing, field: str | None, row: Mapping[str, Any]) -> str:
    who, when, place = _who(at, row["actor"]), _when(row["time"]), row["position"]
    did = row["type"].partition(".")[2].replace("_", " ")
    what = f"the {field.rpartition('/')[2]} of {thing.id}" if field else thing.id
    change = _change(row) if field else ""
    match intent:
        case "history.when":
            return f"{what[0].upper()}{what[1:]} was {did} on {when}{change}, by {who}. [{place}]"
        case "history.before" if field:
            before, after = _value(row["before"]), _value(row["after"])
            return f"Before {when}, {what} was {before}; {who} made it {after}. [{place}]"
        case "history.why":
            cause = row.get("causation_id")
            led = f"because of the fact {cause}" if cause else f"by the request {row['correlation_id']}"
            told = f"{who[0].upper()}{who[1:]} {did} {what} on {when}{change}, {led}"
            return f"{told}, with command {row['command_id']}. [{place}]"
        case _:
            return f"{who[0].upper()}{who[1:]} {did} {what} on {when}{change}. [{place}]"


def _change(row: Mapping[str, Any]) -> str:
    return f" from {_value(row['before'])} to {_value(row['after'])}"


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _who(at: At, actor: Mapping[str, Any]) -> str:
    return "you" if actor["id"] == at.account_id else f"account {actor['id']}"


def _when(time: str) -> str:
    moment = datetime.fromisoformat(time)
    return f"{moment:%-d %B %Y at %H:%M:%S} UTC"
