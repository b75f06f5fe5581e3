"""What is told of conversations: rows with what is sealed opened; null where the key is no more."""

from collections.abc import Sequence
from typing import Any

import orjson

from infra.auth.vault import Person
from projections.opened import opened
from projections.projection import Row


def conversation(row: Row, person: Person | None) -> Row:
    return row | {
        "dialogue": _json(person, "dialogue", row["dialogue"]),
        "proposal": _proposal(row["proposal"], person),
        "summary": row["summary"] and row["summary"] | {"text": opened(person, "summary", row["summary"]["text"])},
    }


def turn(row: Row, person: Person | None) -> Row:
    told = {name: value for name, value in row.items() if name not in ("actor", "account_id", "correlation_id")}
    return told | {
        "text": opened(person, "message", row["text"]),
        "reply": opened(person, "message", row["reply"]),
        "slots": _each(row["slots"], person, "slot", "value", "before"),
        "calls": _each(row["calls"], person, "answer", "answer"),
        "answers": _each(row["answers"], person, "message", "text"),
        "proposal": _proposal(row["proposal"], person),
        "posted": [_proposal(each, person) for each in row["posted"]],
    }


def memory(row: Row, person: Person | None) -> Row:
    told = {name: row[name] for name in ("memory_id", "conversation_id", "turn", "scope", "until", "written_time")}
    return told | {"text": opened(person, "memory", row["text"]), "position": row["position"]}


def _proposal(proposal: Row | None, person: Person | None) -> Row | None:
    return proposal and proposal | {"body": _json(person, "command", proposal["body"])}


def _each(rows: Sequence[Row], person: Person | None, field: str, *names: str) -> list[Row]:
    return [row | {name: opened(person, field, row.get(name)) for name in names} for row in rows]


def _json(person: Person | None, field: str, sealed: str | None) -> Any:
    text = opened(person, field, sealed)
    return orjson.loads(text) if text is not None else None
