"""What doors ask of the read models about people: for forms, for keys shown to them, and to know what just changed."""

import time
from datetime import datetime
from typing import Any

from aiokafka.errors import KafkaError

from infra.auth.doorkeeper import KeyRow
from infra.auth.known import DOMAINS, Change, KeyChange, Snapshot
from infra.ends import Ends
from infra.postgres import Connection
from projections import account, apikey, role, session, totp
from projections.door import ReadDoor
from projections.reading import Place
from projections.terms import Terms, at_least
from schemas import topics
from schemas.partition import partition_of
from schemas.problems import Problem
from streams.visit import ANYBODY

WAIT = 2.0
"""Seconds that a read model may take to know what was just written."""

_PROJECTIONS = (account.projection, session.projection, apikey.projection, totp.projection, role.projection)


class People:
    """Looks people up; as new as somebody who just changed something expects it, where that is said."""

    def __init__(self, door: ReadDoor, ends: Ends) -> None:
        self._door = door
        self._ends = ends

    async def account(self, account_id: str) -> dict[str, Any] | None:
        return await self._door.ask(lambda connection: account.find(connection, account_id))

    async def by_address(self, digest: str) -> dict[str, Any] | None:
        return await self._door.ask(lambda connection: account.by_address(connection, digest))

    async def any(self) -> bool:
        return await self._door.ask(account.any)

    async def totp(self, account_id: str) -> dict[str, Any] | None:
        return await self._door.ask(lambda connection: totp.find(connection, account_id))

    async def session(self, session_id: str, *, newest: bool = False) -> dict[str, Any] | None:
        """Give a session; with `newest`, once all that is in its journal is known. Raises Problem."""
        if newest:
            await self._reach_end("session", session_id)
        return await self._door.ask(lambda connection: session.find(connection, session_id))

    async def apikey(self, key_id: str) -> dict[str, Any] | None:
        return await self._door.ask(lambda connection: apikey.find(connection, key_id))

    async def key(self, digest: str) -> KeyRow | None:
        """Give the key of a secret, with its account. Raises Problem."""

        async def find(connection: Connection) -> KeyRow | None:
            row = await apikey.find_by_secret(connection, digest)
            owner = await account.find(connection, row["account_id"]) if row is not None else None
            return _key(row, owner) if row is not None and owner is not None else None

        return await self._door.ask(find)

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
        partitions = {each.name: each.partitions for each in DOMAINS}
        place = Place(domain, partition_of(subject.encode(), partitions[domain]))
        try:
            (end,) = await self._ends.of(topics.facts(domain), [place.partition])
        except (KafkaError, OSError) as error:
            # Nobody who signed in a moment ago is to hear that there is no such session.
            told = "Kafka cannot say what the newest sessions are; ask again in a moment."
            raise Problem("kafka_unavailable", told, headers={"Retry-After": "1"}) from error
        if end:
            await self._door.reach(Terms(ANYBODY, {place: end - 1}, WAIT, ""), session.projection)


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
