"""The secrets of characters are in the vault, sealed, and only the character that refers to one has it."""

from typing import Any

import psycopg
import pytest

from infra.auth.characters import keep, referring, secrets_of
from infra.auth.vault import Vault
from infra.settings import Settings
from schemas.concealing import concealed, revealed

SECRET = "of forty-one hedgehogs"  # noqa: S105 - of nobody
DOCUMENT: dict[str, Any] = {"name": "Ada", "settings": {"secrets": {"KEY": SECRET, "PORT": 3000}}}


async def kept(vault: Vault, character_id: str = "ada", by: str = "alice") -> dict[str, Any]:
    document, secrets = concealed(DOCUMENT, await referring(vault, character_id))
    await keep(vault, await vault.person(by), character_id, secrets)
    return document


async def found(vault: Vault, character_id: str, document: dict[str, Any]) -> dict[str, Any]:
    return revealed(document, await secrets_of(vault, character_id, document))


async def test_what_is_kept_is_found_again(vault: Vault) -> None:
    document = await kept(vault)
    assert SECRET not in str(document)
    assert await found(vault, "ada", document) == DOCUMENT


async def test_the_same_secret_has_the_same_reference(vault: Vault) -> None:
    assert await kept(vault) == await kept(vault)


async def test_a_reference_opens_nothing_of_another_character(vault: Vault) -> None:
    document = await kept(vault)
    assert await kept(vault, "bob") != document
    assert await found(vault, "bob", document) == document


@pytest.mark.parametrize("other", ["bob", "alice"])
async def test_nobody_takes_the_place_of_another(vault: Vault, other: str) -> None:
    document = await kept(vault)
    await kept(vault, by=other)
    await vault.erase("bob")
    assert await found(vault, "ada", document) == DOCUMENT


async def test_with_its_person_a_secret_is_erased(vault: Vault) -> None:
    document = await kept(vault)
    await vault.erase("alice")
    assert await found(vault, "ada", document) == document


async def test_nothing_in_the_database_tells_a_secret(vault: Vault, empty: Settings) -> None:
    await kept(vault)
    with psycopg.connect(empty.postgres_url) as connection:
        rows = connection.execute("SELECT * FROM vault.character_secret").fetchall()
    assert len(rows) == 2
    assert not [row for row in rows if SECRET in str(row) or "3000" in str(row)]
