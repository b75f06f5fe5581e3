"""The standing audit of documents: the facts of some are folded again, and compared with what stands in Redis."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from psycopg.types.json import set_json_loads
from redis.asyncio import Redis

from infra.postgres import Connection
from projections import documents, drift, resource
from projections.documents import PARTITIONS, PREFIX
from projections.drift import MOST_FACTS, Reached, drifted
from projections.projection import Row
from projections.reading import Place, sentence
from schemas.message import Position
from schemas.partition import partition_of

DRAWN = 5
"""Keys drawn by chance for each document that is looked at, for Redis keeps other things, too."""


class _There(NamedTuple):
    """A document as it stands in Redis, and how far Redis had read its journal at that instant."""

    value: bytes
    read_to: int


async def audit(connection: Connection, cache: Redis) -> dict[str, list[str]]:
    """Look at a sample of documents, and at those known to have drifted; say what differs. Raises RedisError."""
    set_json_loads(orjson.loads, connection)
    known = [row.subject for row in await drifted(connection) if row.projection == documents.NAME]
    # Redis first: what it has read the history may still lack, and is then left for another time.
    there = await _there(cache, list({*await _sample(cache), *known}))
    compared, differing = await _compare(connection, there)
    gone = [subject for subject in known if subject not in there]
    await drift.note(connection, documents.NAME, [*compared, *gone], differing, known)
    return differing


async def _sample(cache: Redis) -> list[str]:
    async with cache.pipeline(transaction=False) as pipe:
        for _ in range(DRAWN * drift.SAMPLE):
            pipe.randomkey()
        keys: list[Any] = await pipe.execute()
    drawn = dict.fromkeys(key for key in keys if key is not None and key.startswith(PREFIX))
    return [key[len(PREFIX) :].decode(errors="replace") for key in drawn][: drift.SAMPLE]


async def _there(cache: Redis, subjects: Sequence[str]) -> dict[str, _There]:
    """Give the documents that are there, with the places of their journals, all at one instant."""
    places = [Place(resource.projection.name, number) for number in range(PARTITIONS)]
    keys = [*map(documents.place_key, places), *(documents.key_of(each.encode()) for each in subjects)]
    found: list[Any] = await cache.mget(keys)
    read_to = [documents.progress_of(value).read_to for value in found[:PARTITIONS]]
    values = zip(subjects, found[PARTITIONS:], strict=True)
    return {
        subject: _There(value, read_to[partition_of(subject.encode(), PARTITIONS)])
        for subject, value in values
        if value is not None
    }


async def _compare(connection: Connection, there: Mapping[str, _There]) -> tuple[list[str], dict[str, list[str]]]:
    """Give the subjects compared, and what differs of those that do."""
    subjects, projection = list(there), resource.projection
    facts = await drift.facts_of(connection, projection, subjects, MOST_FACTS + 1)
    ours, theirs = [
        await drift.reached(connection, projection, name, subjects) for name in (projection.name, "history")
    ]
    found = {
        subject: said
        for subject, each in there.items()
        if (said := _differing(subject, each, facts.get(subject, []), ours, theirs)) is not None
    }
    return list(found), {subject: said for subject, said in found.items() if said}


def _differing(subject: str, there: _There, facts: Sequence[Row], ours: Reached, theirs: Reached) -> list[str] | None:
    """Say what of a document differs from what its facts make; None if that cannot be known."""
    try:
        found = documents.parsed(there.value)
        told = theirs.knows(subject, found.position)
    except ValueError:
        return ["document"]
    if there.read_to < 0 or found.version > MOST_FACTS:
        return None  # it is made anew, and nobody is served it; or has more facts than are folded here
    due = [fact for fact in facts if fact["version"] <= found.version]
    if len(due) < found.version:
        return ["version"] if told and not theirs.skipped else None
    if any(Position.parse(fact["position"]).offset <= there.read_to for fact in facts[len(due) :]):
        return ["version"]  # it lacks facts that Redis has read
    try:
        row = drift.folded(resource.projection, [fact for fact in due if fact["position"] not in ours.skipped])
    except Exception as error:  # noqa: BLE001 - whatever the fold does not like is what the audit is for
        return [sentence(error)]
    return list(documents.differing(documents.written(row), there.value)) if row else ["document"]
