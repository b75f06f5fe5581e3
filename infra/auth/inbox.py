"""Mail that was kept instead of sent, for development; and what was sent, so that it is sent once.

Both stand in the vault: mail is sealed with the key of whom it is for, and unreadable once that is destroyed.
"""

from datetime import datetime
from typing import Any

import orjson
from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, func

from infra.auth import vault_tables
from infra.auth.vault import Person, Unsealable, Vault
from infra.postgres import Connection

FIELD = "mail"
NEWEST = 1_000
"""How many mails are looked through at the most."""

Table(
    "inbox",
    vault_tables.metadata,
    Column("fact_id", Text, primary_key=True),
    Column("n", Integer, primary_key=True, comment="Which of the fact's mails"),
    Column("account_id", Text, nullable=False),
    Column("sealed", Text, nullable=False, comment="JSON: to, subject and text"),
    Column("time", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("inbox_account", "account_id"),
    Index("inbox_time", "time"),
)
Table(
    "mail_sent",
    vault_tables.metadata,
    Column("fact_id", Text, primary_key=True),
    Column("n", Integer, primary_key=True, comment="Which of the fact's mails"),
    Column("time", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

_KEEP = """
    INSERT INTO vault.inbox (fact_id, n, account_id, sealed) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_NEWEST = """
    SELECT fact_id, n, account_id, sealed, time FROM vault.inbox
    WHERE %(after)s::timestamptz IS NULL OR time > %(after)s ORDER BY time DESC, fact_id, n LIMIT %(newest)s
"""
_NOTE_SENT = "INSERT INTO vault.mail_sent (fact_id, n) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_SENT = "SELECT FROM vault.mail_sent WHERE fact_id = %s AND n = %s"


async def keep(vault: Vault, person: Person, fact_id: str, n: int, mail: dict[str, str]) -> None:
    """Keep the n-th mail of a fact, once however often it is asked. Raises Problem."""
    sealed = person.seal(FIELD, orjson.dumps(mail).decode())
    await _run(vault, _KEEP, fact_id, n, person.account_id, sealed)


async def messages(vault: Vault, to: str | None = None, after: datetime | None = None) -> list[dict[str, Any]]:
    """Give the mails that were kept, to one address if that is named and since a moment if one is, oldest first.

    Each has id, account_id, time, to, subject and text. Raises Problem.
    """

    async def newest(connection: Connection) -> list[dict[str, Any]]:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_NEWEST, {"after": after, "newest": NEWEST})
            return await cursor.fetchall()

    opened = [await _opened(vault, row) for row in reversed(await vault.ask(newest))]
    return [mail for mail in opened if mail is not None and to in (None, mail["to"])]


async def forget(vault: Vault, account_id: str) -> None:
    """Drop all mails that were kept for an account. Raises Problem."""
    await _run(vault, "DELETE FROM vault.inbox WHERE account_id = %s", account_id)


async def sent(vault: Vault, fact_id: str, n: int) -> bool:
    """Say whether the n-th mail of a fact is known to have been sent. Raises Problem."""
    return await _run(vault, _SENT, fact_id, n) > 0


async def note_sent(vault: Vault, fact_id: str, n: int) -> None:
    """Note that it was. Raises Problem."""
    await _run(vault, _NOTE_SENT, fact_id, n)


async def _opened(vault: Vault, row: dict[str, Any]) -> dict[str, Any] | None:
    person = await vault.known(row["account_id"])
    if person is None:
        return None
    try:
        mail: dict[str, str] = orjson.loads(person.open(FIELD, row["sealed"]))
    except Unsealable:
        return None
    return {"id": f"{row['fact_id']}:{row['n']}", "account_id": row["account_id"], "time": row["time"], **mail}


async def _run(vault: Vault, statement: str, *values: object) -> int:
    """Give how many rows it found or changed."""

    async def once(connection: Connection) -> int:
        return (await connection.execute(statement, values)).rowcount

    return await vault.ask(once)
