"""What auditors look for and how it is told: addresses opened, and a request followed to all that came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from infra.auth.vault import Vault
from infra.ends import Ends
from projections import audit, changes, history, looking_back, opened, outcome, past
from projections.cursors import Cursors
from projections.door import ReadDoor, unknown
from projections.history import NEWEST
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
        ids = [found["command_id"], *(row["command_id"] for row in rows)]
        facts: dict[str, list[Row]] = {}
        for fact in await self._door.ask(lambda connection: audit.facts(connection, ids)):
            facts.setdefault(fact.pop("command_id"), []).append(fact)
        return await self._followed(found, rows, facts)

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
        _require_past(domain)
        await self._door.reach(terms, past.SUBJECTS[domain], history.projection)
        when = terms.as_of or NEWEST

        async def ask(connection: Any) -> changes.Version:
            async with connection.transaction():
                return await changes.version_at(connection, domain, subject, when)

        found = await self._door.ask(ask)
        if not found.number:
            raise unknown("subject")
        return {"domain": domain, "subject": subject, "version": found.number, "state": found.row}

    async def difference(self, domain: str, subject: str, terms: Terms, since: AsOf | int, to: AsOf | int) -> Row:
        """Give what changed of a subject between two versions, moments or positions, and by whom."""
        _require_past(domain)
        return await looking_back.difference(self._door, domain, subject, terms, since=since, to=to)

    async def changes(  # noqa: PLR0913, PLR0917 - a field and the page of it
        self, domain: str, subject: str, terms: Terms, field: str, before: int, limit: int
    ) -> tuple[list[Row], str]:
        """Give a page of the facts that changed a field of a subject, the newest first, and the position it knows."""
        _require_past(domain)
        return await looking_back.page_of_changes(
            self._door, domain, subject, terms, field=field, before=before, limit=limit
        )

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

    async def _followed(self, row: Row, rows: Sequence[Row], facts: Mapping[str, list[Row]]) -> Row:
        """Tell of a command, its facts, and those among `rows` that were asked because of these."""
        asked_time, trace = await self._asked(row["command"])
        its = facts.get(row["command_id"], [])
        because = {fact["fact_id"] for fact in its}
        return await self._told(dict(row)) | {
            "asked_time": moment(asked_time) if asked_time is not None else None,
            "trace": trace,
            "facts": its,
            "read_models": self._read_models(Position.parse(row["position"])),
            "because_of_it": [
                await self._followed(each, rows, facts) for each in rows if each["causation_id"] in because
            ],
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


def _require_past(domain: str) -> None:
    """Raise Problem for a domain whose subjects do not change."""
    if domain not in past.SUBJECTS:
        told = f"Nothing of '{domain[:50]}' changes; name one of {', '.join(sorted(past.SUBJECTS))}."
        raise Problem("domain_unknown", told)
