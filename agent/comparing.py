"""What was made of a message, then and now: what differs between two ways to decide a turn."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec


class Decided(NamedTuple):
    """What was made of a message: then as it stands on record, or now. `stopped` says why a turn went no further.

    `failed` says why a model that was asked did not help.
    """

    intent: str | None
    slots: Mapping[str, Any]
    proposed: Any
    posted: Any
    text: str
    tokens: int = 0
    cost: int = 0
    stopped: str = ""
    failed: str = ""


BESIDE = frozenset({"tokens", "cost", "failed"})
"""What differs without a message being decided otherwise."""


def then(turn: Mapping[str, Any]) -> Decided:
    """Give what a turn came to when it was had."""
    proposal, posted = turn["proposal"], (turn["posted"] or [None])[-1]
    return Decided(
        turn["intent"],
        {each["name"]: msgspec.json.decode(each["value"]) for each in turn["slots"]},
        [proposal["action"], proposal["body"]] if proposal else None,
        [posted["action"], posted["body"]] if posted else None,
        turn["reply"] or "",
        turn["tokens"],
        turn["cost"],
        failed=", ".join(each["failure"] for each in turn["calls"] if each.get("failure")),
    )


def otherwise(found: Sequence[tuple[str, str, str]]) -> bool:
    """Say whether a message was decided otherwise, of what differs."""
    return any(name not in BESIDE for name, _, _ in found)


def differences(was: Decided, now: Decided) -> list[tuple[str, str, str]]:
    """Give what differs: its name, then, and now."""
    told = [
        (name, _shown(old), _shown(new))
        for name, old, new in zip(Decided._fields, was, now, strict=True)
        if old != new and name != "stopped" and not (now.stopped and name == "text")
    ]
    return [*told, *([("stopped", "", now.stopped)] if now.stopped else [])]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else in_one_line(value)


def in_one_line(value: Any) -> str:
    """Give JSON in the one form in which equal values are equal."""
    return msgspec.json.encode(value, order="deterministic").decode()
