"""The read door without its HTTP: what is known, as new as a caller wants it, to those who may know it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
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
from projections import cursors, history, kind, outcome, past, resource
from projections.cursors import Cursors
from projections.documents import Document, Shelf, document
from projections.lens import AsOf, look_back
from projections.outcome import Answered
from projections.positions import Lag, Positions
from projections.projection import Projection, Row
from projections.reading import Place
from projections.terms import WAIT, Terms
from schemas import topics
from schemas.message import Outcome, Position
from schemas.partition import partition_of
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
        self.positions = Positions(settings)
        self.vault = vault
        self.cursors = Cursors(b"")

    async def start(self) -> None:
        self.cursors = Cursors(cursors.secret(self._settings))
        set_json_loads(orjson.loads)
        await self._pool.open()
        await self.positions.start()

    async def stop(self) -> None:
        await self.positions.stop()
        await self._pool.close()

    async def resource(self, resource_id: str, terms: Terms) -> Document:
        """Give a resource. Raises Problem."""
        if terms.as_of is not None:
            return await self._past_resource(resource_id, terms)
        found = await self._shelf.find(resource_id, terms.at_least)
        if found is None:
            await self.reach(terms, resource.projection)
            row = await self.ask(lambda connection: resource.find(connection, resource_id))
            found = document(row) if row is not None else None
        if found is None or terms.actor.id not in found.readers:
            raise unknown("resource")
        return found

    async def _past_resource(self, resource_id: str, terms: Terms) -> Document:
        """Give a resource as it was, to whoever may read it as it is. Raises Problem."""
        await self.reach(terms, resource.projection, of=place_of(resource.projection, resource_id))

        async def ask(connection: Connection) -> Row | None:
            await require_readable(connection, resource_id, terms)
            return await resource.find(connection, resource_id)

        row = await self.ask(ask, terms.as_of)
        if row is None:
            raise Problem("not_found", "It was not there yet; look back to a later moment.")
        return document(row)

    async def resources(
        self, terms: Terms, filters: Mapping[str, Any], sort: str, after: Sequence[Any] | None, limit: int
    ) -> tuple[list[Row], str]:
        """Give a page of the resources that the caller may read, and the position of all that it knows."""
        await self.reach(terms, resource.projection)
        position = self.position(terms, resource.projection)  # Seen before the rows are, which may know more.
        mine = {"reader" if terms.as_of is None else "reader_now": terms.actor.id, **filters}
        rows = await self.ask(lambda connection: resource.page(connection, mine, sort, after, limit), terms.as_of)
        return rows, position

    async def history(self, resource_id: str, terms: Terms, before: int, limit: int) -> tuple[list[Row], str]:
        """Give a page of what happened to a resource. Raises Problem."""
        await self.reach(terms, resource.projection, history.projection, of=place_of(resource.projection, resource_id))
        position = self.position(terms, history.projection)

        async def ask(connection: Connection) -> list[Row]:
            await require_readable(connection, resource_id, terms)
            return await history.page(connection, resource.resource.name, resource_id, before, limit)

        return await self.ask(ask, terms.as_of), position

    async def kind(self, name: str, version: int | None, terms: Terms) -> Row:
        """Give a version of a kind, the newest if none is named. Raises Problem."""
        await self.reach(terms, kind.projection)
        row = await self.ask(lambda connection: kind.find(connection, name, version), terms.as_of)
        if row is None:
            raise unknown("kind")
        return row

    async def kinds(self, terms: Terms, after: str, limit: int) -> tuple[list[Row], str]:
        """Give a page of all kinds."""
        await self.reach(terms, kind.projection)
        position = self.position(terms, kind.projection)
        return await self.ask(lambda connection: kind.page(connection, after, limit), terms.as_of), position

    async def outcome(self, command_id: str, place: Position | None, digest: str | None, terms: Terms) -> Outcome:
        """Say what became of a command of the caller's; place and digest are its own, if known. Raises Problem."""
        await self.reach(terms, outcome.projection)
        wanted = {Place(place.domain, place.partition): place.offset} if place is not None else {}
        # Seen before the table is: what was answered by then is in it, or never will be.
        settled = await self.positions.wait(outcome.projection.name, wanted, 0, "answered")
        found = await self._outcomes([command_id])
        if not found and not settled:
            limit = terms.wait or 0
            await self._require_there(topics.commands, wanted, limit)
            if limit:
                settled = await self.positions.wait(outcome.projection.name, wanted, limit, "answered")
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
            await self.positions.wait(outcome.projection.name, wanted, wait, "answered")
            found |= await self._outcomes(lacking)
        return found

    async def _outcomes(self, command_ids: Sequence[str]) -> dict[str, Answered]:
        return await self.ask(lambda connection: outcome.find(connection, command_ids))

    async def reach(self, terms: Terms, *projections: Projection, of: Place | None = None) -> None:
        """Wait until projections know what the caller wants known, or only what is `of` a place. Raises Problem."""
        if not terms.at_least and terms.as_of is None:
            return
        limit = WAIT if terms.wait is None else terms.wait
        for projection in (_through(terms, each) for each in projections):
            followed = {domain.name for domain in projection.domains}
            await self._wait_for(
                projection, {at: n for at, n in terms.at_least.items() if at.domain in followed}, limit
            )
            if terms.as_of is not None:
                others = {at: n for at, n in terms.as_of.places.items() if at.domain not in followed}
                await self._require_there(topics.facts, others, limit)
                await self._wait_for(projection, await self._until(terms.as_of, projection, of), limit)

    async def _wait_for(self, projection: Projection, wanted: Mapping[Place, int], limit: float) -> None:
        if await self.positions.wait(projection.name, wanted, min(limit, SOON)):
            return
        await self._require_there(topics.facts, wanted, limit)
        if not await self.positions.wait(projection.name, wanted, max(0, limit - SOON)):
            raise _behind(projection.name, self.positions.lag(projection.name, wanted))

    async def _until(self, as_of: AsOf, projection: Projection, of: Place | None) -> dict[Place, int]:
        """Name what a projection must know of journals that are looked back to by a moment: all of each up to that.

        That is all there is, where it knows nothing newer.
        """
        unnamed = [each for each in places_of(projection) if each not in as_of.places and of in (None, each)]
        if not unnamed:
            return {}
        moment = as_of.moment or await self.ask(lambda connection: past.newest_of(connection, as_of.places))
        reached = {place: self.positions.reached(projection.name, place).fact_time for place in unnamed}
        older = [place for place in unnamed if moment is not None and reached[place] <= moment.timestamp() * 1000]
        until: dict[Place, int] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                for domain in projection.domains:
                    numbers = [place.partition for place in older if place.domain == domain.name]
                    ends = await self._ends.of(topics.facts(domain.name), numbers) if numbers else []
                    until |= {Place(domain.name, n): end - 1 for n, end in zip(numbers, ends, strict=True) if end}
        except (KafkaError, OSError, TimeoutError) as error:
            told = "Kafka cannot be asked whether all up to this moment is known; ask again."
            raise Problem("kafka_unavailable", told, headers={"Retry-After": "1"}) from error
        return until

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

    def position(self, terms: Terms, *projections: Projection) -> str:
        """Give how far projections have come, as a position that a read can ask for."""
        reached: dict[Place, int] = {}
        for each in (_through(terms, one) for one in projections):
            for place in places_of(each):
                offset = self.positions.reached(each.name, place).read_to
                reached[place] = min(offset, reached.get(place, offset))
        told = (f"{place.domain}:{place.partition}:{offset}" for place, offset in reached.items() if offset >= 0)
        return ",".join(told)

    async def ask(self, query: Callable[[Connection], Awaitable[Found]], as_of: AsOf | None = None) -> Found:
        """Ask PostgreSQL, of what was if that is said; once more if it went away and came back. Raises Problem."""
        try:
            return await self._once(query, as_of)
        except psycopg.OperationalError:
            await self._pool.check()
        try:
            return await self._once(query, as_of)
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
            raise Problem(
                "postgres_unavailable", "The read models cannot be reached; ask again.", headers={"Retry-After": "1"}
            ) from error

    async def _once(self, query: Callable[[Connection], Awaitable[Found]], as_of: AsOf | None) -> Found:
        async with self._pool.connection(timeout=PATIENCE) as connection:
            if as_of is None:
                return await prepared_anew(connection, query)
            try:
                async with connection.transaction():
                    moment = as_of.moment or await past.newest_of(connection, as_of.places)
                    await look_back(connection, as_of, moment)
                    return await query(connection)
            except psycopg.errors.QueryCanceled as error:
                raise too_much() from error


