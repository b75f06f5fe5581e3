"""What was done to other systems, tried on doors and rights: each test names what happened and to whom."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import jwt
import orjson
import pytest

from schemas.rights import QUERIES
from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, Somebody, felt, played, somebody

pytestmark = pytest.mark.usefixtures("unsuspected")

Door = httpx2.AsyncClient


@pytest.fixture(scope="module")
async def ada(http: Door) -> Somebody:
    return await somebody(http, "Ada")


@pytest.fixture(scope="module")
async def root(http: Door) -> Somebody:
    person = await played(http, "root", "admin")
    await person.ask("kind.define", kind="parcel", json_schema={"type": "object"})
    return person


def parcel(**more: Any) -> dict[str, Any]:
    return {"resource_id": f"parcel-{uuid.uuid4()}", "kind": "parcel", "name": "Parcel", "attributes": {}, **more}


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Somewhere that nobody should come to, and what whoever came said."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


# ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_server_side_request_forgery(ada: Somebody, http: Door) -> None:
    """CVE-2026-4874: no address that callers send is ever asked, as a picture, an issuer or a key."""
    async with listening() as (place, heard):
        await ada.ask("account.change_profile", avatar=f"https://{place}/picture.png")
        assert (await ada.get("/v1/accounts/me")).is_success
        key, url = "a shared secret of thirty-two bytes", f"http://{place}"
        for header, claims in (({"jku": url}, {}), ({"x5u": url, "kid": url}, {}), ({"kid": "1"}, {"iss": url})):
            token = jwt.encode(claims, key, "HS256", header)
            answer = await http.get("/v1/accounts/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
        await ada.ask("kind.define", 422, kind="far", json_schema={"$ref": f"{url}/schema"})
        await asyncio.sleep(0.5)
        assert heard == []


@pytest.mark.parametrize("step", ["..%2f", "..%5c", "%2e%2e/", "../", "%00", "x%00y", ".", "%0d%0aX:%201", "%c0%ae/"])
async def test_path_traversal_by_an_id(ada: Somebody, root: Somebody, step: str) -> None:
    """CVE-2025-48370: an id in a path leads to nothing but what has it."""
    for path in ("/v1/accounts/{}", "/v1/accounts/{}/export", "/v1/resources/{}", "/v1/kinds/{}", "/v1/commands/{}"):
        url = httpx2.URL(f"http://localhost{path.format(f'{step}me')}")
        answer = await ada.door.get(url, headers=root.shown)
        assert answer.status_code in (400, 404), (answer.url, answer.text)
        assert answer.json()["code"] in ("path_invalid", "not_found")


async def test_ids_of_others(ada: Somebody, root: Somebody, http: Door) -> None:
    """To whom a thing is not theirs it is not there, whatever is asked of it."""
    grace = await played(http, "grace", "member")
    mine = parcel()
    written = await ada.ask("resource.register", **mine)
    await ada.ask("apikey.create", name="import", scopes=["resource:read"])
    key = (await felt(lambda: ada.get("/v1/apikeys"), 200)).json()["items"][0]["key_id"]
    session = (await ada.get("/v1/sessions")).json()["items"][0]["session_id"]
    for path in (
        f"/v1/accounts/{ada.account}",
        f"/v1/accounts/{ada.account}/export",
        f"/v1/accounts/{ada.account}/history",
        f"/v1/resources/{mine['resource_id']}",
        f"/v1/resources/{mine['resource_id']}/history",
        f"/v1/commands/{written['command_id']}",
    ):
        assert (await grace.get(path)).status_code == 404, path
    for path in ("/v1/sessions", "/v1/apikeys", "/v1/logins"):
        assert (await grace.get(path, account=ada.account)).status_code == 403
    await grace.ask("session.revoke", 404, session_id=session)
    await grace.ask("apikey.revoke", 404, key_id=key)
    await grace.ask("apikey.reroll", 404, key_id=key)
    await grace.ask("resource.trash", 404, resource_id=mine["resource_id"])
    for command in ("suspend", "close", "erase", "revoke_sessions"):
        await grace.ask(f"account.{command}", 403, account_id=ada.account)
    assert (await root.get(f"/v1/accounts/{ada.account}")).status_code == 200


async def test_range_denial_of_service(ada: Somebody, running: Running) -> None:
    """CVE-2025-62727: a header Range of thousands of parts costs nothing, and means nothing to what is no file."""
    flood = {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(1500))}
    async with httpx2.AsyncClient(base_url=running.url, timeout=20) as client:
        began = time.perf_counter()
        for path in ("/docs/assets/swagger-ui-bundle.js", "/openapi.json", "/.well-known/jwks.json"):
            answer = await client.get(path, headers=flood)
            assert answer.status_code in (200, 206, 400, 416)
        assert time.perf_counter() - began < 5
        mine = await client.get("/v1/accounts/me", headers=flood | ada.shown)
        assert (mine.status_code, mine.json()["account_id"]) == (200, ada.account)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", "application/xml", ""],
)
async def test_what_a_page_can_send_without_asking(ada: Somebody, http: Door, content_type: str) -> None:
    """CVE-2026-42561, CVE-2024-47082: forms of pages, multipart among them, are read by no door that takes JSON."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n' + b"X: y\r\n" * 500 + b"\r\n{}\r\n--x--\r\n"
    for path in ("/v1/commands/resource.register", "/v1/commands/account.open", "/v1/commands", "/v1/sessions"):
        headers = ada.shown | {"Content-Type": content_type}
        assert (await http.post(path, content=body, headers=headers)).status_code == 415
    if "urlencoded" not in content_type:
        assert (await http.post("/v1/token", content=body, headers={"Content-Type": content_type})).status_code == 415


