"""The waypoints of journals: now and then a place from which a reader can go on and still tell which records count."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from infra.postgres import Connection
from projections.reading import Place, Progress
from schemas.domains import DOMAINS

_PLACES = "unnest(%(domain)s::text[], %(partition)s::int[], %(least)s::bigint[]) AS wanted (domain, partition, least)"
_NEAREST = """
    SELECT wanted.domain, wanted.partition, found.read_to, found.head, found.fact_time
    FROM {places} CROSS JOIN LATERAL (
        SELECT read_to, head, fact_time FROM waypoint
        WHERE (waypoint.domain, waypoint.partition) = (wanted.domain, wanted.partition) AND {before}
        ORDER BY read_to DESC LIMIT 1
    ) AS found
"""
_BEFORE = _NEAREST.format(places=_PLACES, before="read_to <= wanted.least")
_OLDER = _NEAREST.format(places=_PLACES, before="fact_time < wanted.least")
_HEADS = "SELECT domain, partition, read_to, head, fact_time FROM positions WHERE projection = 'outcome'"
_ALL = [Place(domain.name, number) for domain in DOMAINS for number in range(domain.partitions)]


Found = dict[Place, Progress]


class Ask(Protocol):
    """Asks PostgreSQL. Raises Problem."""

    def __call__(self, query: Callable[[Connection], Awaitable[Found]], /) -> Awaitable[Found]: ...


class Waypoints:
    """The waypoints in PostgreSQL. All that is asked raises Problem while it is away."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def heads(self) -> Found:
        """Give for each journal the newest place from which a reader can go on."""
        return dict.fromkeys(_ALL, Progress()) | await self._ask(lambda connection: _found(connection, _HEADS, {}))

    async def before(self, offsets: Mapping[Place, int]) -> Found:
        """Give for each journal the last waypoint that is not beyond an offset; the beginning where there is none."""
        return await self._nearest(_BEFORE, offsets)

    async def older(self, places: Iterable[Place], moment: datetime) -> Found:
        """Give for each journal the last waypoint up to which all facts are older than a moment."""
        return await self._nearest(_OLDER, dict.fromkeys(places, int(moment.timestamp() * 1000)))

    async def _nearest(self, query: str, wanted: Mapping[Place, int]) -> Found:
        said = {
            "domain": [place.domain for place in wanted],
            "partition": [place.partition for place in wanted],
            "least": list(wanted.values()),
        }
        found = await self._ask(lambda connection: _found(connection, query, said))
        return dict.fromkeys(wanted, Progress()) | found


async def _found(connection: Connection, query: str, said: Mapping[str, Any]) -> Found:
    found = await (await connection.execute(query, said)).fetchall()
    return {
        Place(domain, partition): Progress(read_to, bytes(head), -1, time)
        for domain, partition, read_to, head, time in found
    }