def too_much() -> Problem:
    told = "This takes too long to look back at; ask for one thing by its id, or name a filter that fewer things pass."
    return Problem("query_too_costly", told)


async def require_readable(connection: Connection, resource_id: str, terms: Terms) -> None:
    """Raise Problem unless the caller may read a resource as it is now."""
    if not await resource.readable(connection, resource_id, terms.actor.id):
        raise unknown("resource")


def place_of(projection: Projection, subject: str) -> Place:
    """Give the journal in which the facts of a subject stand, of a projection of one domain."""
    (domain,) = projection.domains
    return Place(domain.name, partition_of(subject.encode(), domain.partitions))


def places_of(projection: Projection) -> list[Place]:
    return [Place(domain.name, number) for domain in projection.domains for number in range(domain.partitions)]


def _through(terms: Terms, projection: Projection) -> Projection:
    """Give what knows what is asked for: another read model where it is looked back to what changed since."""
    if terms.as_of is None or projection not in past.SUBJECTS.values():
        return projection
    return past_of(projection)


def past_of(projection: Projection) -> Projection:
    """Give what knows the past of the subjects of a projection."""
    return replace(past.projection, domains=projection.domains)


async def prepared_anew(connection: Connection, query: Callable[[Connection], Awaitable[Found]]) -> Found:
    """Ask, once more if a table was switched to one of other columns: what was prepared fails from then on."""
    try:
        return await query(connection)
    except psycopg.errors.FeatureNotSupported:
        await connection.execute("DEALLOCATE ALL")
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
