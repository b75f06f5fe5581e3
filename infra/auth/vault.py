"""The vault: everybody's keys and the doors' own secrets, wrapped, in a schema of PostgreSQL that no rebuild touches.

Facts are kept for ever and sealed with the keys that are here. Destroying a person's key destroys all that was ever
sealed with it, in every copy (docs/decisions/0007-identity.md).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from psycopg import sql

from infra import postgres
from infra.auth import base64url, vault_tables
from infra.auth.recent import Recent
from infra.auth.wrapping import ID_BYTES, master_keys
from infra.postgres import Connection
from infra.settings import Settings
from schemas.problems import Problem

PERSONS_KEPT = 100_000
CONNECTIONS = 4
PATIENCE = 2.0
"""Seconds to wait for a connection."""

KEY_BYTES, SECRET_BYTES = 64, 32
VERSION = b"\x01"
"""Stands in front of what is sealed, and tells how."""

LONGEST = 14_983
"""The most bytes of text that can be sealed: schemas.person.Sealed takes no more."""

REWRAPPED_AT_ONCE = 1_000

Found = TypeVar("Found")


class Erased(Exception):  # noqa: N818 - it says what became of the person
    """A person was erased: there is no key, and never will be."""


class Unsealable(Exception):  # noqa: N818 - it says what the text is
    """Text was not sealed with this person's key for this field."""


class Person:
    """A person's key, which seals text and opens it: AES-SIV (RFC 5297), so that the same text is sealed alike.

    The account and the name of the field go into the seal: sealed text means nothing in another place.
    """

    __slots__ = ("_key", "account_id")

    def __init__(self, account_id: str, key: bytes) -> None:
        self.account_id = account_id
        # The cipher is made at each use: kept, it takes thirty times the memory of its key.
        self._key = key

    def seal(self, field: str, text: str) -> str:
        """Seal the text of a field. Raises Problem for more than LONGEST bytes."""
        said = text.encode()
        if len(said) > LONGEST:
            raise Problem("body_too_large", f"This text has {len(said)} bytes; send at most {LONGEST}.")
        return base64url.encode(VERSION + AESSIV(self._key).encrypt(said, self._place(field)))

    def open(self, field: str, sealed: str) -> str:
        """Give the text that was sealed for a field. Raises Unsealable for anything else."""
        try:
            raw = base64url.decode(sealed)
            if raw[:1] == VERSION:
                return AESSIV(self._key).decrypt(raw[1:], self._place(field)).decode()
        except (InvalidTag, ValueError) as error:
            raise _unsealable() from error
        raise _unsealable()

    def _place(self, field: str) -> list[bytes]:
        return [b"annal", self.account_id.encode(), field.encode()]


def _unsealable() -> Unsealable:
    return Unsealable("This was not sealed with this key for this field.")