async def test_credentials_that_are_none(ada: Somebody, http: Door) -> None:
    """Twice, of another scheme, garbage or without end: never somebody, and never an error of ours."""
    twice = [("Authorization", f"Bearer {ada.token}"), ("Authorization", "Bearer x")]
    assert (await http.get("/v1/accounts/me", headers=twice)).status_code == 400
    for shown in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {ada.token}",
        ada.token,
        f"Bearer {ada.token} {ada.token}",
        f"Bearer {ada.token},",
        "Bearer \xff\xfe",
        "Bearer " + "." * 2000,
        "Bearer annal_" + "1" * 34,
        "Bearer " + "A" * 9000,
        f"Bearer {ada.token[:-1]}",
        f"Bearer {ada.token}\x00",
    ):
        headers = [(b"authorization", shown.encode("latin-1"))]
        answer = await http.get("/v1/accounts/me", headers=headers)
        assert answer.status_code == 401, (shown[:80], answer.text)
    huge = {"Authorization": "Bearer " + "A" * 17_000}
    assert (await http.get("/v1/accounts/me", headers=huge)).status_code == 431


async def test_headers_that_say_who_asks(ada: Somebody, http: Door) -> None:
    """What proxies say to applications that believe them is not believed here."""
    pretended = dict.fromkeys(
        ("Annal-Actor", "X-Forwarded-User", "X-Remote-User", "Remote-User", "X-User-Id", "X-Auth-Roles"), "root"
    )
    assert (await http.get("/v1/accounts/me", headers=pretended)).status_code == 401
    mine = await http.get("/v1/accounts/me", headers=pretended | ada.shown)
    assert mine.json()["account_id"] == ada.account
    assert (await http.get("/v1/accounts", headers=pretended | ada.shown)).status_code == 403


async def test_mass_assignment(ada: Somebody, http: Door) -> None:
    """No field that a form does not have is taken along."""
    opening = {"address": Somebody(http, "New").address, "password": PASSWORD}
    fields: dict[str, Any] = {"roles": ["admin"], "verified": True, "status": "active", "generation": 9, "profile": {}}
    for name, value in fields.items():
        more = {name: value}
        assert (await http.post("/v1/commands/account.open", json=opening | more)).status_code == 422
        await ada.sign_in(422, **more)
        await ada.ask("account.change_profile", 422, display_name="Ada", **more)
    await ada.ask("resource.register", 422, **parcel(owner="root"))
    await ada.ask("apikey.create", 422, name="import", scopes=["resource:read"], account_id="root")
    forged = {"token": "x", "password": PASSWORD, "account_id": ada.account}
    assert (await http.post("/v1/commands/account.reset_password", json=forged)).status_code == 422


