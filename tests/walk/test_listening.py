"""Listeners over HTTP: they hear what happens, go on after a cut, and hear no more when they lose a right."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.embedded.process import Child
from infra.ports import choose
from infra.ready import ready
from tests.walk.conftest import Running
from tests.walk.somebody import Somebody, played, somebody

PATIENCE = 20


class Stream:
    """Server-sent events as they come, each an id, a name and what JSON says."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.last = ""
        self._lines = answer.aiter_lines()

    async def next(self, *names: str) -> dict[str, Any]:
        """Give the next event, or the next of these names."""
        async with asyncio.timeout(PATIENCE):
            event: dict[str, Any] = {}
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                elif "data" in event:
                    self.last = event["id"]
                    if not names or event["event"] in names:
                        return event | {"data": orjson.loads(event["data"])}
                    event = {}
        raise AssertionError("the stream ended")


@contextlib.asynccontextmanager
async def listening(person: Somebody, running: Running, last: str = "", **query: Any) -> AsyncIterator[Stream]:
    headers = person.shown | ({"Last-Event-ID": last} if last else {})
    async with (
        httpx2.AsyncClient(base_url=running.url, timeout=60) as client,
        client.stream("GET", "/v1/facts", params=query, headers=headers) as answer,
    ):
        if answer.status_code != 200:
            await answer.aread()
        assert answer.status_code == 200, answer.text
        stream = Stream(answer)
        yield stream


@pytest.fixture
async def door(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=running.url, timeout=60) as client:
        yield client


async def kind(person: Somebody) -> str:
    name = f"k{uuid4().hex[:12]}"
    await person.ask("kind.define", kind=name, json_schema={"type": "object"})
    return name


async def register(person: Somebody, of: str, resource_id: str = "") -> str:
    resource_id = resource_id or f"r{uuid4().hex[:12]}"
    await person.ask("resource.register", resource_id=resource_id, kind=of, name="One", attributes={})
    return resource_id


async def test_what_happens_is_heard_in_order_and_a_cut_loses_nothing(
    door: httpx2.AsyncClient, running: Running
) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    of = await kind(alice)
    async with listening(alice, running, domain="resource") as stream:
        began = await stream.next()
        assert began["event"] == "reached"
        mine = await register(alice, of)
        heard = await stream.next("resource.registered")
        assert heard["data"]["subject"] == mine
        assert heard["data"]["version"] == 1
        assert heard["data"]["data"]["name"] == "One"
        assert "address" not in heard["data"]["actor"]
        assert heard["data"]["position"] in heard["id"].split(",")
    for name in ("Two", "Three"):
        await alice.ask("resource.rename", resource_id=mine, name=name)
    async with listening(alice, running, heard["id"], domain="resource") as stream:
        told = [(await stream.next("resource.renamed"))["data"]["data"]["name"] for _ in range(2)]
    assert told == ["Two", "Three"]


async def test_filters_are_kept_and_the_past_is_heard_from_a_position_on(
    door: httpx2.AsyncClient, running: Running
) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    of = await kind(alice)
    mine, other = await register(alice, of), await register(alice, of)
    first = await alice.ask("resource.rename", resource_id=mine, name="Two")
    await alice.ask("resource.rename", resource_id=other, name="Else")
    await alice.ask("resource.tag", resource_id=mine, tags=["x"])
    async with listening(alice, running, subject=mine, since=first["position"]) as stream:
        assert (await stream.next("resource.tagged"))["data"]["data"] == {"tags": ["x"]}
    async with listening(alice, running, subject=mine, since="beginning") as stream:
        types = [(await stream.next())["event"] for _ in range(4)]
    assert types == ["reached", "resource.registered", "resource.renamed", "resource.tagged"]
    async with listening(alice, running, type="resource.renamed", actor=alice.account, since="beginning") as stream:
        names = {(await stream.next("resource.renamed"))["data"]["data"]["name"] for _ in range(2)}
    # They stand in two journals, between which there is no order.
    assert names == {"Two", "Else"}


