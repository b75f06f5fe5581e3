"""Loading a character: what is secret in it is in the vault before anything is asked, and in no command."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from infra.auth import Caller
from infra.auth.characters import secrets_of
from infra.auth.vault import Vault
from infra.settings import Settings
from schemas import wire
from schemas.character import LoadCharacter
from schemas.concealing import revealed
from schemas.message import Actor, Asked, JsonObject, Outcome, Position
from streams.character import CharacterFile, load
from streams.forms import Identity, Visit
from streams.request import Terms

DOCUMENT: JsonObject = {
    "name": "Clerk",
    "plugins": [{"name": "ledger", "config": {"apiKey": "hedgehog-1"}}],
    "secrets": {"TOP": "hedgehog-2"},
    "settings": {"secrets": {"KEY": "hedgehog-3"}, "BOT_TOKEN": "hedgehog-4"},
}


class Door:
    """A door that takes all that it is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def ask(self, asked: Asked, _: float) -> tuple[Position, Outcome]:
        self.asked.append(asked)
        meta = asked.meta
        told = Outcome(command_id=meta.id, status="accepted", type=meta.type, subject=meta.subject, version=1)
        return Position("character", 0, 0), told

    @property
    def document(self) -> JsonObject:
        command = self.asked[-1].command
        assert isinstance(command, LoadCharacter)
        return command.document


class Known:
    """What is known of characters: one is of alice."""

    async def character(self, character_id: str) -> dict[str, Any] | None:
        return {"owner": "alice"} if character_id == "of-alice" else None


@pytest.fixture
async def vault(stack: Settings) -> AsyncIterator[Vault]:
    vault = Vault(stack)
    await vault.open()
    yield vault
    await vault.close()


@pytest.fixture
def door() -> Door:
    return Door()


def visit(vault: Vault, door: Door, *permissions: str, by: str = "alice") -> Visit:
    identity = cast("Identity", SimpleNamespace(vault=vault, door=door, people=Known()))
    caller = Caller(Actor(id=by), (frozenset(permissions),))
    return Visit(identity, Terms(caller, None, None, 0), None, "")


async def test_no_secret_is_in_the_bytes_of_the_command(vault: Vault, door: Door) -> None:
    answer = await load(visit(vault, door), CharacterFile(document=DOCUMENT))
    value = wire.encode_command(door.asked[0])
    assert b"ledger" in value
    assert b"hedgehog" not in value
    secrets = await secrets_of(vault, answer.told["character_id"], door.document)
    assert revealed(door.document, secrets) == DOCUMENT


async def test_what_was_exported_without_its_secrets_is_loaded_as_it_was(vault: Vault, door: Door) -> None:
    await load(visit(vault, door), CharacterFile(document=DOCUMENT))
    exported = door.document
    await load(visit(vault, door), CharacterFile(document=exported))
    assert door.document == exported


async def test_the_same_secret_makes_the_same_command_and_another_another(vault: Vault, door: Door) -> None:
    for secret in ("hedgehog-2", "hedgehog-2", "hedgehog-5"):
        await load(visit(vault, door), CharacterFile(document=DOCUMENT | {"secrets": {"TOP": secret}}))
    first, same, other = (asked.command for asked in door.asked)
    assert first == same != other


async def test_an_id_is_given_or_the_documents_own_or_made_of_its_name(vault: Vault, door: Door) -> None:
    for sent in ({"character_id": "given"}, {"document": DOCUMENT | {"id": "own"}}, {}, {}):
        await load(visit(vault, door), CharacterFile(**{"document": DOCUMENT, **sent}))
    assert [asked.meta.subject for asked in door.asked[:2]] == ["given", "own"]
    assert door.asked[2].meta.subject == door.asked[3].meta.subject


async def test_who_may_load_those_of_others_asks_in_the_owners_name(vault: Vault, door: Door) -> None:
    sent = CharacterFile(document=DOCUMENT, character_id="of-alice")
    await load(visit(vault, door, "character:load", by=f"root-{uuid4()}"), sent)
    await load(visit(vault, door, "character:own", by=f"bob-{uuid4()}"), sent)
    assert [asked.meta.actor.on_behalf_of for asked in door.asked] == ["alice", None]
