"""The read door of people over a real PostgreSQL and vault: what is told of a person, to whom, and what to nobody."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.types import Receive, Scope, Send

from infra import errors, redis
from infra.auth import CALLER, Caller
from infra.auth.vault import Person, Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import people, people_known
from projections.door import ReadDoor
from schemas.account import (
    AccountClosed,
    AccountErased,
    AccountSuspended,
    AccountVerified,
    AddressChangeAsked,
    PasswordSet,
    ProfileChanged,
    RoleGiven,
)
from schemas.apikey import KeyRerolled, KeyRevoked
from schemas.character import CharacterLoaded
from schemas.conversation import ConversationOpened, MemoryWritten, MessageReceived
from schemas.login import LoginFailed
from schemas.message import Actor, Fact
from schemas.person import NOTHING, Changing
from schemas.resource import ResourceShared, ResourceTrashed
from schemas.rights import permitted
from schemas.role import BUILT_IN, RoleDefined, RoleRetired
from schemas.session import SessionEnded, SessionRefreshed
from schemas.totp import TotpEnabled, TotpEnrolled
from tests.projections.knowing import Knowing
from tests.projections.people import digest, key_created, opened, proof, signed_in
from tests.projections.telling import FIRST_MOMENT, registered, until

ROLES = {"auditor": "auditor", "admin": "admin", "robot": "service"}
DIGEST = re.compile("[0-9a-f]{64}")
ATTEMPT = "0192f0c1-2d3e-7000-8000-000000000009"


class Named:
    """Around an ASGI app: callers are who the header says, with the role that ROLES gives them, else members."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = next((value.decode() for key, value in scope["headers"] if key == b"name"), None)
        grants = (permitted([ROLES.get(name or "", "member")], {}),)
        scope[CALLER] = Caller(Actor(id=name), grants) if name is not None else None
        await self._app(scope, receive, send)


class World:
    """A read door, a vault, and facts about people that are sealed, and known as soon as they are told."""

    def __init__(self, client: AsyncClient, knowing: Knowing, vault: Vault) -> None:
        self.client = client
        self.vault = vault
        self._knowing = knowing

    async def get(self, path: str, by: str | None = "alice", **headers: str) -> Response:
        who = {"name": by} if by is not None else {}
        return await self.client.get(path, headers=who | {k.replace("_", "-"): v for k, v in headers.items()})

    async def tell(self, domain: str, subject: str, *facts: Fact, by: str = "alice", network: str = "192.0.2.1") -> str:
        actor = Actor(id=by, address=(await self.vault.person(by)).seal("network", network))
        return await self._knowing.tell(domain, subject, *facts, actor=actor)

    async def person(self, name: str = "alice", **profile: str) -> Person:
        """Open an account, with a real seal on all that is personal."""
        person = await self.vault.person(name)
        sealed = {part: person.seal(part, text) for part, text in profile.items()}
        address, password = person.seal("address", f"{name}@example.com"), person.seal("password", "hash of it")
        fact = opened(name, sealed_address=address, password=password, profile=sealed, proof=proof())
        await self.tell("account", name, fact, by=name)
        return person


@pytest.fixture
async def world(ground: Settings, knowing: Knowing) -> AsyncIterator[World]:
    cache, vault = redis.client(ground), Vault(ground)
    # Journals are on paper here, so Kafka is away.
    door = ReadDoor(ground, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=vault)
    app = FastAPI()
    app.include_router(people.routes(door))
    errors.handle(app)
    await vault.open()
    await door.start()
    async with AsyncClient(transport=ASGITransport(app=Named(app)), base_url="http://annal") as client:
        yield World(client, knowing, vault)
    await door.stop()
    await vault.close()
    await cache.aclose()


def problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def items(response: Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    told: list[dict[str, Any]] = response.json()["items"]
    return told


# ── one account ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_person_reads_their_account_with_what_was_sealed_opened(world: World) -> None:
    person = await world.person(display_name="Ada", traits='{"team":{"name":"sales"}}')
    changing = Changing(sealed_address=person.seal("address", "ada@example.org"), new=proof(), old=proof())
    position = await world.tell("account", "alice", AddressChangeAsked(address=digest("ada"), changing=changing))
    answer = await world.get("/v1/accounts/me")
    assert (answer.status_code, answer.headers["ETag"], answer.headers["Annal-Position"]) == (200, '"2"', position)
    assert answer.json() == {
        "account_id": "alice",
        "status": "active",
        "service": False,
        "name": "",
        "address": "alice@example.com",
        "verified": False,
        "changing_to": "ada@example.org",
        "profile": {"display_name": "Ada", "traits": {"team": {"name": "sales"}}},
        "roles": ["member"],
        "generation": 0,
        "version": 2,
        "opened_time": "2025-11-24T16:00:00Z",
        "updated_time": "2025-11-24T16:00:00.001000Z",
        "position": position,
    }
    assert (await world.get("/v1/accounts/alice")).content == answer.content
    assert (await world.get("/v1/accounts/alice", by="auditor")).content == answer.content
    assert (await world.get("/v1/accounts/me", If_None_Match='"2"')).status_code == 304


@pytest.mark.parametrize("what", ["", "/history", "/export"])
async def test_to_others_an_account_is_not_there(world: World, what: str) -> None:
    await world.person()
    await world.person("robot")
    for reader in ("alice", "auditor", "admin"):
        assert (await world.get(f"/v1/accounts/alice{what}", by=reader)).status_code == 200
    strange = await world.get(f"/v1/accounts/alice{what}", by="bob")
    missing = await world.get(f"/v1/accounts/nobody{what}", by="admin")
    without_right = await world.get(f"/v1/accounts/robot{what}", by="robot")
    assert problem(strange) == problem(missing) == problem(without_right) == (404, "not_found")
    assert strange.json()["detail"] == missing.json()["detail"]
    assert problem(await world.get(f"/v1/accounts/alice{what}", by=None)) == (401, "credentials_missing")
    assert problem(await world.get(f"/v1/accounts/%00{what}", by="admin")) == (404, "not_found")


async def test_ones_own_account_takes_a_permission_too(world: World) -> None:
    assert problem(await world.get("/v1/accounts/me", by="robot")) == (403, "permission_missing")


async def test_of_an_account_that_is_closed_nothing_personal_is_told(world: World) -> None:
    await world.person(display_name="Ada")
    await world.tell("account", "alice", AccountClosed(generation=1, addresses=(digest("alice"),)))
    told = (await world.get("/v1/accounts/alice", by="admin")).json()
    assert (told["status"], told["address"], told["profile"], told["changing_to"]) == ("closed", None, {}, None)


async def test_what_was_sealed_with_a_key_that_is_no_more_is_null(world: World) -> None:
    name = str(uuid4())
    await world.person(name, display_name="Ada")
    await world.tell("session", "s", signed_in(name, opened=FIRST_MOMENT), by=name)
    await world.vault.erase(name)
    told = (await world.get(f"/v1/accounts/{name}", by="admin")).json()
    assert (told["address"], told["profile"]) == (None, {"display_name": None})
    erased = AccountErased(generation=1, addresses=(digest(name),))
    await world.tell("account", name, erased, by="admin")
    export = (await world.get(f"/v1/accounts/{name}/export", by="admin")).json()
    assert (export["account"]["status"], export["account"]["profile"]) == ("erased", {})
    assert export["sessions"][0]["network"] is None
    assert export["history"][-1]["data"]["address"] is None


async def test_what_was_sealed_otherwise_does_not_keep_the_rest_from_being_told(world: World) -> None:
    person = await world.person(display_name="Ada")
    strange = ProfileChanged(profile={"locale": person.seal("timezone", "Europe/London"), "avatar": "sealed-by-nobody"})
    await world.tell("account", "alice", strange)
    told = (await world.get("/v1/accounts/me")).json()
    assert told["profile"] == {"display_name": "Ada", "locale": None, "avatar": None}


async def test_a_read_model_that_is_behind_says_so(world: World) -> None:
    await world.person()
    for path in ("accounts/me", "accounts", "accounts/alice/history", "accounts/alice/export", "sessions"):
        for name in ("admin", "alice") if path != "accounts" else ("admin",):
            answer = await world.get(f"/v1/{path}?min-position=account:0:99", by=name, Prefer="wait=0")
            assert problem(answer) == (503, "read_model_behind"), path


# ── all accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_accounts_are_listed_for_those_who_may_read_them(world: World) -> None:
    for name in ("alice", "bob", "carol"):
        await world.person(name)
    await world.tell("account", "bob", AccountSuspended(generation=1))
    paged, following = [], "/v1/accounts?limit=2"
    while following:
        page = await world.get(following, by="auditor")
        paged += [item["address"] for item in items(page)]
        following = page.json()["next"]
    assert sorted(paged) == ["alice@example.com", "bob@example.com", "carol@example.com"]
    suspended = items(await world.get("/v1/accounts?status=suspended", by="admin"))
    assert [item["account_id"] for item in suspended] == ["bob"]
    assert problem(await world.get("/v1/accounts")) == (403, "permission_missing")
    assert problem(await world.get("/v1/accounts?status=happy", by="admin")) == (422, "query_invalid")


async def test_a_cursor_is_good_for_its_own_list_and_caller_only(world: World) -> None:
    for name in ("alice", "bob"):
        await world.person(name)
    following = (await world.get("/v1/accounts?limit=1", by="admin")).json()["next"]
    assert (await world.get(following, by="admin")).status_code == 200
    assert problem(await world.get(following, by="auditor")) == (400, "cursor_invalid")
    other = following.replace("?limit=1", "?limit=1&status=active")
    assert problem(await world.get(other, by="admin")) == (400, "cursor_invalid")


# ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_happened_to_an_account_is_told_opened_and_without_secrets(world: World) -> None:
    person = await world.person(display_name="Ada")
    changed = ProfileChanged(profile={"display_name": NOTHING, "locale": person.seal("locale", "en-GB")})
    hashed = person.seal("password", "another hash")
    for fact in (AccountVerified(), changed, PasswordSet(password=hashed, generation=1), RoleGiven(role="auditor")):
        await world.tell("account", "alice", fact)
    first = await world.get("/v1/accounts/alice/history?limit=3")
    rest = await world.get(first.json()["next"])
    told = items(first) + items(rest)
    assert [(item["version"], item["type"], item["data"]) for item in told] == [
        (5, "account.role_given", {"role": "auditor"}),
        (4, "account.password_set", {"generation": 1}),
        (3, "account.profile_changed", {"profile": {"display_name": None, "locale": "en-GB"}}),
        (2, "account.verified", {}),
        (
            1,
            "account.opened",
            {
                "address": "alice@example.com",
                "profile": {"display_name": "Ada"},
                "roles": ["member"],
                "verified": False,
            },
        ),
    ]
    assert told[0]["actor"] == {"id": "alice", "via": None, "on_behalf_of": None}
    assert rest.json()["next"] is None
    assert not DIGEST.search(first.text + rest.text)
    assert hashed not in first.text


async def test_a_wanted_address_is_told_without_its_proofs(world: World) -> None:
    person = await world.person()
    changing = Changing(sealed_address=person.seal("address", "ada@example.org"), new=proof("new"), old=proof("old"))
    await world.tell("account", "alice", AddressChangeAsked(address=digest("ada"), changing=changing))
    told = items(await world.get("/v1/accounts/alice/history"))
    assert told[0]["data"] == {"address": "ada@example.org"}


# ── sessions, keys and failed sign-ins ────────────────────────────────────────────────────────────────────────────────


async def test_sessions_are_told_with_device_and_network(world: World) -> None:
    person = await world.person()
    await world.tell("session", "s", signed_in(device=person.seal("device", "Firefox on Linux")))
    refreshed = SessionRefreshed(refresh=digest("r1"), step=1, refreshed=FIRST_MOMENT + 500)
    await world.tell("session", "s", refreshed, network="198.51.100.7")
    position = await world.tell("session", "s", SessionEnded(account_id="alice", reason="revoked"))
    answer = await world.get("/v1/sessions")
    assert items(answer) == [
        {
            "session_id": "s",
            "account_id": "alice",
            "live": False,
            "generation": 0,
            "methods": ["password"],
            "device": "Firefox on Linux",
            "network": "192.0.2.1",
            "last_network": "198.51.100.7",
            "version": 3,
            "opened_time": "2025-11-24T16:00:00Z",
            "refreshed_time": "2025-11-24T16:00:00.500000Z",
            "ended_time": "2025-11-24T16:00:00.002000Z",
            "reason": "revoked",
            "position": position,
        }
    ]


async def test_keys_are_told_without_their_secrets(world: World) -> None:
    await world.tell("apikey", "k", key_created())
    rerolled = KeyRerolled(secret=digest("s1"), start="Efgh", before=digest("s0"), before_until=FIRST_MOMENT + 500)
    await world.tell("apikey", "k", rerolled)
    position = await world.tell("apikey", "k", KeyRevoked())
    await world.tell("apikey", "made", key_created("robot", maker="alice", secret=digest("s2")))
    answer = await world.get("/v1/apikeys")
    told = {item["key_id"]: item for item in items(answer)}
    assert told.keys() == {"k", "made"}
    assert told["k"] == {
        "key_id": "k",
        "account_id": "alice",
        "maker": "alice",
        "before_until": "2025-11-24T16:00:00.500000Z",
        "start": "Efgh",
        "name": "nightly import",
        "scopes": ["resource:*"],
        "expires": None,
        "per_minute": None,
        "revoked": True,
        "used": None,
        "version": 3,
        "created_time": "2025-11-24T16:00:00Z",
        "changed_time": "2025-11-24T16:00:00.002000Z",
        "position": position,
    }
    assert not DIGEST.search(answer.text)


async def test_failed_sign_ins_are_told_with_where_they_came_from(world: World) -> None:
    failed = LoginFailed(attempt=ATTEMPT, why="password", failures=1)
    position = await world.tell("login", "alice", failed, by="anonymous", network="203.0.113.9")
    assert items(await world.get("/v1/logins")) == [
        {
            "tried": "alice",
            "failures": 1,
            "attempt": ATTEMPT,
            "why": "password",
            "network": "203.0.113.9",
            "time": "2025-11-24T16:00:00Z",
            "position": position,
        }
    ]
    assert len(items(await world.get("/v1/logins?account=alice", by="auditor"))) == 1


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/apikeys", "/v1/logins"])
async def test_what_is_others_takes_a_permission(world: World, path: str) -> None:
    await world.tell("session", "s", signed_in())
    await world.tell("apikey", "k", key_created())
    await world.tell("login", "alice", LoginFailed(attempt=ATTEMPT, why="password", failures=1))
    assert len(items(await world.get(path))) == len(items(await world.get(f"{path}?account=alice"))) == 1
    assert len(items(await world.get(f"{path}?account=alice", by="admin"))) == 1
    assert items(await world.get(path, by="admin")) == items(await world.get(path, by="bob")) == []
    for refused in (
        await world.get(f"{path}?account=alice", by="bob"),
        await world.get(f"{path}?account=nobody", by="bob"),
        await world.get(path, by="robot"),
    ):
        assert problem(refused) == (403, "permission_missing")
    assert problem(await world.get(path, by=None)) == (401, "credentials_missing")


async def test_pages_of_what_an_account_has_follow_one_another(world: World) -> None:
    for n in range(5):
        await world.tell("session", f"s{n}", signed_in())
        await world.tell("apikey", f"k{n}", key_created(secret=digest(f"s{n}")))
        await world.tell("login", "alice", LoginFailed(attempt=ATTEMPT, why="password", failures=n + 1))
    for path in ("/v1/sessions", "/v1/apikeys", "/v1/logins"):
        whole, paged, following = items(await world.get(path)), [], f"{path}?limit=2"
        while following:
            page = await world.get(following)
            paged += items(page)
            following = page.json()["next"]
        assert paged == whole
        assert len(whole) == 5


async def test_a_list_says_up_to_where_it_knows(world: World) -> None:
    await world.person()
    position = await world.tell("session", "s", signed_in())

    async def known() -> bool:
        return position in (await world.get("/v1/sessions")).headers.get("Annal-Position", "").split(",")

    await until(known)
    told = (await world.get("/v1/sessions")).headers["Annal-Position"]
    assert {place.partition(":")[0] for place in told.split(",")} == {"session", "account"}
    assert (await world.get("/v1/sessions", Annal_Min_Position=told)).status_code == 200


# ── roles ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_roles_are_those_built_in_and_those_defined(world: World) -> None:
    await world.tell("role", "archivist", RoleDefined(permissions=("resource:read",)))
    await world.tell("role", "clerk", RoleDefined(permissions=("resource:*", "kind:read")))
    position = await world.tell("role", "archivist", RoleRetired())
    told = items(await world.get("/v1/roles", by="auditor"))
    assert [(role["role"], role["built_in"], role["retired"]) for role in told] == [
        *((name, True, False) for name in BUILT_IN),
        ("archivist", False, True),
        ("clerk", False, False),
    ]
    assert told[0]["permissions"] == ["*"]
    archivist = await world.get("/v1/roles/archivist", by="auditor")
    assert (archivist.json(), archivist.headers["ETag"]) == (told[-2], '"2"')
    assert archivist.headers["Annal-Position"] == position
    member = await world.get("/v1/roles/member", by="auditor")
    assert (member.json(), "ETag" in member.headers) == (told[1], False)
    assert problem(await world.get("/v1/roles/nobody", by="auditor")) == (404, "not_found")
    for path in ("/v1/roles", "/v1/roles/clerk"):
        assert problem(await world.get(path)) == (403, "permission_missing")


# ── everything ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_everything_known_of_a_person_is_one_document(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await world.person(display_name="Ada")
    await world.tell("account", "alice", AccountVerified())
    await world.tell("account", "alice", RoleGiven(role="auditor"))
    for n in range(3):
        await world.tell("session", f"s{n}", signed_in(device=person.seal("device", f"Device {n}")))
        await world.tell("apikey", f"k{n}", key_created(secret=digest(f"s{n}")))
        await world.tell("login", "alice", LoginFailed(attempt=ATTEMPT, why="password", failures=n + 1))
        await world.tell("resource", f"own{n}", registered(f"Own {n}"))
        await world.tell("character", f"c{n}", CharacterLoaded(name=f"Own {n}", owner="alice", document={}, files={}))
        await world.tell("conversation", f"t{n}", ConversationOpened(account_id="alice"))
        said = person.seal("message", f"Said {n}")
        heard = MessageReceived(account_id="alice", message_id="m", turn=1, text=said, channel="http")
        kept = MemoryWritten(
            turn=1, account_id="alice", memory_id=f"m{n}", text=person.seal("memory", f"Kept {n}"), scope="person"
        )
        await world.tell("conversation", f"t{n}", heard)
        await world.tell("conversation", f"t{n}", kept)
    await world.tell(
        "character", "theirs", CharacterLoaded(name="Theirs", owner="bob", document={}, files={}), by="bob"
    )
    await world.tell("resource", "own2", ResourceTrashed())
    await world.tell("resource", "theirs", registered("Theirs", owner="bob"), by="bob")
    await world.tell("resource", "theirs", ResourceShared(account="alice", role="viewer"), by="bob")
    await world.tell("resource", "hidden", registered("Hidden", owner="bob"), by="bob")
    await world.tell("totp", "alice", TotpEnrolled(secret=person.seal("totp", "secret")))
    await world.tell("totp", "alice", TotpEnabled(step=7, codes=tuple(digest(f"code {n}") for n in range(10))))
    monkeypatch.setattr(people_known, "AT_ONCE", 2)
    answer = await world.get("/v1/accounts/alice/export")
    told = answer.json()
    assert told["account"] == (await world.get("/v1/accounts/me")).json()
    assert (told["second_factor"]["enabled"], told["second_factor"]["codes_left"]) == (True, 10)
    for name, path in {
        "sessions": "/v1/sessions",
        "keys": "/v1/apikeys",
        "failed_sign_ins": "/v1/logins",
        "history": "/v1/accounts/alice/history",
    }.items():
        assert told[name] == items(await world.get(path))
        assert len(told[name]) == 3
    assert sorted(each["name"] for each in told["resources_owned"]) == ["Own 0", "Own 1", "Own 2"]
    assert told["characters"] == [{"character_id": f"c{n}", "name": f"Own {n}"} for n in range(3)]
    assert sorted(each["conversation_id"] for each in told["conversations"]) == ["t0", "t1", "t2"]
    assert sorted(each["text"] for each in told["turns"]) == ["Said 0", "Said 1", "Said 2"]
    assert sorted(each["text"] for each in told["memories"]) == ["Kept 0", "Kept 1", "Kept 2"]
    assert told["resources_shared"] == [{"resource_id": "theirs", "name": "Theirs"}]
    assert not DIGEST.search(answer.text)
    assert person.seal("totp", "secret") not in answer.text
