"""What each fact makes of a character's row, and who reads it as it is, as it was, and with its secrets."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from infra import errors, redis
from infra.auth.characters import keep, referring
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import character_http
from projections.character import projection
from projections.door import ReadDoor
from projections.projection import moment
from schemas.character import CharacterLoaded, CharacterRetired
from schemas.concealing import concealed
from schemas.message import Fact
from tests.projections.knowing import Knowing
from tests.projections.telling import FIRST_MOMENT, changes, row_after
from tests.projections.test_people import Named, items, problem

ADA: dict[str, Any] = {"name": "Ada", "bio": ["Keeps the books."]}


def loaded(document: dict[str, Any] = ADA, owner: str = "alice", **files: str) -> CharacterLoaded:
    return CharacterLoaded(name=document["name"], owner=owner, document=document, files=files)


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_character_is_what_was_loaded() -> None:
    assert row_after(projection, loaded(prices="3 euros")) == {
        "character_id": "one",
        "name": "Ada",
        "owner": "alice",
        "document": ADA,
        "files": {"prices": "3 euros"},
        "retired": False,
        "version": 1,
        "created_time": moment(FIRST_MOMENT),
        "updated_time": moment(FIRST_MOMENT),
        "position": "character:0:0",
    }


def test_a_retired_character_stays_readable_and_may_come_back() -> None:
    other = loaded({"name": "Ada II"})
    assert changes(projection, loaded(), CharacterRetired()) == {"retired": True}
    assert changes(projection, loaded(), CharacterRetired(), other) == {
        "name": "Ada II",
        "document": {"name": "Ada II"},
    }


# ── the read door ─────────────────────────────────────────────────────────────────────────────────────────────────────


class World:
    """A read door and a vault, and facts that are known as soon as they are told."""

    def __init__(self, client: AsyncClient, knowing: Knowing, vault: Vault) -> None:
        self.client = client
        self.vault = vault
        self._knowing = knowing

    async def tell(self, character_id: str, *facts: Fact) -> str:
        return await self._knowing.tell("character", character_id, *facts)

    async def get(self, path: str, by: str | None = "alice", **headers: str) -> Response:
        who = {"name": by} if by is not None else {}
        return await self.client.get(path, headers=who | headers)


@pytest.fixture
async def world(ground: Settings, knowing: Knowing) -> AsyncIterator[World]:
    cache, vault = redis.client(ground), Vault(ground)
    # Journals are on paper here, so Kafka is away.
    door = ReadDoor(ground, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=vault)
    app = FastAPI()
    app.include_router(character_http.routes(door))
    errors.handle(app)
    await vault.open()
    await door.start()
    async with AsyncClient(transport=ASGITransport(app=Named(app)), base_url="http://annal") as client:
        yield World(client, knowing, vault)
    await door.stop()
    await vault.close()
    await cache.aclose()


async def test_everybody_reads_a_character_with_its_version_and_position(world: World) -> None:
    await world.tell("ada", loaded())
    position = await world.tell("ada", loaded(prices="3 euros"))
    answer = await world.get("/v1/characters/ada", by="bob")
    assert (answer.status_code, answer.headers["ETag"], answer.headers["Annal-Position"]) == (200, '"2"', position)
    assert answer.json() == {
        "character_id": "ada",
        "name": "Ada",
        "owner": "alice",
        "document": ADA,
        "files": {"prices": "3 euros"},
        "retired": False,
        "version": 2,
        "created_time": "2025-11-24T16:00:00Z",
        "updated_time": "2025-11-24T16:00:00.001000Z",
        "position": position,
    }
    had = {"If-None-Match": '"2"'}
    assert (await world.get("/v1/characters/ada", **had)).status_code == 304
    assert problem(await world.get("/v1/characters/nobody")) == (404, "not_found")
    assert problem(await world.get("/v1/characters/ada", by=None)) == (401, "credentials_missing")


async def test_a_version_is_read_as_it_was(world: World) -> None:
    first = await world.tell("ada", loaded())
    await world.tell("ada", loaded({"name": "Ada II"}), CharacterRetired())
    versions = [(await world.get(f"/v1/characters/ada/versions/{n}")).json() for n in (1, 2, 3)]
    assert [(each["name"], each["retired"], each["version"]) for each in versions] == [
        ("Ada", False, 1),
        ("Ada II", False, 2),
        ("Ada II", True, 3),
    ]
    assert versions[0]["updated_time"] == "2025-11-24T16:00:00Z"
    assert versions[2] == (await world.get("/v1/characters/ada")).json()
    for none in ("4", "0", "x", "-1", "1" * 30):
        assert problem(await world.get(f"/v1/characters/ada/versions/{none}")) == (404, "not_found")
    assert problem(await world.get(f"/v1/characters/ada/versions/2?as_of={first}")) == (404, "not_found")
    assert (await world.get(f"/v1/characters/ada/versions/1?as_of={first}")).status_code == 200
    assert (await world.get(f"/v1/characters/ada?as_of={first}")).json() == versions[0]


async def test_characters_are_listed_by_name_without_their_documents(world: World) -> None:
    for character_id, name in (("1", "Cid"), ("2", "Ada"), ("3", "Ada")):
        await world.tell(character_id, loaded({"name": name}))
    await world.tell("3", CharacterRetired())
    first = await world.get("/v1/characters?limit=2")
    assert [(each["character_id"], each["name"], each["retired"]) for each in items(first)] == [
        ("2", "Ada", False),
        ("3", "Ada", True),
    ]
    assert not {"document", "files"} & items(first)[0].keys()
    assert [each["character_id"] for each in items(await world.get(first.json()["next"]))] == ["1"]


async def test_an_export_has_secrets_only_if_that_is_said(world: World) -> None:
    whole = ADA | {"settings": {"secrets": {"KEY": "hedgehog"}}}
    document, secrets = concealed(whole, await referring(world.vault, "ada"))
    await keep(world.vault, await world.vault.person("alice"), "ada", secrets)
    await world.tell("ada", loaded(document))
    plain = await world.get("/v1/characters/ada/export")
    assert plain.json() == document
    assert plain.headers["Content-Disposition"] == 'attachment; filename="ada.character.json"'
    for who in ("alice", "admin"):
        told = await world.get("/v1/characters/ada/export?secrets=true", by=who)
        assert (told.json(), told.headers["Cache-Control"]) == (whole, "no-store")
    for path in ("/v1/characters/ada", "/v1/characters/ada/versions/1", "/v1/characters"):
        assert b"hedgehog" not in (await world.get(path)).content
    for who in ("bob", "auditor", "robot"):
        for query in ("", "?secrets=true"):
            assert problem(await world.get(f"/v1/characters/ada/export{query}", by=who)) == (404, "not_found")


async def test_what_cannot_be_asked_of_an_export_is_refused(world: World) -> None:
    await world.tell("ada", loaded())
    assert problem(await world.get("/v1/characters/ada/export?secrets=perhaps")) == (422, "query_invalid")
    assert orjson.loads((await world.get("/v1/characters/ada/export?secrets=false")).content) == ADA