# ── rights ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_scoped_key_beyond_its_scope(ada: Somebody, root: Somebody, http: Door) -> None:
    """CVE-2026-123800: a key does what it is for, and gets no key that does more: no new one and no other's."""
    assert root
    mine = parcel()
    await ada.ask("resource.register", **mine)
    large = await ada.ask("apikey.create", name="large", scopes=["resource:*", "kind:read"])
    small = Somebody(http, "small")
    small.token = (await ada.ask("apikey.create", name="small", scopes=["apikey:own", "resource:read"]))["key"]
    await felt(lambda: small.get("/v1/resources"), 200)
    for command, body in (
        ("apikey.create", {"name": "more", "scopes": ["resource:*"]}),
        ("apikey.create", {"name": "more", "scopes": ["*"]}),
        ("apikey.create", {"name": "more", "scopes": ["resource:read", "account:own"]}),
        ("apikey.reroll", {"key_id": large["key_id"]}),
        ("resource.trash", {"resource_id": mine["resource_id"]}),
        ("resource.register", parcel()),
        ("account.change_profile", {"display_name": "Mallory"}),
        ("account.revoke_sessions", {"account_id": ada.account}),
        ("account.set_password", {"current": PASSWORD, "password": "nine herons under a bridge"}),
        ("totp.enrol", {"password": PASSWORD}),
    ):
        assert (await small.ask(command, 403, **body))["code"] in ("permission_missing", "role_beyond_yours")
    line = orjson.dumps({"type": "resource.trash", "body": {"resource_id": mine["resource_id"]}})
    many = await http.post("/v1/commands", content=line, headers=small.shown | {"Content-Type": "application/x-ndjson"})
    assert many.json()["status"] == 403
    assert (await small.get("/v1/accounts/me")).status_code == 403
    await small.ask("apikey.create", name="less", scopes=["resource:read"])
    assert (await http.get("/v1/resources", headers={"Authorization": f"Bearer {large['key']}"})).status_code == 200


async def test_more_than_one_has_is_given_to_nobody(ada: Somebody, root: Somebody, http: Door) -> None:
    """Who may give roles gives none beyond their own, by whatever way a role or a right is given."""
    role = f"usher-{uuid.uuid4().hex[:8]}"
    may = ["account:give_role", "account:open_service", "account:invite", "role:define", "role:read", "apikey:create"]
    await root.ask("role.define", role=role, permissions=may)
    usher = await played(http, "usher", role)
    await felt(lambda: usher.get("/v1/roles"), 200)
    beyond: list[tuple[str, dict[str, Any]]] = [
        ("account.give_role", {"account_id": ada.account, "role": "admin"}),
        ("account.give_role", {"account_id": "usher", "role": "member"}),
        ("account.open_service", {"name": "import", "roles": ["admin"]}),
        ("account.invite", {"address": Somebody(http, "New").address, "roles": ["admin"]}),
        ("role.define", {"role": f"{role}-more", "permissions": ["*"]}),
        ("role.define", {"role": role, "permissions": ["account:*"]}),
        ("apikey.create", {"name": "import", "scopes": ["resource:read"]}),
    ]
    for command, body in beyond:
        assert (await usher.ask(command, 403, **body))["code"] == "role_beyond_yours"
    lines = b"\n".join(orjson.dumps({"type": command, "body": body}) for command, body in (beyond[0], beyond[4]))
    headers = usher.shown | {"Content-Type": "application/x-ndjson"}
    many = await http.post("/v1/commands", content=lines, headers=headers)
    assert [orjson.loads(line)["status"] for line in many.content.splitlines()] == [403, 403]
    assert (await ada.get("/v1/accounts")).status_code == 403


async def test_a_role_that_is_not_there_yet_is_given_to_nobody(ada: Somebody, root: Somebody, http: Door) -> None:
    """A name given ahead, or one that was retired, would give what is defined under it later."""
    ahead, retired = f"ahead-{uuid.uuid4().hex[:8]}", f"retired-{uuid.uuid4().hex[:8]}"
    give = "/v1/commands/account.give_role"
    await root.ask("role.define", role=retired, permissions=["kind:read"])
    await felt(lambda: root.post(give, {"account_id": ada.account, "role": retired}), 200)
    await root.ask("role.retire", role=retired)
    await felt(lambda: root.post(give, {"account_id": ada.account, "role": retired}), 404)
    for role in (ahead, retired):
        for command, body in (
            ("account.give_role", {"account_id": ada.account, "role": role}),
            ("account.open_service", {"name": "import", "roles": ["service", role]}),
            ("account.invite", {"address": Somebody(http, "New").address, "roles": [role]}),
        ):
            assert (await root.ask(command, 404, **body))["code"] == "role_unknown"


