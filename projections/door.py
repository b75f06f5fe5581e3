"""The read door without its HTTP: what is known, as new as a caller wants it, to those who may know it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
import psycopg
from aiokafka.errors import KafkaError
from psycopg.types.json import set_json_loads
from redis.asyncio import Redis

from infra import postgres
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.postgres import Connection
from infra.settings import Settings
from projections import cursors, history, kind, outcome, resource
from projections.cursors import Cursors
from projections.documents import Document, Shelf, document
from projections.outcome import Answered
from projections.positions import Lag, Positions
from projections.projection import Projection, Row
from projections.reading import Place
from projections.terms import WAIT, Terms
from schemas import topics
from schemas.message import Outcome, Position
from schemas.problems import Problem

PATIENCE = 2.0
"""Seconds to get hold of PostgreSQL."""

SOON = 0.1
"""Seconds in which most of what is waited for comes; after that Kafka is asked whether it exists."""

Found = TypeVar("Found")


class ReadDoor:
    """Asks PostgreSQL, and Redis first where it may; nothing is lost on it when either comes and goes."""

    def __init__(self, settings: Settings, redis: Redis, ends: Ends, *, vault: Vault) -> None:
        self._settings = settings
        self._ends = ends
        self._pool = postgres.pool(settings)
        self._shelf = Shelf(redis)
        self._positions = Positions(settings)
        self.vault = vault
        self.cursors = Cursors(b"")

    async def start(self) -> None:
        self.cursors = Cursors(cursors.secret(self._settings))
        set_json_loads(orjson.loads)
        await self._pool.open()
        await self._positions.start()

    async def stop(self) -> None:
        await self._positions.stop()
        await self._pool.close()

    async def resource(self, resource_id: str, terms: Terms) -> Document:
        """Give a resource. Raises Problem."""
        found = await self._shelf.find(resource_id, terms.at_least)
        if found is None:
            await self.reach(terms, resource.projection)
            row = await self.ask(lambda connection: resource.find(connection, resource_id))
            found = document(row) if row is not None else None
        if found is None or terms.actor.id not in found.readers:
            raise unknown("resource")
        return found

    async def resources(
        self, terms: Terms, filters: Mapping[str, Any], sort: str, after: Sequence[Any] | None, limit: int
    ) -> tuple[list[Row], str]:
        """Give a page of the resources that the caller may read, and the position of all that it knows."""
        await self.reach(terms, resource.projection)
        position = self.position(resource.projection)  # Seen before the rows are, which may know more.
        mine = {"reader": terms.actor.id, **filters}
        return await self.ask(lambda connection: resource.page(connection, mine, sort, after, limit)), position

    async def history(self, resource_id: str, terms: Terms, before: int, limit: int) -> tuple[list[Row], str]:
        """Give a page of what happened to a resource. Raises Problem."""
        await self.reach(terms, resource.projection, history.projection)
        position = self.position(history.projection)

        async def ask(connection: Connection) -> list[Row]:
            if not await resource.readable(connection, resource_id, terms.actor.id):
                raise unknown("resource")
            return await history.page(connection, resource.resource.name, resource_id, before, limit)

        return await self.ask(ask), position

    async def kind(self, name: str, version: int | None, terms: Terms) -> Row:
        """Give a version of a kind, the newest if none is named. Raises Problem."""
        await self.reach(terms, kind.projection)
        row = await self.ask(lambda connection: kind.find(connection, name, version))
        if row is None:
            raise unknown("kind")
        return row

    async def kinds(self, terms: Terms, after: str, limit: int) -> tuple[list[Row], str]:
        """Give a page of all kinds."""
        await self.reach(terms, kind.projection)
        position = self.position(kind.projection)
        return await self.ask(lambda connection: kind.page(connection, after, limit)), position

    async def outcome(self, command_id: str, place: Position | None, digest: str | None, terms: Terms) -> Outcome:
        """Say what became of a command of the caller's; place and digest are its own, if known. Raises Problem."""
        await self.reach(terms, outcome.projection)
        wanted = {Place(place.domain, place.partition): place.offset} if place is not None else {}
        # Seen before the table is: what was answered by then is in it, or never will be.
        settled = await self._positions.wait(outcome.projection.name, wanted, 0, "answered")
        found = await self._outcomes([command_id])
        if not found and not settled:
            limit = terms.wait or 0
            await self._require_there(topics.commands, wanted, limit)
            if limit:
                settled = await self._positions.wait(outcome.projection.name, wanted, limit, "answered")
                found = await self._outcomes([command_id])
        if not found and not settled:
            return Outcome(command_id=command_id, status="pending", type="")
        answered = found.get(command_id)
        if answered is None or answered.actor != terms.actor.id:
            raise unknown("command")
        return answered.to(digest)

    async def outcomes(self, places: Mapping[str, Position], wait: float) -> dict[str, Answered]:
        """Find what became of commands, by their ids and where they stand; may wait so many seconds for them."""
        found = await self._outcomes(list(places))
        lacking = [command_id for command_id in places if command_id not in found]
        if lacking and wait:
            wanted: dict[Place, int] = {}
            for place in (places[command_id] for command_id in lacking):
                key = Place(place.domain, place.partition)
                wanted[key] = max(place.offset, wanted.get(key, -1))
            await self._positions.wait(outcome.projection.name, wanted, wait, "answered")
            found |= await self._outcomes(lacking)
        return found

    async def _outcomes(self, command_ids: Sequence[str]) -> dict[str, Answered]:
        return await self.ask(lambda connection: outcome.find(connection, command_ids))

    async def reach(self, terms: Terms, *projections: Projection) -> None:
        """Wait until projections know what the caller wants known. Raises Problem."""
        for projection in projections if terms.at_least else ():
            followed = {domain.name for domain in projection.domains}
            wanted = {place: offset for place, offset in terms.at_least.items() if place.domain in followed}
            limit = WAIT if terms.wait is None else terms.wait
            if await self._positions.wait(projection.name, wanted, min(limit, SOON)):
                continue
            await self._require_there(topics.facts, wanted, limit)
            if not await self._positions.wait(projection.name, wanted, max(0, limit - SOON)):
                raise _behind(projection.name, self._positions.lag(projection.name, wanted))

    async def knows(self, projection: Projection, wanted: Mapping[Place, int], limit: float) -> bool:
        """Wait until a projection knows these facts; False if it does not within so many seconds."""
        return await self._positions.wait(projection.name, wanted, limit)

    async def _require_there(self, topic: Callable[[str], str], wanted: Mapping[Place, int], limit: float) -> None:
        """Refuse positions that no record has, as far as Kafka can be asked in time. Raises Problem."""
        domains = {place.domain: [each for each in wanted if each.domain == place.domain] for place in wanted}
        try:
            async with asyncio.timeout(min(PATIENCE, max(limit, SOON))):
                for domain, places in domains.items():
                    ends = await self._ends.of(topic(domain), [place.partition for place in places])
                    for place, end in zip(places, ends, strict=True):
                        if wanted[place] >= end:
                            raise _beyond(Position(*place, wanted[place]), end)
        except (KafkaError, OSError, TimeoutError):
            return

    def position(self, *projections: Projection) -> str:
        """Give how far projections have come, as a position that a read can ask for."""
        places = [
            (each.name, Place(domain.name, number))
            for each in projections
            for domain in each.domains
            for number in range(domain.partitions)
        ]
        reached = [(place, self._positions.reached(name, place).read_to) for name, place in places]
        return ",".join(f"{place.domain}:{place.partition}:{offset}" for place, offset in reached if offset >= 0)

    async def ask(self, query: Callable[[Connection], Awaitable[Found]]) -> Found:
        """Ask PostgreSQL; once more if it went away and came back. Raises Problem."""
        try:
            return await self._once(query)
        except psycopg.OperationalError:
            await self._pool.check()
        try:
            return await self._once(query)
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
            raise Problem(
                "postgres_unavailable", "The read models cannot be reached; ask again.", headers={"Retry-After": "1"}
            ) from error

    async def _once(self, query: Callable[[Connection], Awaitable[Found]]) -> Found:
        async with self._pool.connection(timeout=PATIENCE) as connection:
            return await query(connection)


def unknown(what: str) -> Problem:
    """Tell alike of what is not there and of what the caller may not know."""
    return Problem("not_found", f"There is no such {what}, or none that you may read.")


def _beyond(position: Position, end: int) -> Problem:
    """Tell of a position that was not told by an answer, or by one of another Kafka."""
    last = f"{position.domain}:{position.partition}:{end - 1}" if end else "none"
    return Problem(
        "position_beyond_end", f"There is no {position}, the last is {last}; give a position as an answer here had it."
    )


def _behind(projection: str, lag: Lag) -> Problem:
    told = f"The read model {projection} lacks {lag.facts} facts; ask again, or wait longer with `Prefer: wait=30`."
    return Problem("read_model_behind", told, headers={"Retry-After": "1"}, lag=lag._asdict())
