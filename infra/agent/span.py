"""Which turns of which conversations are decided anew: those of one, or of all of one's own within a range."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra.replaying.asked import Asked, Words, asked
from infra.settings import Unusable
from schemas.conversation import DOMAIN
from schemas.message import Position

Row = Mapping[str, Any]


def span(since: str | None, until: str | None) -> Asked:
    """Read a range as `annal replay` has it: positions or moments, both part of it. Raises Unusable."""
    found = asked(Words(since=since, until=until), datetime.now(UTC))
    strange = [place for bound in (found.since, found.until) if isinstance(bound, Mapping) for place in bound]
    for place in strange:
        if place.source.word != DOMAIN.name:
            raise Unusable(f"{place} holds no conversation: write positions as {DOMAIN.name}:3:57, or name moments.")
    return found


def within(wanted: Asked, turn: Row) -> bool:
    """Say whether a turn is of a range: its message was said then, or the last that is on record of it stands there."""
    position, said = Position.parse(turn["position"]), _moment(turn["said_time"])
    return _not_before(wanted, position, said) and _not_after(wanted, position, said)


def may_be_within(wanted: Asked, conversation: Row) -> bool:
    """Say whether turns of a conversation can be of a range."""
    position = Position.parse(conversation["position"])
    latest, opened = _moment(conversation["updated_time"]), _moment(conversation["opened_time"])
    if isinstance(wanted.until, int) and opened > wanted.until:
        return False
    return _named(wanted, position) and _not_before(wanted, position, latest)


def _named(wanted: Asked, position: Position) -> bool:
    return any((place.source.word, place.partition) == (DOMAIN.name, position.partition) for place in wanted.places)


def _not_before(wanted: Asked, position: Position, moment: int) -> bool:
    bound = wanted.since
    if isinstance(bound, int):
        return moment >= bound
    return _named(wanted, position) and position.offset >= _offset(bound, position, 0)


def _not_after(wanted: Asked, position: Position, moment: int) -> bool:
    bound = wanted.until
    if isinstance(bound, int):
        return moment <= bound
    return _named(wanted, position) and position.offset <= _offset(bound, position, position.offset)


def _offset(bound: Any, position: Position, otherwise: int) -> int:
    """Give the offset that a bound names in the partition of a position."""
    found = (offset for place, offset in (bound or {}).items() if place.partition == position.partition)
    return next(found, otherwise)


def _moment(said: str) -> int:
    """Give a moment in milliseconds since 1970."""
    return int(datetime.fromisoformat(said).timestamp() * 1000)