async def test_sessions_and_keys_of_others_in_an_upload(root: Somebody, http: Door) -> None:
    """Who may end them may in an upload as on their own routes, and nobody else may."""
    victim = await somebody(http, "Victim")
    grace = await played(http, "grace", "member")
    key = (await victim.ask("apikey.create", name="import", scopes=["resource:read"]))["key_id"]
    session = (await victim.get("/v1/sessions")).json()["items"][0]["session_id"]
    asked = (("session.revoke", {"session_id": session}), ("apikey.revoke", {"key_id": key}))
    lines = b"\n".join(orjson.dumps({"type": command, "body": body}) for command, body in asked)
    for person, status in ((grace, 404), (root, 200)):
        headers = person.shown | {"Content-Type": "application/x-ndjson", "Prefer": "wait=20"}
        many = await http.post("/v1/commands", content=lines, headers=headers)
        assert [orjson.loads(line)["status"] for line in many.content.splitlines()] == [status] * 2, many.text
    await felt(lambda: victim.get("/v1/accounts/me"), 401)


async def test_a_key_of_anothers_request(ada: Somebody, root: Somebody, http: Door) -> None:
    """Who sends another's Idempotency-Key or ETag is told nothing of what the other asked or has."""
    assert root
    grace = await played(http, "grace", "member")
    mine, key = parcel(), {"Idempotency_Key": uuid.uuid4().hex}
    path = "/v1/commands/resource.register"
    first = (await ada.post(path, mine, **key)).json()
    second = await grace.post(path, mine, **key)
    assert (second.status_code, second.json()["code"]) == (409, "resource_exists")
    assert second.json()["command_id"] != first["command_id"]
    await felt(lambda: grace.get(f"/v1/commands/{first['command_id']}"), 404)
    rename = {"resource_id": mine["resource_id"], "name": "Mine"}
    stolen = await grace.post("/v1/commands/resource.rename", rename, If_Match='"1"')
    assert (stolen.status_code, stolen.json()["code"]) == (404, "resource_unknown")
    unread = await http.get(f"/v1/resources/{mine['resource_id']}", headers=grace.shown | {"If-None-Match": "*"})
    assert unread.status_code == 404


NAMED = {
    "account_id": "root",
    "character_id": "none",
    "kind": "parcel",
    "version": 1,
    "resource_id": "parcel-0",
    "role": "admin",
    "command_id": "none",
    "domain": "resource",
    "subject": "parcel-0",
    "number": 1,
    "conversation_id": "none",
    "turn": 1,
}


# What answers for as long as somebody listens is in test_listening.py.
@pytest.mark.parametrize("path", [path for path in QUERIES if path != "/v1/facts"])
async def test_a_query_takes_the_permission_that_is_said_and_no_other(root: Somebody, http: Door, path: str) -> None:
    right, _ = QUERIES[path]
    assert right.permission is not None
    everything = {each.right.permission or "" for each in QUERIES.values()}
    role = f"reader-{uuid.uuid4().hex[:8]}"
    await root.ask("role.define", role=role, permissions=[right.permission])
    await root.ask("role.define", role=f"{role}-other", permissions=sorted(everything - {right.permission}))
    asked = path.format(**NAMED)
    one, others = [await played(http, role, name) for name in (role, f"{role}-other")]
    query = {"account": "root"} if path in ("/v1/sessions", "/v1/apikeys", "/v1/logins") else {}
    query |= {"wanted": "true"} if path == "/v1/conversations" else {}
    query |= {"field": "/name"} if path.endswith("/changes") else {}
    await felt(lambda: one.get(asked, **query), 200, 404)
    refused = await others.get(asked, **query)
    assert refused.status_code in (403, 404)
    assert refused.json()["code"] in ("permission_missing", "not_found")
