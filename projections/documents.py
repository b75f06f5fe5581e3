"""Resources in Redis: each the ready-made answer to a GET, folded from the same facts, and as dispensable as a cache.

`annal:resource:<id>` is two lines: version, position and readers, then the body of the answer.
`annal:place:<partition>` says how far a partition has been read. `annal:fresh:<partition>` is a lease: while it lives,
the documents are as new as the journal was a moment ago and may be served. A writer that lags, starts anew or is gone
does not renew it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from projections import resource
from projections.fold import fold, wanted
from projections.projection import Row
from projections.reading import Place, Progress, Stretch
from schemas.partition import partition_of

NAME = "resource_documents"
"""The name of this projection: the rows of the projection `resource`, kept elsewhere."""

PREFIX = b"annal:resource:"
"""How the keys of all documents begin; a resource's id follows."""

LEASE_MS = 5_000
PATIENCE = 0.25
"""Seconds that Redis may take. For as long a place that is not fresh is left alone, and all of a Redis that fails."""

PARTITIONS = resource.projection.domains[0].partitions
_FORMAT = crc32(b" ".join(column.name.encode() for column in resource.resource.columns))
"""Says what documents are made of: those made of something else are folded anew."""
_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


class Document(NamedTuple):
    """A resource as it is answered."""

    version: int
    position: str
    readers: list[str]
    body: bytes


def json_body(said: Any) -> bytes:
    """Give the body of an answer; the same said twice gives the same bytes, wherever it was kept."""
    return orjson.dumps(said, option=_JSON)


def document(row: Row) -> Document:
    """Make the answer of a row."""
    readers = [row["owner"], *row["editors"], *row["viewers"]]
    return Document(row["version"], row["position"], readers, json_body(row))


def written(row: Row) -> bytes:
    """Write the document of a row as it stands in Redis."""
    *beside, body = document(row)
    return orjson.dumps(beside) + b"\n" + body


def parsed(value: Any) -> Document:
    """Read a document as it stands in Redis. Raises ValueError for what is none."""
    head, _, body = value.partition(b"\n")
    try:
        version, position, readers = orjson.loads(head)
        return Document(int(version), str(position), list(readers), body)
    except TypeError as error:
        raise ValueError(str(error)) from error


def differing(due: bytes, value: bytes) -> dict[str, tuple[Any, Any]]:
    """Say of two documents as they stand in Redis what differs, by name: what is found, and what is due."""
    if due == value:
        return {}
    one, other = _plain(due), _plain(value)
    names = [name for name in {**one, **other} if other and one.get(name) != other.get(name)]
    return {name: (other.get(name), one.get(name)) for name in names} or {"document": (_text(value), _text(due))}


def _plain(value: bytes) -> Row:
    """Give all that a document says; nothing if it is none."""
    head, _, body = value.partition(b"\n")
    try:
        return {**orjson.loads(body), "head": orjson.loads(head)}
    except (TypeError, ValueError):
        return {}


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


