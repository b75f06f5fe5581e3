"""What a caller is told of a command: where it stands, what became of it, or the problem with it."""

from typing import Any

from schemas.message import Asked, Outcome, Position
from schemas.problems import Problem

_PENDING = Outcome(command_id="", status="pending", type="").model_dump(mode="json")


def pending(asked: Asked) -> dict[str, Any]:
    """Give the outcome of a command that has none yet."""
    meta = asked.meta
    return _PENDING | {"command_id": meta.id, "type": meta.type, "subject": meta.subject}


def location(asked: Asked, place: Position) -> str:
    """Say where to ask for the outcome.

    By the command's place the answer tells not yet known from never asked, by its digest this from another of its id.
    """
    return f"/v1/commands/{asked.meta.id}?position={place}&digest={asked.meta.digest}"


def known(outcome: Outcome) -> dict[str, str]:
    """Give the headers of an outcome: where the subject stands now."""
    headers = {}
    if outcome.position is not None:
        headers["Annal-Position"] = outcome.position
    if outcome.version:
        headers["ETag"] = f'"{outcome.version}"'
    return headers


def refusal(outcome: Outcome) -> Problem | None:
    """Give the problem that a refused command is."""
    if outcome.code is None:
        return None
    members: dict[str, Any] = {"command_id": outcome.command_id, "position": outcome.position}
    return Problem(outcome.code, outcome.reason or "", headers=known(outcome), **members)
