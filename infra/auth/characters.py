"""The secrets of characters, in the vault: sealed with the key of whose they are, and found by their references.

A reference is a keyed digest of the character and the secret. The same secret loaded again has the same one, it opens
nothing of another character, and nobody learns from it what it stands for.
"""

import hmac
from collections.abc import Callable, Mapping

from sqlalchemy import Column, DateTime, Table, Text, func

from infra.auth import vault_tables
from infra.auth.vault import Person, Unsealable, Vault
from infra.postgres import Connection
from schemas.concealing import references
from schemas.message import JsonObject

DIGEST_BYTES = 16

# The account is part of the key, so that nobody's row takes the place of another's.
Table(
    "character_secret",
    vault_tables.metadata,
    Column("character_id", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("sealed", Text, nullable=False, comment="JSON, with the account's key"),
    Column("time", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

_KEEP = """
    INSERT INTO vault.character_secret (character_id, reference, account_id, sealed) VALUES (%s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
_FIND = """
    SELECT reference, account_id, sealed FROM vault.character_secret WHERE character_id = %s AND reference = ANY(%s)
"""


async def referring(vault: Vault, character_id: str) -> Callable[[str], str]:
    """Give what makes references to the secrets of a character. Raises Problem."""
    key = await vault.secret("character")
    return lambda text: hmac.digest(key, f"{character_id}\n{text}".encode(), "sha256")[:DIGEST_BYTES].hex()


async def keep(vault: Vault, person: Person, character_id: str, secrets: Mapping[str, str]) -> None:
    """Keep the secrets of a character, by their references. Raises Problem."""
    field = _field(character_id)
    rows = [
        (character_id, reference, person.account_id, person.seal(field, text)) for reference, text in secrets.items()
    ]

    async def insert(connection: Connection) -> None:
        async with connection.cursor() as cursor:
            await cursor.executemany(_KEEP, rows)

    if rows:
        await vault.ask(insert)


async def secrets_of(vault: Vault, character_id: str, document: JsonObject) -> dict[str, str]:
    """Give the secrets to which a character's document refers, but for those of people who were erased.

    Raises Problem.
    """
    wanted = [reference for _, reference in references(document)]

    async def find(connection: Connection) -> list[tuple[str, str, str]]:
        return await (await connection.execute(_FIND, [character_id, wanted])).fetchall()

    found: dict[str, str] = {}
    for reference, account_id, sealed in await vault.ask(find):
        person = await vault.known(account_id)
        text = _opened(person, character_id, sealed) if person is not None else None
        if text is not None:
            found[reference] = text
    return found


def _opened(person: Person, character_id: str, sealed: str) -> str | None:
    try:
        return person.open(_field(character_id), sealed)
    except Unsealable:
        return None


def _field(character_id: str) -> str:
    return f"character:{character_id}"