class Documents:
    """Where the documents stand in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def load(self, places: Sequence[Place]) -> dict[Place, Progress]:
        """Say how far each journal has been read; from its beginning where Redis knows nothing."""
        values = await self._redis.mget([place_key(place) for place in places])
        known = {place: progress_of(value) for place, value in zip(places, values, strict=True)}
        if begun := [place for place, progress in known.items() if progress == Progress()]:
            # Documents grow old again while they are folded anew; nobody is served them meanwhile.
            await self._redis.delete(*map(_fresh_key, begun))
        return known

    async def write(self, stretches: Sequence[Stretch]) -> bool:
        """Fold what was read into the documents; False, and nothing written, if the places are not where they were."""
        facts = [told for stretch in stretches for told in stretch.facts]
        keys = wanted(resource.projection, facts)
        async with self._transaction() as pipe:
            places = {stretch.place: stretch.before for stretch in stretches}
            found = await _watch(pipe, places, [key_of(id_.encode()) for (id_,) in keys])
            if found is None:
                return False
            rows = {key: _row(value) for key, value in zip(keys, found, strict=True) if value is not None}
            # A document that Redis evicted stays away: PostgreSQL answers for it.
            evicted = set(keys) - rows.keys()
            folded = fold(resource.projection, rows, [told for told in facts if told.key not in evicted])
            pipe.multi()
            pipe.mset({place_key(stretch.place): _value(stretch.after) for stretch in stretches})
            if folded.rows:
                pipe.mset({key_of(id_.encode()): written(row) for (id_,), row in folded.rows.items()})
            if folded.held:
                pipe.delete(*{key_of(told.record.key or b"") for told, _ in folded.held})
            return await _done(pipe)

    async def beat(self, reached: Mapping[Place, Progress], near: Collection[Place]) -> bool:
        """Renew the leases of places near the end of their journals; False if any place is not where it was left."""
        async with self._transaction() as pipe:
            if await _watch(pipe, reached) is None:
                return False
            pipe.multi()
            for place in near:
                pipe.set(_fresh_key(place), reached[place].read_to, px=LEASE_MS)
            return await _done(pipe)

    async def close(self) -> None:
        await self._redis.aclose()

    def _transaction(self) -> Any:
        return self._redis.pipeline(transaction=True)


async def places(redis: Redis) -> dict[Place, Progress]:
    """Say how far each journal has been read into the documents."""
    known = [Place("resource", number) for number in range(PARTITIONS)]
    values = await redis.mget([place_key(place) for place in known])
    return {place: progress_of(value) for place, value in zip(known, values, strict=True)}


async def forget(redis: Redis) -> None:
    """Let nobody be served documents until they have been folded anew, from the first fact on."""
    known = [Place("resource", number) for number in range(PARTITIONS)]
    await redis.delete(*map(place_key, known), *map(_fresh_key, known))


async def evict(redis: Redis, subject: bytes) -> None:
    """Let PostgreSQL alone answer for a resource from now on: its row goes without a fact that its document has."""
    place = place_key(Place("resource", partition_of(subject, PARTITIONS)))
    transaction: Any = redis.pipeline(transaction=True)  # which redis types in part only
    async with transaction as pipe:
        while True:
            await pipe.watch(place)
            value = await pipe.get(place)
            pipe.multi()
            if value is not None:
                # Whoever is about to write the document has read it, and finds the place touched.
                pipe.set(place, value)
            pipe.delete(key_of(subject))
            if await _done(pipe):
                return


class Shelf:
    """Where the read door looks for documents; one that has nothing fresh, or is gone, is left alone for a while."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._closed_until = [0.0] * PARTITIONS

    async def find(self, resource_id: str, at_least: Mapping[Place, int]) -> Document | None:
        """Give a resource's document if it may be served, and is at least as new as asked."""
        now = asyncio.get_running_loop().time()
        place = Place("resource", partition_of(resource_id.encode(), PARTITIONS))
        if now < self._closed_until[place.partition]:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                value, fresh = await self._redis.mget(key_of(resource_id.encode()), _fresh_key(place))
        except (RedisError, OSError, TimeoutError):
            self._closed_until = [now + PATIENCE] * PARTITIONS
            return None
        if fresh is None:
            self._closed_until[place.partition] = now + PATIENCE
            return None
        if value is None:
            return None
        found = parsed(value)
        offset = max(int(fresh), int(found.position.rpartition(":")[2]))
        return found if offset >= at_least.get(place, -1) else None


def key_of(resource_id: bytes) -> bytes:
    return PREFIX + resource_id


def place_key(place: Place) -> bytes:
    return b"annal:place:%d" % place.partition


def _fresh_key(place: Place) -> bytes:
    return b"annal:fresh:%d" % place.partition


def _row(value: Any) -> Row:
    row: Row = orjson.loads(value.partition(b"\n")[2])
    return row


def _value(progress: Progress) -> bytes:
    return orjson.dumps([_FORMAT, progress.read_to, progress.head.hex(), progress.answered, progress.fact_time])


def progress_of(value: Any) -> Progress:
    if value is None:
        return Progress()
    form, read_to, head, answered, fact_time = orjson.loads(value)
    if form != _FORMAT:
        return Progress()
    return Progress(read_to, bytes.fromhex(head), answered, fact_time)


async def _watch(pipe: Any, places: Mapping[Place, Progress], keys: Sequence[bytes] = ()) -> list[Any] | None:
    """Give the values of keys, and let `execute` fail if a place moves from here on; None if one is elsewhere."""
    watched = [place_key(place) for place in places]
    await pipe.watch(*watched)
    values = await pipe.mget([*watched, *keys])
    here = [progress_of(value) for value in values[: len(watched)]] == list(places.values())
    return values[len(watched) :] if here else None


async def _done(pipe: Any) -> bool:
    try:
        await pipe.execute()
    except WatchError:
        return False
    return True
