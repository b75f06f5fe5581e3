"""Where in Kafka a replay begins and ends, and from where on it must read to know which records count."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import psycopg

from infra import postgres
from infra.records import Record
from infra.replaying.asked import Asked
from infra.replaying.places import Place, Range
from infra.settings import Settings, Unusable
from projections.listening.waypoint import Waypoints
from projections.reading import Place as Journal
from schemas import wire

SKEW_MS = 10 * 60 * 1000
"""How far clocks may be apart: Kafka's, which dates commands and so facts, and a worker's, which dates records."""

STRIDE = 1_000
"""Records from one look to the next for a fact that is too late; each time twice as many."""


class Reader(Protocol):
    """Tells where a topic's partitions begin and end, and what stands there, as infra.records does."""

    def around(self, topic: str, partition: int) -> tuple[int, int]: ...

    def since(self, topic: str, moments: Mapping[int, int]) -> dict[int, int]: ...

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]: ...


def ranges(reader: Reader, asked: Asked) -> list[Range]:
    """Find the ranges asked for, in the order of their topics; those of journals begin with the journal.

    Raises Unusable for a position that is not there.
    """
    found = []
    for source, partitions in _by_source(asked.places):
        around = {number: reader.around(source.topic, number) for number in partitions}
        places = {number: Place(source, number) for number in partitions}
        starts = _starts(reader, asked, places, around)
        ends = _ends(reader, asked, places, around)
        for number, place in places.items():
            first = around[number][0] if source.journal else starts[number]
            found.append(Range(place, starts[number], ends[number], first))
    return found


async def nearer(settings: Settings, found: Sequence[Range]) -> list[Range]:
    """Let journals be read from the last place before their range whose head is known, if PostgreSQL can tell."""
    far = {
        Journal(each.place.source.word, each.place.partition): each.start - 1
        for each in found
        if each.place.source.journal and each.start > each.next
    }
    if not far or not settings.postgres_url:
        return list(found)
    try:
        async with await postgres.connect(settings) as connection:
            known = await Waypoints(lambda query: query(connection)).before(far)
    except (psycopg.Error, OSError):
        return list(found)
    return [_from(each, known.get(Journal(each.place.source.word, each.place.partition))) for each in found]


def fact_time(record: Record) -> int:
    """Give the time of a fact, in milliseconds since 1970; of bytes that are none, when they were stored."""
    try:
        return wire.decode_fact(record.value or b"").meta.time
    except wire.Undecodable:
        return record.timestamp


def _from(each: Range, known: Any) -> Range:
    if known is None or not each.place.source.journal or known.read_to < each.next:
        return each
    return replace(each, next=known.read_to + 1, head=known.head)


def _by_source(places: Iterable[Place]) -> list[tuple[Any, list[int]]]:
    grouped: dict[Any, list[int]] = {}
    for place in places:
        grouped.setdefault(place.source, []).append(place.partition)
    return list(grouped.items())


Around = Mapping[int, tuple[int, int]]


def _starts(reader: Reader, asked: Asked, places: Mapping[int, Place], around: Around) -> dict[int, int]:
    bound = asked.since
    if isinstance(bound, int):
        source = next(iter(places.values())).source
        moment = bound - SKEW_MS if source.journal else bound
        return reader.since(source.topic, dict.fromkeys(places, max(0, moment)))
    named = bound or {}
    return {
        number: _there(place, named[place], around[number]) if place in named else around[number][0]
        for number, place in places.items()
    }


def _ends(reader: Reader, asked: Asked, places: Mapping[int, Place], around: Around) -> dict[int, int]:
    bound = asked.until
    if isinstance(bound, int):
        source = next(iter(places.values())).source
        later = reader.since(source.topic, dict.fromkeys(places, bound + 1))
        if not source.journal:
            return later
        return {
            number: _too_late(reader, place, bound + SKEW_MS, later[number], around[number][1])
            for number, place in places.items()
        }
    named = bound or {}
    return {
        number: _there(place, named[place], around[number]) + 1 if place in named else around[number][1]
        for number, place in places.items()
    }


def _too_late(reader: Reader, place: Place, moment: int, offset: int, end: int) -> int:
    """Give an offset from which on all facts are later than a moment: a backlog may be decided long after it."""
    stride = STRIDE
    while offset < end:
        looked_at = next(reader.read(place.source.topic, place.partition, offset, offset + 1), None)
        if looked_at and fact_time(looked_at[0]) > moment:
            return offset
        offset += stride
        stride *= 2
    return end


def _there(place: Place, offset: int, around: tuple[int, int]) -> int:
    begin, end = around
    if begin <= offset < end:
        return offset
    if begin == end:
        raise Unusable(f"There is no {place}:{offset}: nothing stands in {place}.")
    if offset < begin:
        raise Unusable(f"There is no {place}:{offset} any more: Kafka keeps {place} from {place}:{begin} on.")
    raise Unusable(f"There is no {place}:{offset}: the last is {place}:{end - 1}.")