class Vault:
    """Makes, gives and destroys keys. All that asks PostgreSQL raises Problem while it is away."""

    def __init__(self, settings: Settings) -> None:
        self.master = master_keys(settings)
        self._settings = settings
        self._pool = postgres.pool(settings, CONNECTIONS)
        self._persons: Recent[str, Person] = Recent(PERSONS_KEPT)
        self._gone: Recent[str, bool] = Recent(PERSONS_KEPT)
        self._secrets: dict[str, bytes] = {}

    async def open(self) -> None:
        """Make what is missing. Raises Unusable if that cannot be, or if the master key is not the vault's."""
        await asyncio.to_thread(vault_tables.make, self._settings)
        await self._pool.open()
        try:
            await self.secret("master key")  # which the first to open the vault has wrapped, and nobody else needs
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._pool.close()

    async def person(self, account_id: str) -> Person:
        """Give a person's key, made when there is none. Raises Erased."""
        person = await self.known(account_id)
        if person is None:
            wrapped = self.master.wrap(f"person_key:{account_id}", os.urandom(KEY_BYTES))
            # Of two who make it at once, one does.
            await self._do(
                "INSERT INTO vault.person_key (account_id, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                account_id,
                wrapped,
            )
            person = await self.known(account_id)
        if person is None:
            raise Erased("This person was erased.")
        return person

    async def known(self, account_id: str) -> Person | None:
        """Give a person's key; None when there is none, or none any more."""
        person = self._persons.get(account_id)
        if person is not None:
            return person
        if self._gone.get(account_id):
            return None
        wrapped = await self._do("SELECT wrapped FROM vault.person_key WHERE account_id = %s", account_id)
        if wrapped is None:
            return None
        person = Person(account_id, self.master.unwrap(f"person_key:{account_id}", wrapped))
        # Whoever was erased while PostgreSQL answered is not to be remembered.
        if self._gone.get(account_id):
            return None
        self._persons.keep(account_id, person)
        return person

    async def erase(self, account_id: str) -> None:
        """Destroy a person's key for good; who has none will never have one."""
        await self._do(
            "INSERT INTO vault.person_key (account_id, erased_time) VALUES (%s, now()) ON CONFLICT (account_id)"
            " DO UPDATE SET wrapped = NULL, erased_time = coalesce(person_key.erased_time, excluded.erased_time)",
            account_id,
        )
        self.forget(account_id)

    def forget(self, account_id: str) -> None:
        """Know a key no more: the person was erased, here or elsewhere, and the key may be destroyed a while later."""
        self._gone.keep(account_id, value=True)
        self._persons.forget(account_id)

    async def newest(self, account_id: str) -> Person | None:
        """Give a person's key as it is now, wherever it may just have been destroyed; None when there is none."""
        self._persons.forget(account_id)
        return await self.known(account_id)

    async def secret(self, name: str) -> bytes:
        """Give 32 random bytes that all doors share by this name, made when they are first asked for."""
        if name not in self._secrets:
            wrapped = self.master.wrap(f"secret:{name}", os.urandom(SECRET_BYTES))
            await self._do(
                "INSERT INTO vault.secret (name, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING", name, wrapped
            )
            wrapped = await self._do("SELECT wrapped FROM vault.secret WHERE name = %s", name)
            self._secrets[name] = self.master.unwrap(f"secret:{name}", wrapped)
        return self._secrets[name]

    async def rewrap(self) -> int:
        """Wrap with the first master key what older ones have wrapped; give how many keys that were."""
        return sum([await self._rewrap(table, name) for table, name in vault_tables.ROWS.items()])

    async def _rewrap(self, table: str, name: str) -> int:
        names = {"table": sql.Identifier("vault", table), "name": sql.Identifier(name)}
        find = sql.SQL(
            "SELECT {name}, wrapped FROM {table} WHERE substring(wrapped FROM 1 FOR %s) <> %s LIMIT %s"
        ).format(**names)
        # A key that was erased meanwhile stays so.
        change = sql.SQL("UPDATE {table} SET wrapped = %s WHERE {name} = %s AND wrapped = %s").format(**names)

        async def some(connection: Connection) -> int:
            found = await connection.execute(find, [ID_BYTES, self.master.first, REWRAPPED_AT_ONCE])
            rows = [(f"{table}:{key}", key, wrapped) for key, wrapped in await found.fetchall()]
            again = [(self.master.wrap(row, self.master.unwrap(row, old)), key, old) for row, key, old in rows]
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(change, again)
            return len(again)

        done = 0
        while more := await self.ask(some):
            done += more
        return done

    async def _do(self, statement: str, *values: object) -> Any:
        """Give the first value of the first row, if there is one."""

        async def once(connection: Connection) -> Any:
            cursor = await connection.execute(statement, values)
            row = await cursor.fetchone() if cursor.description else None
            return row[0] if row else None

        return await self.ask(once)

    async def ask(self, query: Callable[[Connection], Awaitable[Found]]) -> Found:
        """Ask PostgreSQL what may be asked twice: once more if it went away and came back. Raises Problem."""
        try:
            return await postgres.ask(self._pool, PATIENCE, query)
        except psycopg.OperationalError as error:
            raise Problem(
                "postgres_unavailable", "The vault cannot be reached; ask again.", headers={"Retry-After": "1"}
            ) from error
