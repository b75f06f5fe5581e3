"""What a replay is asked for: topics, a range of them, and which of their records; wrong words are told at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.replaying.places import SOURCES, Place, Source
from infra.settings import Unusable
from schemas.domains import DOMAINS
from schemas.message import Position

_POSITION = re.compile(r"[\w.-]+:\d+:\d+")


Bound = Mapping[Place, int] | int | None
"""Where a range begins or ends: offsets, or a moment in milliseconds since 1970, or wherever the topic does."""


@dataclass(frozen=True)
class Asked:
    """Which records are wanted: those of `places` between two bounds, both part of it; empty filters let all through.

    `actors` are who asked, or on whose behalf.
    """

    places: tuple[Place, ...]
    since: Bound = None
    until: Bound = None
    types: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    said: Mapping[str, Any] = field(default_factory=dict)
    """The same in the words it was asked with."""

    @property
    def chooses(self) -> bool:
        """Whether it leaves out records of a range."""
        return bool(self.types or self.subjects or self.actors)


@dataclass(frozen=True)
class Words:
    """What stood on the command line."""

    names: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    types: Sequence[str] = ()
    subjects: Sequence[str] = ()
    actors: Sequence[str] = ()


def asked(words: Words, now: datetime) -> Asked:
    """Read what is asked for. Raises Unusable."""
    since, until = _bound(words.since, "--from", now), _bound(words.until, "--to", now)
    named = list(dict.fromkeys(source(name) for name in words.names))
    places = _places(named, since, until)
    _require_in_order(since, until, words)
    _require_types(words.types, list(dict.fromkeys(place.source for place in places)))
    return Asked(
        places,
        since,
        until,
        frozenset(words.types),
        frozenset(words.subjects),
        frozenset(words.actors),
        {name: value for name, value in vars(words).items() if value},
    )


def source(name: str) -> Source:
    """Give the topic of a name, which may be a domain's. Raises Unusable."""
    found = SOURCES.get(name.removesuffix(".facts"))
    if found is None:
        domains = ", ".join(domain.name for domain in DOMAINS)
        raise Unusable(
            f"There is no topic {name}: name a domain for its facts, or DOMAIN.commands; those are {domains}."
        )
    return found


def _bound(said: str | None, option: str, now: datetime) -> Bound:
    if said is None:
        return None
    if (":" in said and "-" not in said.partition(":")[0]) or "," in said:
        return _positions(said, option)
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Unusable(
            f"{option} {said} is no position and no moment: write it as resource:3:57, or as 2026-11-26T20:30:00Z."
        ) from None
    if moment.tzinfo is None:
        raise Unusable(f"{option} {said} says nothing of its zone: end it with Z, or with an offset such as +01:00.")
    if moment > now:
        raise Unusable(f"{option} {said} is not yet: leave it out, or name a moment that was.")
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _positions(said: str, option: str) -> dict[Place, int]:
    found: dict[Place, int] = {}
    for each in said.split(","):
        if _POSITION.fullmatch(each) is None:
            raise Unusable(
                f"{option} {each} is no position: write it as resource:3:57, and several with commas between."
            )
        position = Position.parse(each)
        of = source(position.domain)
        if position.partition >= of.partitions:
            raise Unusable(
                f"There is no {each} here: the partitions of {of.topic} are 0 to {of.partitions - 1}. Was it given by "
                "another Annal?"
            )
        place = Place(of, position.partition)
        if place in found:
            raise Unusable(f"{option} names two positions of {place}: name one.")
        found[place] = position.offset
    return found


def _places(named: Sequence[Source], since: Bound, until: Bound) -> tuple[Place, ...]:
    """Give the partitions that positions name, and where none does, all of the topics."""
    positions = {
        **(since if isinstance(since, Mapping) else {}),
        **(until if isinstance(until, Mapping) else {}),
    }
    for place, offset in positions.items():
        if named and place.source not in named:
            raise Unusable(f"{place}:{offset} is of {place.source.topic}: name that topic too, or none.")
    if positions:
        return tuple(sorted(positions, key=lambda place: (list(SOURCES).index(place.source.word), place.partition)))
    chosen = named or [each for each in SOURCES.values() if each.journal]
    return tuple(Place(each, partition) for each in chosen for partition in range(each.partitions))


def _require_in_order(since: Bound, until: Bound, words: Words) -> None:
    both_moments = isinstance(since, int) and isinstance(until, int) and since > until
    both_places = (
        isinstance(since, Mapping)
        and isinstance(until, Mapping)
        and any(offset > until.get(place, offset) for place, offset in since.items())
    )
    if both_moments or both_places:
        raise Unusable(f"--from {words.since} comes after --to {words.until}: name the earlier one with --from.")


def _require_types(types: Sequence[str], sources: Sequence[Source]) -> None:
    there = sorted({type_ for each in sources for type_ in each.types})
    for each in types:
        if each not in there:
            raise Unusable(f"Nothing of the type {each} can be there: name one of {', '.join(there)}.")
