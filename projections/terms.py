"""What a read says beside its path and filters: who asks, how new the answer must be, and how long it may wait."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request

from infra.auth import Caller, caller
from infra.direct import preferred_wait
from projections.lens import LOOKED_BACK_BY, POSITION, AsOf, moment_of
from projections.reading import Place
from schemas.domains import DOMAINS
from schemas.message import Actor, Position
from schemas.problems import Problem

WAIT = 3.0
"""Seconds that a read waits for its read model, unless `Prefer: wait` says otherwise."""

LARGEST_OFFSET = 2**63 - 1

_PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}
_VERSION = re.compile("[0-9]{1,9}")
_DIGEST = re.compile("[0-9a-f]{32}")
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e]*")')


@dataclass(frozen=True, slots=True)
class Terms:
    """`at_least` are the offsets that the answer must know; `wait` is in seconds, None if nothing was said of it.

    `as_of` is what is looked back to, if it is.
    """

    caller: Caller
    at_least: Mapping[Place, int]
    wait: float | None
    none_match: str
    as_of: AsOf | None = None

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    def has(self, etag: str) -> bool:
        """Say whether the caller has this version already (RFC 9110 §13.1.2)."""
        return self.none_match.strip() == "*" or etag in _ETAG.findall(self.none_match)


def terms(request: Request, permission: str | None = None) -> Terms:
    """Read what a request says, of a caller who has a permission, if it takes one. Raises Problem."""
    asking = caller(request)
    if permission is not None:
        asking.require(permission)
    headers = request.headers
    positions, as_of = headers.getlist("annal-min-position"), None
    if request.scope["query_string"]:
        positions += request.query_params.getlist("min-position")
        if (text := request.query_params.get("as_of")) is not None:
            as_of = as_of_this(text)
            positions += map(str, as_of.positions())
    return Terms(
        asking,
        at_least(",".join(positions).split(",")) if positions else {},
        preferred_wait(headers.getlist("prefer")),
        ",".join(headers.getlist("if-none-match")),
        as_of,
    )


def version_or_moment(text: str) -> AsOf | int:
    """Read what is compared: a version, positions or a moment. Raises Problem."""
    return int(text) if _VERSION.fullmatch(text) else as_of_this(text)


def as_of_this(text: str) -> AsOf:
    """Read what is looked back to: positions, separated by commas, or a moment. Raises Problem."""
    if POSITION.match(text):
        places = at_least(text.split(","))
        if unknown := {place.domain for place in places} - LOOKED_BACK_BY:
            told = f"Nothing is looked back to by positions of {', '.join(sorted(unknown))}; name a moment."
            raise Problem("position_invalid", told)
        return AsOf(places=places)
    return AsOf(moment_of(text, datetime.now(UTC)))


def at_least(positions: Iterable[str]) -> dict[Place, int]:
    """Give the offset that each place must have reached. Raises Problem."""
    wanted: dict[Place, int] = {}
    for text in positions:
        position = position_of(text.strip())
        place = Place(position.domain, position.partition)
        wanted[place] = max(position.offset, wanted.get(place, -1))
    return wanted


def position_of(text: str) -> Position:
    """Read a position in a journal, or of a command on its topic. Raises Problem."""
    try:
        position = Position.parse(text)
    except ValueError:
        raise _invalid(text) from None
    if position.partition >= _PARTITIONS.get(position.domain, 0) or position.offset > LARGEST_OFFSET:
        raise _invalid(text)
    return position


def digest_of(text: str | None) -> str | None:
    """Read the digest of a command as `Location` had it. Raises Problem."""
    if text is not None and _DIGEST.fullmatch(text) is None:
        raise Problem("position_invalid", f"'{text[:100]}' is no digest: ask at the Location that you were given.")
    return text


def _invalid(text: str) -> Problem:
    return Problem(
        "position_invalid", f"'{text[:100]}' is no position: give one as an answer had it, such as resource:3:57."
    )
