"""What doors ask of the read models about people: for forms, for keys shown to them, and to know what just changed."""

import time
from datetime import datetime
from typing import Any

from aiokafka.errors import KafkaError

from infra.auth.doorkeeper import KeyRow
from infra.auth.known import DOMAINS, Change, KeyChange, Snapshot
from infra.ends import Ends
from infra.postgres import Connection
from projections import account, apikey, character, conversation, role, session, totp
from projections.door import ReadDoor
from projections.reading import Place
from projections.terms import Terms, at_least
from schemas import topics
from schemas.partition import partition_of
from schemas.problems import Problem
from streams.visit import ANYBODY

WAIT = 2.0
"""Seconds that a read model may take to know what was just written."""

_PROJECTIONS = (
    account.projection,
    session.projection,
    apikey.projection,
    totp.projection,
    role.projection,
    character.projection,
)
_OF = {each.name: each for each in _PROJECTIONS}


class People:
    """Looks people up, as their journals have them; raises Problem while the read models lack something of that."""

    def __init__(self, door: ReadDoor, ends: Ends) -> None:
        self._door = door
        self._ends = ends

    async def account(self, account_id: str) -> dict[str, Any] | None:
        """Give an account as its journal has it: what a read model forgot, or fills in anew, lets nobody in."""
        await self._reach_end("account", account_id)
        return await self._door.ask(lambda connection: account.find(connection, account_id))

    async def by_address(self, digest: str) -> dict[str, Any] | None:
        """Give the account that has an address now."""
        found = await self._door.ask(lambda connection: account.by_address(connection, digest))
        row = await self.account(found["account_id"]) if found is not None else None
        return row if row is not None and row["address"] == digest else None

    async def any(self) -> bool:
        return await self._door.ask(account.any)

    async def totp(self, account_id: str) -> dict[str, Any] | None:
        """Give a second factor as its journal has it."""
        await self._reach_end("totp", account_id)
        return await self._door.ask(lambda connection: totp.find(connection, account_id))

    async def session(self, session_id: str, *, newest: bool = False) -> dict[str, Any] | None:
        """Give a session; with `newest`, once all that is in its journal is known. Raises Problem."""
        if newest:
            await self._reach_end("session", session_id)
        return await self._door.ask(lambda connection: session.find(connection, session_id))

    async def apikey(self, key_id: str) -> dict[str, Any] | None:
        """Give a key as its journal has it."""
        await self._reach_end("apikey", key_id)
        return await self._door.ask(lambda connection: apikey.find(connection, key_id))

    async def character(self, character_id: str) -> dict[str, Any] | None:
        """Give a character."""
        return await self._door.ask(lambda connection: character.find(connection, character_id))

    async def talks(self, conversation_id: str) -> str | None:
        """Give the account whose conversation it is."""
        found = await self._door.ask(lambda connection: conversation.find(connection, conversation_id))
        return str(found["account_id"]) if found is not None else None

    async def key(self, digest: str) -> KeyRow | None:
        """Give the key of a secret, with its account. Raises Problem."""
        found = await self._door.ask(lambda connection: apikey.find_by_secret(connection, digest))
        row = await self.apikey(found["key_id"]) if found is not None else None
        owner = await self.account(row["account_id"]) if row is not None else None
        return _key(row, owner) if row is not None and owner is not None else None

    async def reach(self, position: str) -> None:
        """Wait until all that is asked here knows a position. Raises Problem."""
        await self._door.reach(Terms(ANYBODY, at_least([position]), WAIT, ""), *_PROJECTIONS)

    async def snapshot(self, since: int) -> Snapshot:
        """Give what changed since a time in milliseconds, and how far it is known. Raises Problem."""

        async def look(connection: Connection) -> Snapshot:
            # Read before the rows are, which may know more: what is heard again changes nothing.
            places = await _places(connection)
            now = time.time_ns() // 1_000_000
            accounts = {
                row.account_id: Change(now, row.version, row.status, row.generation, tuple(row.roles))
                for row in await account.changed_since(connection, since)
            }
            keys = {
                row.key_id: KeyChange(now, row.revoked, row.secret, row.before, row.before_until or 0)
                for row in await apikey.changed_since(connection, since)
            }
            sessions = await session.ended_since(connection, since)
            roles = {row["role"]: tuple(row["permissions"]) for row in await role.all(connection)}
            return Snapshot(places, accounts, sessions, keys, roles)

        return await self._door.ask(look)

    async def _reach_end(self, domain: str, subject: str) -> None:
        """Wait until the read model of a domain knows all there is in a subject's journal. Raises Problem."""
        projection = _OF[domain]
        place = Place(domain, partition_of(subject.encode(), projection.domains[0].partitions))
        try:
            (end,) = await self._ends.of(topics.facts(domain), [place.partition])
        except (KafkaError, OSError) as error:
            told = "Kafka cannot say what is newest of accounts and sessions; ask again in a moment."
            raise Problem("kafka_unavailable", told, headers={"Retry-After": "1"}) from error
        if end:
            await self._door.reach(Terms(ANYBODY, {place: end - 1}, WAIT, ""), projection)


async def _places(connection: Connection) -> dict[tuple[str, int], tuple[int, bytes]]:
    """Give how far each journal has been read into the read model of its domain."""
    found = await connection.execute(
        "SELECT domain, partition, read_to, head FROM positions WHERE projection = domain AND domain = ANY(%s)",
        [[domain.name for domain in DOMAINS]],
    )
    return {(domain, partition): (read_to, bytes(head)) for domain, partition, read_to, head in await found.fetchall()}


def _key(row: dict[str, Any], owner: dict[str, Any]) -> KeyRow:
    return KeyRow(
        key_id=row["key_id"],
        account_id=row["account_id"],
        secret=row["secret"],
        before=row["before"],
        before_until=_milliseconds(row["before_until"]),
        scopes=tuple(row["scopes"]),
        expires=_milliseconds(row["expires"]),
        per_minute=row["per_minute"],
        revoked=row["revoked"],
        status=owner["status"],
        roles=tuple(owner["roles"]),
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
