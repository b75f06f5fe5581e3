"""Answering from read models: a query of the person's own, told as lines, each with where it stands in the history."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.actions.action import Action
from agent.at import At, Said
from agent.doors import path_of
from agent.recording import digest
from agent.slots import Thing
from schemas.conversation import Citation, Used

MOST_LINES = 10
_NAMES = ("name", "address", "text", "description", "type")
_LEFT_OUT = frozenset({"position", "created_time", "version", "next", "kind_version"})


async def query(at: At, action: Action, values: Mapping[str, Any]) -> Said:
    """Ask a query and tell what it says."""
    path, rest = path_of(action.path, values)
    answer = await at.doors.get(path, rest)
    dialogue = at.dialogue.end()
    if not answer.good:
        return Said(answer.detail, dialogue)
    items = answer.body.get("items") if isinstance(answer.body, dict) else None
    if items is None:
        row = answer.body
        thing = _thing(action, row)
        return Said(_whole(row), dialogue.mention(*thing), _cited(action, [row]), used=_used(action, [row]))
    if not items:
        return Said(f"There is nothing: no {action.noun} that you may see.", dialogue)
    shown = items[:MOST_LINES]
    more = (
        "" if len(items) == len(shown) and not answer.body.get("next") else "\nThere are more; name what you look for."
    )
    text = "\n".join(f"- {_line(action, row)}" for row in shown) + more
    things = [thing for row in shown for thing in _thing(action, row)]
    return Said(text, dialogue.mention(*things), _cited(action, shown), used=_used(action, shown))


def _line(action: Action, row: Mapping[str, Any]) -> str:
    if "type" in row and "actor" in row:
        return f"{row['type'].partition('.')[2].replace('_', ' ')} by {row['actor']['id']} at {row['time'][:19]}"
    id_ = _id(action, row)
    name = next((row[each] for each in _NAMES if isinstance(row.get(each), str)), "")
    kind = row.get("kind", "") if action.domain != "kind" else f"version {row.get('kind_version')}"
    return f"{id_}" + (f": {name}" if name and name != id_ else "") + (f" ({kind})" if kind else "")


def _whole(row: Mapping[str, Any]) -> str:
    told = {name: value for name, value in row.items() if name not in _LEFT_OUT and value not in (None, [], {}, "")}
    return "\n".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in told.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return str(value)


def _id(action: Action, row: Mapping[str, Any]) -> str:
    for name in (f"{action.domain}_id", action.domain, "memory_id", "command_id", "id", "version"):
        if row.get(name) is not None:
            return str(row[name])
    return next((str(value) for name, value in row.items() if name.endswith("_id")), "")


def _thing(action: Action, row: Mapping[str, Any]) -> Sequence[Thing]:
    id_ = row.get(f"{action.domain}_id") or row.get(action.domain)
    if not isinstance(id_, str):
        return ()
    return (Thing(action.domain, id_, row.get("name") or "", row.get("kind") or "", row.get("position") or ""),)


def _cited(action: Action, rows: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
    return tuple(
        Citation(kind="fact", id=_id(action, row) or action.domain, place=row["position"])
        for row in rows
        if row.get("position")
    )


def _used(action: Action, rows: Sequence[Mapping[str, Any]]) -> tuple[Used, ...]:
    return tuple(
        Used(kind="row", id=_id(action, row) or action.domain, digest=digest(row), place=row.get("position"))
        for row in rows
    )
