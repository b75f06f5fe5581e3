"""What auditors look for and how it is told: addresses opened, and a request followed to all that came of it."""

from collections.abc import Mapping
from typing import Any

from aiokafka.errors import KafkaError

from infra.auth.vault import Vault
from infra.ends import Ends
from projections import audit, changes, history, opened, outcome, past
from projections.cursors import Cursors
from projections.door import ReadDoor, unknown
from projections.lens import AsOf
from projections.positions import Positions
from projections.projection import Row, moment
from projections.read_models import READ_MODELS
from projections.reading import Place
from projections.terms import Terms
from schemas import topics, wire
from schemas.message import Position
from schemas.problems import Problem

EXPORTED_AT_MOST = 100_000
"""Commands that one export at a door tells of."""

FOLLOWED_AT_MOST = 500
"""Commands that are told of one request."""


class Audit:
    """Asks the read models for auditors. Everything raises Problem."""

    def __init__(self, door: ReadDoor, ends: Ends) -> None:
        self._door = door
        self._ends = ends
        self._vault: Vault = door.vault

    @property
    def cursors(self) -> Cursors:
        return self._door.cursors

    async def commands(
        self, terms: Terms, filters: Mapping[str, Any], after: list[Any] | None, limit: int
    ) -> tuple[list[Row], str]:
        """Give a page of commands with what came of them, and the position that it knows."""
        await self._door.reach(terms, outcome.projection)
        position = self._door.position(terms, outcome.projection)
        wanted = await self._by_address(filters)
        rows = await self._door.ask(lambda connection: audit.page(connection, wanted, after, limit))
        return [await self._told(row) for row in rows], position

    async def request(self, command_id: str, terms: Terms) -> Row:
        """Follow a command to its facts, to what was asked because of them, and to the read models, with times."""
        await self._door.reach(terms, outcome.projection, history.projection)
        found = await self._door.ask(lambda connection: audit.find(connection, command_id))
        if found is None:
            raise unknown("command")
        rows = await self._door.ask(
            lambda connection: audit.correlated(connection, found["correlation_id"], FOLLOWED_AT_MOST)
        )
        facts = await self._door.ask(lambda connection: audit.facts(connection, [row["command_id"] for row in rows]))
        by_command: dict[str, list[Row]] = {}
        for fact in facts:
            by_command.setdefault(fact.pop("command_id"), []).append(fact)
        told = [await self._followed(row, by_command.get(row["command_id"], [])) for row in rows]
        (asked,) = [each for each in told if each["command_id"] == command_id] or [await self._followed(found, [])]
        return asked | {"because_of_it": _caused(asked, told)}

    async def positions(self, terms: Terms, filters: Mapping[str, Any]) -> list[Position]:
        """Give where all records of the commands stand that are looked for."""
        await self._door.reach(terms, outcome.projection)
        wanted = await self._by_address(filters)
        rows = await self._door.ask(lambda connection: audit.page(connection, wanted, None, EXPORTED_AT_MOST + 1))
        if len(rows) > EXPORTED_AT_MOST:
            told = f"These are more than {EXPORTED_AT_MOST:,} commands; ask for less at once, or use `annal export`."
            raise Problem("query_invalid", told)
        return [Position(*place) for place in audit.places(rows)]

    async def subject(self, domain: str, subject: str, terms: Terms) -> Row:
        """Give a subject of any domain as it is or was, with what is personal as it is sealed."""
        await self._reach_past(domain, terms)
        when = terms.as_of or past.VERSIONS

        async def ask(connection: Any) -> changes.Version:
            async with connection.transaction():
                return await changes.version_at(connection, domain, subject, when)

        found = await self._door.ask(ask)
        if not found.number:
            raise unknown("subject")
        return {"domain": domain, "subject": subject, "version": found.number, "state": found.row}

    async def difference(self, domain: str, subject: str, terms: Terms, since: AsOf | int, to: AsOf | int) -> Row:
        """Give what changed of a subject between two versions, moments or positions, and by whom."""
        await self._reach_past(domain, terms)

        async def ask(connection: Any) -> Row:
            async with connection.transaction():
                return await changes.difference(connection, domain, subject, since, to)

        return await self._door.ask(ask)

    async def changes(  # noqa: PLR0913, PLR0917 - a field and the page of it
        self, domain: str, subject: str, terms: Terms, field: str, before: int, limit: int
    ) -> list[Row]:
        """Give a page of the facts that changed a field of a subject, the newest first."""
        path = changes.path_of(field)
        await self._reach_past(domain, terms)
        span = {"since": 0, "to": before - 1, "limit": limit}
        return await self._door.ask(lambda connection: past.changes(connection, domain, subject, path, **span))

    async def _reach_past(self, domain: str, terms: Terms) -> None:
        if domain not in past.SUBJECTS:
            told = f"Nothing of '{domain[:50]}' changes; name one of {', '.join(sorted(past.SUBJECTS))}."
            raise Problem("domain_unknown", told)
        await self._door.reach(terms, past.SUBJECTS[domain], history.projection)

    async def _by_address(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Put in place of an address the sealed ones that it has: each is sealed with the key of who asked."""
        others = {name: value for name, value in filters.items() if name != "address"}
        if "address" not in filters:
            return others
        pairs = await self._door.ask(lambda connection: audit.addresses(connection, others))
        if len(pairs) == audit.ADDRESSES_AT_MOST:
            raise Problem("query_invalid", "Too many people asked then; narrow the time with `since` and `until`.")
        matching = [pair for pair in pairs if await self._opened(*pair) == filters["address"]]
        actors, sealed = [actor for actor, _ in matching], [address for _, address in matching]
        return others | {"asked_from": True, "actors": actors, "addresses": sealed}

    async def _told(self, row: Row) -> Row:
        actor = {"id": row["actor"], "via": row.pop("via"), "on_behalf_of": row.pop("on_behalf_of")}
        return row | {"actor": actor | {"address": await self._opened(row["actor"], row.pop("address"))}}

    async def _opened(self, actor: str, sealed: str | None) -> str | None:
        return opened.opened(await self._vault.known(actor), "network", sealed) if sealed else None

    async def _followed(self, row: Row, facts: list[Row]) -> Row:
        asked_time, trace = await self._asked(row["command"])
        place = Position.parse(row["position"])
        return await self._told(dict(row)) | {
            "asked_time": moment(asked_time) if asked_time is not None else None,
            "trace": trace,
            "facts": facts,
            "read_models": self._read_models(place),
        }

    async def _asked(self, command: str) -> tuple[int | None, str | None]:
        """Give when a command was asked by the asker's clock, and its trace, while its topic holds it."""
        place = Position.parse(command)
        try:
            record = await self._ends.record(topics.commands(place.domain), place.partition, place.offset)
            headers = dict(record.headers)
            return wire.decode_command(record.value).meta.time, headers.get("traceparent", b"").decode() or None
        except (KafkaError, OSError, TimeoutError, LookupError, wire.Undecodable):
            return None, None

    def _read_models(self, position: Position) -> list[Row]:
        """Say which read models know a record."""
        place = Place(position.domain, position.partition)
        positions: Positions = self._door.positions
        return [
            {"read_model": each.name, "knows": positions.reached(each.name, place).read_to >= position.offset}
            for each in READ_MODELS
            if position.domain in {domain.name for domain in each.domains}
        ]


def _caused(asked: Row, told: list[Row]) -> list[Row]:
    """Give the commands that were asked because of a command's facts, each with what was asked because of its own."""
    facts = {fact["fact_id"] for fact in asked["facts"]}
    return [each | {"because_of_it": _caused(each, told)} for each in told if each["causation_id"] in facts]