async def test_since_a_moment_holds_after_every_cut(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    mine = await register(alice, await kind(alice))
    for name in ("Two", "Three"):
        await alice.ask("resource.rename", resource_id=mine, name=name)
    async with listening(alice, running, subject=mine, since="beginning") as stream:
        moment = (await stream.next("resource.renamed"))["data"]["time"]
    since, heard = partial(listening, alice, running, subject=mine, since=moment), []
    async with since() as stream:
        last = (await stream.next("reached"))["id"]
    for _ in range(2):
        async with since(last) as stream:
            event = await stream.next("resource.registered", "resource.renamed")
            last = event["id"]
            heard.append(event["data"]["data"]["name"])
    assert heard == ["Two", "Three"]


async def test_nobody_hears_of_what_they_may_not_read_and_of_the_past_only_what_they_may_now(
    door: httpx2.AsyncClient, running: Running
) -> None:
    alice, bob = [await played(door, f"{name}{uuid4().hex[:8]}", "member") for name in ("alice", "bob")]
    of = await kind(alice)
    hers, shared = await register(alice, of), await register(alice, of)
    async with listening(bob, running, domain="resource") as stream:
        await stream.next("reached")
        await alice.ask("resource.share", resource_id=shared, account=bob.account, role="viewer")
        await alice.ask("resource.rename", resource_id=hers, name="Hidden")
        await alice.ask("resource.rename", resource_id=shared, name="Seen")
        assert (await stream.next("resource.shared"))["data"]["subject"] == shared
        assert (await stream.next())["data"]["data"] == {"name": "Seen"}
        await alice.ask("resource.unshare", resource_id=shared, account=bob.account)
        await alice.ask("resource.rename", resource_id=shared, name="Hidden too")
        his = await register(bob, of)
        assert (await stream.next())["data"]["subject"] == his
    async with listening(bob, running, subject=[shared, hers, his], since="beginning") as stream:
        await stream.next("reached")
        assert (await stream.next())["data"]["subject"] == his


async def test_who_audits_hears_all_and_what_was_refused_when_asked(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    ada = await played(door, f"ada{uuid4().hex[:8]}", "auditor")
    async with listening(ada, running, type="command.rejected", domain="resource") as stream:
        await stream.next("reached")
        await alice.post("/v1/commands/resource.rename", {"resource_id": f"r{uuid4().hex}", "name": "x"})
        heard = (await stream.next("command.rejected"))["data"]
        assert heard["data"]["code"] == "resource_unknown"
        assert heard["actor"]["address"]
    async with listening(ada, running, type="audit.reading_noted", subject=ada.account, since="beginning") as stream:
        noted = (await stream.next("audit.reading_noted"))["data"]
    assert noted["actor"]["id"] == ada.account
    assert noted["data"]["path"] == "/v1/facts"
    assert noted["data"]["asked"] == {"type": ["command.rejected"], "domain": ["resource"]}


async def test_a_session_that_ends_ends_its_listeners(
    http: httpx2.AsyncClient, door: httpx2.AsyncClient, running: Running, unsuspected: None
) -> None:
    assert unsuspected is None
    person = await somebody(http, "Listener")
    async with listening(person, running) as stream:
        await stream.next("reached")
        await person.ask("account.revoke_sessions", account_id=person.account)
        told = await stream.next("ended")
        assert told["data"]["code"] == "session_ended"
        assert told["id"] == stream.last
    answer = await door.get("/v1/facts", headers=person.shown)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("query", "status", "code", "says"),
    [
        ({"domain": "nothing"}, 422, "domain_unknown", "resource"),
        ({"type": "resource.vanished"}, 422, "fact_type_unknown", "resource.renamed"),
        ({"domain": "session"}, 403, "permission_missing", "audit:read"),
        ({"type": "session.opened"}, 403, "permission_missing", "audit:read"),
        ({"type": "command.rejected"}, 403, "permission_missing", "audit:read"),
        ({"since": "resource:0:999999999"}, 400, "position_beyond_end", "the last is"),
        ({"since": "resource:99:1"}, 400, "position_invalid", "resource:99:1"),
        ({"since": "elsewhere:0:1"}, 400, "position_invalid", "elsewhere"),
        ({"since": "resource:0:-1"}, 400, "moment_invalid", "moment"),
        ({"since": "2999-01-01T00:00:00Z"}, 400, "moment_in_future", "2999"),
        ({"since": "yesterday"}, 400, "moment_invalid", "yesterday"),
        ({"sinse": "now"}, 422, "query_invalid", "since"),
        ({"subject": ""}, 422, "query_invalid", "subject"),
    ],
)
async def test_what_is_wrong_is_told_before_anything_is_heard(
    door: httpx2.AsyncClient, query: dict[str, str], status: int, code: str, says: str
) -> None:
    alice = await played(door, "alice", "member")
    answer = await door.get("/v1/facts", params=query, headers=alice.shown)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert says in problem["detail"]
    assert problem["detail"].endswith(".")


async def test_who_may_not_listen_is_told_so(door: httpx2.AsyncClient) -> None:
    nobody = await played(door, f"nobody{uuid4().hex[:8]}", "clerk-of-nothing")
    assert (await door.get("/v1/facts", headers=nobody.shown)).json()["code"] == "permission_missing"
    assert (await door.get("/v1/facts")).json()["code"] == "credentials_missing"


async def test_who_connects_again_and_again_is_told_to_wait(door: httpx2.AsyncClient) -> None:
    hasty = await played(door, f"hasty{uuid4().hex[:8]}", "member")
    answers = [await door.get("/v1/facts?domain=nothing", headers=hasty.shown) for _ in range(80)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) > 10
    assert int(refused[-1].headers["Retry-After"]) >= 1


def socket_url(running: Running, query: str) -> str:
    return running.url.replace("http://", "ws://") + "/v1/facts" + query


async def next_of(socket: ClientConnection, *names: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            event: dict[str, Any] = orjson.loads(await socket.recv())
            if event["event"] in names:
                return event


async def flood(socket: ClientConnection) -> None:
    for _ in range(2000):
        await socket.ping(uuid4().bytes * 6)
    await next_of(socket, "nothing")


async def test_a_websocket_hears_the_same(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    of = await kind(alice)
    async with connect(socket_url(running, "?domain=resource"), additional_headers=alice.shown) as socket:
        await next_of(socket, "reached")
        mine = await register(alice, of)
        heard = await next_of(socket, "resource.registered")
        assert heard["data"]["subject"] == mine
    await alice.ask("resource.rename", resource_id=mine, name="Two")
    protocols = [websockets.Subprotocol(each) for each in ("annal.facts", f"annal.bearer.{alice.token}")]
    url = socket_url(running, f"?domain=resource&last-event-id={heard['id']}")
    async with connect(url, subprotocols=protocols) as socket:
        assert socket.subprotocol == "annal.facts"
        assert (await next_of(socket, "resource.renamed"))["data"]["data"] == {"name": "Two"}


async def test_a_websocket_passes_the_same_door(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    for query, headers, status, code in (
        ("", {}, 401, "credentials_missing"),
        ("?domain=session", alice.shown, 403, "permission_missing"),
        ("", {**alice.shown, "Origin": "https://evil.example"}, 403, "origin_forbidden"),
        ("?since=resource:0:999999999", alice.shown, 400, "position_beyond_end"),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(socket_url(running, query), additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert orjson.loads(refused.value.response.body)["code"] == code


async def test_a_websocket_that_speaks_or_floods_is_closed(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    async with connect(socket_url(running, "?domain=kind"), additional_headers=alice.shown) as socket:
        await next_of(socket, "reached")
        await socket.send("hello")
        with pytest.raises(ConnectionClosed) as closed:
            await next_of(socket, "nothing")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    async with connect(socket_url(running, "?domain=kind"), additional_headers=alice.shown) as socket:
        await next_of(socket, "reached")
        with pytest.raises(ConnectionClosed):
            await flood(socket)


async def test_the_list_of_who_listens_says_how_far_they_are(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    ada = await played(door, f"ada{uuid4().hex[:8]}", "auditor")
    of = await kind(alice)
    async with listening(alice, running, domain="resource", type="resource.registered") as stream:
        await register(alice, of)
        heard = await stream.next("resource.registered")
        told = (await ada.get("/v1/subscribers")).json()
    (one,) = [each for each in told["listeners"] if each["account"] == alice.account]
    assert one["filter"] == {"domain": ["resource"], "type": ["resource.registered"]}
    assert (one["how"], one["delivered"], one["position"]) == ("sse", 1, heard["id"])
    assert one["catching_up"] is False
    assert (await alice.get("/v1/subscribers")).status_code == 403
    assert "annal_listeners_delivered_total" in (await door.get("/metrics")).text


async def test_a_stream_answers_with_what_browsers_and_proxies_need(door: httpx2.AsyncClient, running: Running) -> None:
    alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
    async with listening(alice, running) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.answer.headers["x-content-type-options"] == "nosniff"


async def test_a_door_that_is_told_to_stop_tells_its_listeners_and_stops(running: Running, tmp_path: Path) -> None:
    (port,) = choose(tmp_path, {"api": None}).values()
    settings = running.settings.model_copy(update={"port": port})
    second = Running(f"http://127.0.0.1:{port}", settings, "")
    with contextlib.ExitStack() as ending:
        api = Child("second", [sys.executable, "-m", "infra.cli", "api"], tmp_path, settings.environment())
        api.start()
        ending.callback(api.stop)
        await asyncio.to_thread(api.wait_ready, partial(ready, settings))
        async with httpx2.AsyncClient(base_url=second.url, timeout=60) as door:
            alice = await played(door, f"alice{uuid4().hex[:8]}", "member")
        assert api.process is not None
        async with listening(alice, second) as stream:
            await stream.next("reached")
            api.process.terminate()
            assert (await stream.next("ended"))["data"]["code"] == "door_closing"
        assert await asyncio.to_thread(api.process.wait, 15) in (0, -signal.SIGTERM)
