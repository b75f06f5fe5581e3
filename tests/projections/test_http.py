"""The read door over real PostgreSQL and Redis: who may know what, how new it is, and page after page of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from infra import errors, postgres, redis
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import documents, http
from projections.documents import Documents
from projections.door import ReadDoor
from projections.read_models import READ_MODELS
from schemas.kind import KindDefined
from schemas.message import Actor, CommandRejected, Fact
from schemas.resource import (
    ResourceChanged,
    ResourceRenamed,
    ResourceShared,
    ResourceTagged,
    ResourceTrashed,
    ResourceUnshared,
)
from tests.calling import HEADER, Calling
from tests.projections.knowing import Knowing
from tests.projections.telling import Journal, partition_of, registered, stretches, until


class World:
    """A read door, and facts that are known as soon as they are told."""

    def __init__(self, client: AsyncClient, knowing: Knowing) -> None:
        self.client = client
        self._knowing = knowing

    @property
    def command(self) -> str:
        """The command that was told of last."""
        return self._knowing.command

    async def tell(self, subject: str, *facts: Fact, domain: str = "resource", actor: str = "alice") -> str:
        """Let one command leave facts; where the last of them stands."""
        return await self._knowing.tell(domain, subject, *facts, actor=Actor(id=actor))

    async def get(self, path: str, by: str | None = "alice", **headers: str) -> Response:
        who = {HEADER: by} if by is not None else {}
        return await self.client.get(path, headers={**who, **{k.replace("_", "-"): v for k, v in headers.items()}})

    async def names(self, path: str, by: str = "alice") -> list[str]:
        return [item["name"] for item in (await self.get(path, by)).json()["items"]]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AsyncClient]:
    cache = redis.client(settings)
    # Journals are on paper here, so Kafka is away.
    door = ReadDoor(settings, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=Vault(settings))
    app = FastAPI()
    app.include_router(http.routes(door))
    errors.handle(app)
    await door.start()
    async with AsyncClient(transport=ASGITransport(app=Calling(app)), base_url="http://annal") as client:
        yield client
    await door.stop()
    await cache.aclose()


@pytest.fixture
async def world(ground: Settings, knowing: Knowing) -> AsyncIterator[World]:
    async with opened(ground) as client:
        yield World(client, knowing)


def problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


# ── one resource ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resource_is_read_with_its_version_and_position(world: World) -> None:
    await world.tell("r1", registered(attributes={"pages": 120}, tags=("a",)))
    position = await world.tell("r1", ResourceRenamed(name="Ficciones"))
    answer = await world.get("/v1/resources/r1")
    assert (answer.status_code, answer.headers["ETag"], answer.headers["Annal-Position"]) == (200, '"2"', position)
    assert answer.json() == {
        "resource_id": "r1",
        "kind": "book",
        "kind_version": 1,
        "name": "Ficciones",
        "attributes": {"pages": 120},
        "tags": ["a"],
        "owner": "alice",
        "editors": [],
        "viewers": [],
        "trashed": False,
        "version": 2,
        "created_time": "2025-11-24T16:00:00Z",
        "updated_time": "2025-11-24T16:00:00.001000Z",
        "position": position,
    }


async def test_redis_and_postgres_answer_alike(world: World, ground: Settings) -> None:
    journal = Journal(partition=partition_of("r1"))
    facts = [registered(attributes={"z": 1, "a": {"c": [1.5, "é"], "b": None}}), ResourceTagged(tags=("t",))]
    journal.tell("r1", *facts)
    await world.tell("r1", *facts)
    from_postgres = await world.get("/v1/resources/r1")
    sink = Documents(redis.client(ground))
    (stretch,) = stretches(READ_MODELS[1], journal)
    assert await sink.write([stretch])
    assert await sink.beat({journal.place: stretch.after}, {journal.place})
    async with await postgres.connect(ground) as connection:
        await connection.execute("TRUNCATE resource")
    await asyncio.sleep(documents.PATIENCE)
    from_redis = await world.get("/v1/resources/r1")
    assert (from_redis.content, from_redis.headers) == (from_postgres.content, from_postgres.headers)
    assert problem(await world.get("/v1/resources/r1", by="mallory")) == (404, "not_found")
    await sink.close()


async def test_owner_editors_and_viewers_read_and_to_others_it_is_not_there(world: World) -> None:
    await world.tell("r1", registered())
    await world.tell("r1", ResourceShared(account="bob", role="editor"), ResourceShared(account="eve", role="viewer"))
    for path in ("/v1/resources/r1", "/v1/resources/r1/history"):
        for reader in ("alice", "bob", "eve"):
            assert (await world.get(path, by=reader)).status_code == 200
        strange, missing = await world.get(path, by="mallory"), await world.get(path.replace("r1", "r2"))
        assert problem(strange) == problem(missing) == (404, "not_found")
        assert strange.json()["detail"] == missing.json()["detail"]
    await world.tell("r1", ResourceUnshared(account="eve"))
    assert problem(await world.get("/v1/resources/r1", by="eve")) == (404, "not_found")


async def test_a_version_that_the_caller_has_is_not_sent_again(world: World) -> None:
    await world.tell("r1", registered())
    for has in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = await world.get("/v1/resources/r1", If_None_Match=has)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')
    assert (await world.get("/v1/resources/r1", If_None_Match='"2"')).status_code == 200
    assert problem(await world.get("/v1/resources/r1", by="mallory", If_None_Match='"1"')) == (404, "not_found")


async def test_who_asks_must_be_named(world: World) -> None:
    for path in ("/v1/resources/r1", "/v1/resources", "/v1/resources/r1/history", "/v1/kinds", "/v1/commands/c"):
        assert problem(await world.get(path, by=None)) == (401, "credentials_missing")


@pytest.mark.parametrize("path", ["/v1/resources/%00", "/v1/kinds/a%00b", "/v1/commands/%00", "/v1/resources/%FF"])
async def test_what_can_be_no_name_is_not_there(world: World, path: str) -> None:
    assert problem(await world.get(path)) == (404, "not_found")


# ── as new as asked ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_read_waits_for_the_fact_it_is_to_know(world: World) -> None:
    first = await world.tell("r1", registered())
    second = first.rpartition(":")[0] + ":1"
    for path in ("/v1/resources/r1", "/v1/resources", "/v1/resources/r1/history"):
        reading = asyncio.create_task(world.get(f"{path}?min-position={second}", Prefer="wait=30"))
        await asyncio.sleep(0.1)
        assert not reading.done()
        second = await world.tell("r1", ResourceRenamed(name=f"read at {path}"))
        answer = await reading
        assert answer.status_code == 200
        assert f"read at {path}" in answer.text
        second = second.rpartition(":")[0] + f":{int(second.rpartition(':')[2]) + 1}"


async def test_a_read_model_that_is_behind_says_how_far(world: World) -> None:
    position = await world.tell("r1", registered())
    ahead = position.rpartition(":")[0] + ":4"
    answer = await world.get("/v1/resources/r1", Annal_Min_Position=f"{position}, {ahead}", Prefer="wait=0")
    assert problem(answer) == (503, "read_model_behind")
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["lag"]["facts"] == 4
    assert answer.json()["lag"]["seconds"] > 0


async def test_positions_of_other_domains_are_not_waited_for(world: World) -> None:
    await world.tell("r1", registered())
    assert (await world.get("/v1/resources/r1?min-position=kind:0:99")).status_code == 200


@pytest.mark.parametrize("position", ["x", "resource:8:1", "nothing:0:1", "resource:0:-1", "resource:0:1,", ""])
async def test_what_is_no_position_is_refused(world: World, position: str) -> None:
    answer = await world.get(f"/v1/resources?min-position={position}")
    assert problem(answer) == (400, "position_invalid")


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def library(world: World) -> World:
    """Five books: four of alice, one in the trash, one a note; bob may read one of hers and owns one."""
    await world.tell("r1", registered("Ficciones", tags=("classic", "short"), attributes={"author": "Borges"}))
    await world.tell("r2", registered("Rayuela", tags=("classic",), attributes={"author": "Cortázar"}))
    await world.tell("r3", registered("Rayuela", owner="bob", tags=("classic",)))
    await world.tell("r4", registered("Shopping", kind="note"))
    await world.tell("r5", registered("Lost"))
    await world.tell("r5", ResourceTrashed())
    await world.tell("r1", ResourceShared(account="bob", role="viewer"))
    return world


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=name", ["Ficciones", "Rayuela", "Shopping"]),
        ("sort=-name", ["Shopping", "Rayuela", "Ficciones"]),
        ("sort=name&kind=note", ["Shopping"]),
        ("sort=name&kind=nothing", []),
        ("sort=name&owner=alice&tag=classic", ["Ficciones", "Rayuela"]),
        ("tag=classic&tag=short", ["Ficciones"]),
        ("q=borges", ["Ficciones"]),
        ("q=cortázar or shopping&sort=name", ["Rayuela", "Shopping"]),
        ("q=classic -borges", ["Rayuela"]),
        ('q="ray uela"', []),
        ("q=' ( %26 ! :*", []),
        ("trashed=true", ["Lost"]),
    ],
)
async def test_lists_are_filtered_and_sorted(library: World, query: str, expected: list[str]) -> None:
    assert await library.names(f"/v1/resources?{query}") == expected


async def test_lists_show_what_the_caller_may_read(library: World) -> None:
    assert await library.names("/v1/resources?sort=name", by="bob") == ["Ficciones", "Rayuela"]
    assert await library.names("/v1/resources?owner=alice", by="bob") == ["Ficciones"]
    assert await library.names("/v1/resources", by="mallory") == []


@pytest.mark.parametrize("sort", ["updated", "-updated", "created", "-created", "name", "-name"])
async def test_pages_follow_one_another_and_miss_nothing(library: World, sort: str) -> None:
    for n in range(7):
        await library.tell(f"x{n}", registered(f"Same {n % 2}"))
    whole = [item["resource_id"] for item in (await library.get(f"/v1/resources?sort={sort}")).json()["items"]]
    paged, following = [], f"/v1/resources?sort={sort}&limit=3"
    while following:
        page = (await library.get(following)).json()
        assert len(page["items"]) <= 3
        paged += [item["resource_id"] for item in page["items"]]
        following = page["next"]
    assert paged == whole
    assert len(set(paged)) == 10


async def test_a_list_says_up_to_where_it_knows(library: World) -> None:
    position = await library.tell("r9", registered("Newest"))

    async def known() -> bool:
        return position in (await library.get("/v1/resources")).headers["Annal-Position"].split(",")

    await until(known)
    everything = (await library.get("/v1/resources")).headers["Annal-Position"]
    assert (await library.get("/v1/resources/r9", Annal_Min_Position=everything)).status_code == 200


async def test_a_cursor_is_good_for_its_own_list_only(library: World) -> None:
    following = (await library.get("/v1/resources?limit=1")).json()["next"]
    cursor = following.partition("cursor=")[2]
    assert (await library.get(following)).status_code == 200
    assert (await library.get(f"/v1/resources?limit=3&cursor={cursor}")).status_code == 200
    tampered = [
        f"/v1/resources?limit=1&cursor={cursor[:-2]}xx",
        f"/v1/resources?limit=1&cursor=x{cursor}",
        f"/v1/resources?limit=1&sort=name&cursor={cursor}",
        f"/v1/resources?limit=1&kind=note&cursor={cursor}",
        f"/v1/resources/r1/history?cursor={cursor}",
        f"/v1/kinds?cursor={cursor}",
        "/v1/resources?cursor=",
        "/v1/resources?cursor=é~",
    ]
    for each in tampered:
        assert problem(await library.get(each)) == (400, "cursor_invalid"), each
    assert problem(await library.get(following, by="bob")) == (400, "cursor_invalid")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "sort=colour", "trashed=maybe", "q=%00", "colour=red"]
)
async def test_what_is_no_query_is_refused(world: World, query: str) -> None:
    assert problem(await world.get(f"/v1/resources?{query}")) == (422, "query_invalid")


# ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_history_tells_every_fact_the_newest_first(world: World) -> None:
    await world.tell("r1", registered())
    await world.tell("r1", ResourceChanged(patch={"a": 1}, kind_version=1, kind_position=0), actor="bob")
    position = await world.tell("r1", ResourceTagged(tags=("t",)))
    await world.tell("r1", CommandRejected(code="resource_trashed", reason="No."))
    first = (await world.get("/v1/resources/r1/history?limit=2")).json()
    assert [item["version"] for item in first["items"]] == [3, 2]
    tagged, changed = first["items"]
    assert (tagged["type"], tagged["data"], tagged["position"]) == ("resource.tagged", {"tags": ["t"]}, position)
    assert changed["actor"] == {"id": "bob", "via": None, "on_behalf_of": None}
    rest = (await world.get(first["next"])).json()
    assert [item["type"] for item in rest["items"]] == ["resource.registered"]
    assert rest["next"] is None


# ── kinds ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_kinds_are_read_by_name_and_version(world: World) -> None:
    for version, schema in enumerate(({"type": "object"}, {"title": "Book"}), 1):
        defined = KindDefined(kind_version=version, json_schema=schema, description="A book.", owner="alice")
        position = await world.tell("book", defined, domain="kind")
    newest, old = await world.get("/v1/kinds/book", by="bob"), await world.get("/v1/kinds/book/versions/1")
    assert (newest.json()["json_schema"], newest.headers["ETag"]) == ({"title": "Book"}, '"2"')
    assert newest.headers["Annal-Position"] == newest.json()["position"] == position
    assert (old.json()["kind_version"], old.json()["json_schema"]) == (1, {"type": "object"})
    assert (await world.get("/v1/kinds/book", If_None_Match='"2"')).status_code == 304
    for missing in (
        "/v1/kinds/poem",
        "/v1/kinds/book/versions/3",
        "/v1/kinds/book/versions/x",
        f"/v1/kinds/book/versions/{10**40}",
    ):
        assert problem(await world.get(missing)) == (404, "not_found")


async def test_all_kinds_are_listed_in_their_newest_versions(world: World) -> None:
    for name, versions in (("book", 2), ("author", 1), ("poem", 3)):
        for version in range(1, versions + 1):
            defined = KindDefined(kind_version=version, json_schema={}, description="", owner="alice")
            await world.tell(name, defined, domain="kind")
    first = (await world.get("/v1/kinds?limit=2")).json()
    rest = (await world.get(first["next"])).json()
    listed = [(item["kind"], item["kind_version"]) for item in first["items"] + rest["items"]]
    assert listed == [("author", 1), ("book", 2), ("poem", 3)]


# ── outcomes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_became_of_a_command_is_told_to_who_asked_it(world: World) -> None:
    position = await world.tell("r1", registered())
    answer = await world.get(f"/v1/commands/{world.command}")
    assert answer.json() == {
        "command_id": world.command,
        "status": "accepted",
        "type": "resource.do",
        "subject": "r1",
        "version": 1,
        "position": position,
        "facts": ["resource.registered"],
        "code": None,
        "reason": None,
    }
    assert problem(await world.get(f"/v1/commands/{world.command}", by="bob")) == (404, "not_found")


async def test_a_command_whose_id_another_has_is_not_told_the_others_outcome(world: World) -> None:
    await world.tell("r1", registered())
    told = (await world.get(f"/v1/commands/{world.command}?digest={'0' * 32}")).json()
    assert (told["status"], told["code"]) == ("rejected", "idempotency_key_reused")
    assert problem(await world.get(f"/v1/commands/{world.command}?digest=0")) == (400, "position_invalid")


@pytest.mark.parametrize(("code", "status"), [("resource_exists", "rejected"), ("command_expired", "expired")])
async def test_a_refusal_is_told_with_its_code(world: World, code: str, status: str) -> None:
    await world.tell("r1", CommandRejected(code=code, reason="No."))
    told = (await world.get(f"/v1/commands/{world.command}")).json()
    assert (told["status"], told["code"], told["reason"]) == (status, code, "No.")


async def test_not_decided_yet_is_told_from_never_asked(world: World) -> None:
    await world.tell("r1", registered())
    here = f"resource:{partition_of('r1')}"
    assert problem(await world.get("/v1/commands/unheard-of")) == (404, "not_found")

    async def decided() -> bool:
        return problem(await world.get(f"/v1/commands/unheard-of?position={here}:0")) == (404, "not_found")

    await until(lambda: settles(world, f"/v1/commands/unheard-of?position={here}:0"))
    pending = await world.get(f"/v1/commands/unheard-of?position={here}:1")
    assert (pending.status_code, pending.json()["status"]) == (200, "pending")
    assert problem(await world.get("/v1/commands/unheard-of?position=here")) == (400, "position_invalid")


async def settles(world: World, path: str) -> bool:
    return (await world.get(path)).status_code == 404


async def test_an_outcome_can_be_waited_for(world: World) -> None:
    await world.tell("r1", registered())
    path = f"/v1/commands/soon?position=resource:{partition_of('r1')}:1"
    waiting = asyncio.create_task(world.get(path, Prefer="wait=30"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await world.tell("r1", ResourceRenamed(name="b"))
    answer = await waiting
    assert problem(answer) == (404, "not_found")


# ── when servers are gone ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_without_postgres_the_door_says_so_and_goes_on_when_it_is_back(world: World, ground: Settings) -> None:
    await world.tell("r1", registered())
    async with await postgres.connect(ground) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database()"
        )
    assert (await world.get("/v1/resources/r1")).status_code == 200
    gone = ground.model_copy(update={"postgres_url": "postgresql://nobody@127.0.0.1:1/nothing"})
    async with opened(gone) as client:
        answer = await client.get("/v1/resources/r1", headers={HEADER: "alice"})
        assert problem(answer) == (503, "postgres_unavailable")


async def test_without_redis_postgres_answers(ground: Settings, knowing: Knowing) -> None:
    gone = ground.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with opened(gone) as client:
        world = World(client, knowing)
        await world.tell("r1", registered())
        assert (await world.get("/v1/resources/r1")).status_code == 200
