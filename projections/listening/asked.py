"""What a listener asks for: a filter, and where to begin. Whatever is wrong with it is told before the first event."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka.errors import KafkaError
from starlette.datastructures import QueryParams

from projections.lens import POSITION, moment_of
from projections.listening.audience import Ways
from projections.listening.entry import NOTHING_HAPPENED
from projections.listening.filter import Filter
from projections.listening.sight import AUDIT, Sight
from projections.listening.source import Source
from projections.listening.vector import BEGINNING, Vector, one
from projections.reading import Place
from projections.terms import at_least
from schemas.domains import DOMAINS, FACTS
from schemas.problems import Problem

FILTERS = ("domain", "type", "subject", "actor")
NAMES = (*FILTERS, "since", "last-event-id")

PATIENCE = 2.0
"""Seconds that Kafka may take to say where its journals end; its client itself tries for 40."""

MOST_VALUES = 50
LONGEST = 200

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = {domain.name: tuple(fact.type for fact in domain.facts) for domain in DOMAINS}


@dataclass(frozen=True)
class Asked:
    """A filter; and where to begin: at a moment, after offsets, both of which then hold, or neither for now."""

    filter: Filter
    moment: datetime | None = None
    positions: Mapping[Place, int] | None = None


def asked(query: QueryParams, last_event_id: str | None, sight: Sight) -> Asked:
    """Read what a caller asks for who may know so much. Raises Problem."""
    for name in query:
        if name not in NAMES:
            raise Problem("query_invalid", f"There is no '{name[:100]}' here: ask for {', '.join(NAMES)}.")
    said = {name: _values(query, name) for name in FILTERS}
    wanted = Filter(
        _domains(said["domain"], said["type"], sight),
        *(frozenset(said[name]) for name in ("type", "subject", "actor")),
    )
    last, since = last_event_id or query.get("last-event-id"), query.getlist("since")
    # An id says how far one was in each journal, and not that all before a moment was to be passed over.
    moment = moment_of(since[0], datetime.now(UTC)) if _is_moment(since) else None
    after = [last] if last else [] if moment else since
    return Asked(wanted, moment, _positions(after) if after else None)


async def beginning(asked: Asked, source: Source, ways: Ways) -> tuple[Vector, int]:
    """Give where to begin, and how old a fact may be from there on, in milliseconds since 1970. Raises Problem."""
    places = asked.filter.places()
    try:
        async with asyncio.timeout(PATIENCE):
            ends = await source.ends(places)
    except (KafkaError, OSError, TimeoutError) as error:
        told = "Kafka cannot be asked where its journals end; connect again in a moment."
        raise Problem("kafka_unavailable", told, headers={"Retry-After": "1"}) from error
    if asked.moment is None and asked.positions is None:
        return {place: ends[place] - 1 for place in places}, 0
    vector = {place: (asked.positions or {}).get(place, -1) for place in places}
    for place, offset in vector.items():
        if offset >= ends[place]:
            raise _beyond(place, offset, ends[place])
    if asked.moment is None:
        return vector, 0
    older = await ways.older(places, asked.moment)
    return {place: max(vector[place], older[place].read_to) for place in places}, _milliseconds(asked.moment)


def _is_moment(since: Sequence[str]) -> bool:
    return len(since) == 1 and since[0] != BEGINNING and POSITION.match(since[0]) is None


def _positions(texts: Sequence[str]) -> Mapping[Place, int]:
    return at_least([text for each in texts for text in each.split(",") if text != BEGINNING])


def _milliseconds(moment: datetime) -> int:
    """Give the first millisecond that is not before a moment: the time of a fact is one."""
    return -((_1970 - moment) // timedelta(milliseconds=1))


def _values(query: QueryParams, name: str) -> list[str]:
    values = query.getlist(name)
    if len(values) > MOST_VALUES or not all(0 < len(value) <= LONGEST for value in values):
        raise Problem("query_invalid", f"Give '{name}' at most {MOST_VALUES} times, of 1 to {LONGEST} characters each.")
    return values


def _domains(domains: Sequence[str], types: Sequence[str], sight: Sight) -> tuple[str, ...]:
    """Give the domains that must be followed for what is asked, in the order of the map. Raises Problem."""
    for domain in domains:
        if domain not in _TYPES:
            raise Problem("domain_unknown", f"There is no domain '{domain}': ask for {', '.join(_TYPES)}.")
    for each in types:
        if each not in FACTS:
            there = [name for domain in domains or _TYPES for name in (*_TYPES[domain], *NOTHING_HAPPENED)]
            raise Problem("fact_type_unknown", f"No fact is of the type '{each}': ask for {', '.join(sorted(there))}.")
        if each in NOTHING_HAPPENED and sight.account is not None:
            raise _missing(f"To listen to {each}")
    of_types = {each.partition(".")[0] for each in types if each not in NOTHING_HAPPENED}
    # Of what never happens in the domains that are named nothing comes, and that is no mistake.
    anywhere = not of_types or not NOTHING_HAPPENED.isdisjoint(types)
    wanted = set(domains) or (set(sight.domains) if anywhere else of_types)
    for domain in sorted(wanted - set(sight.domains)):
        raise _missing(f"To listen to {domain}")
    return tuple(domain for domain in _TYPES if domain in wanted)


def _missing(what: str) -> Problem:
    told = f"{what} takes the permission {AUDIT}, which you do not have; ask for a role that gives it."
    return Problem("permission_missing", told, permission=AUDIT)


def _beyond(place: Place, offset: int, end: int) -> Problem:
    last = one(place, end - 1) if end else "none"
    told = f"There is no {one(place, offset)}, the last is {last}; give a position as an answer or event here had it."
    return Problem("position_beyond_end", told)
