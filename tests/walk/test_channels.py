"""People talk with the agent as they like: with a client of AG-UI, over a WebSocket, or by a webhook."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import httpx2
import orjson
import pytest
import websockets
from ag_ui.core import Event
from pydantic import TypeAdapter
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from agent.channels import ENDS
from infra.agent.chat import _exchange
from tests.walk.conftest import Running
from tests.walk.somebody import Somebody, felt, played, somebody

ANSWERED_WITHIN = 90

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)

Events = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
async def ada(http: httpx2.AsyncClient) -> Somebody:
    person = await played(http, f"ada-{uuid.uuid4().hex[:8]}", "member")
    await person.ask("kind.define", kind="crate", json_schema={"type": "object"})
    return person


@pytest.fixture
async def talk(ada: Somebody) -> str:
    id_ = str(uuid.uuid4())
    await ada.ask("conversation.open", conversation_id=id_)
    return id_


def of_user(text: str) -> list[dict[str, str]]:
    return [{"id": uuid.uuid4().hex, "role": "user", "content": text}]


async def run(running: Running, person: Somebody, talk: str, **sent: Any) -> Events:
    """Run as a client of AG-UI does, and give the events, each of which is one of the protocol's."""
    body = {"threadId": talk, "runId": str(uuid.uuid4()), "messages": [], **sent}
    async with (
        httpx2.AsyncClient(base_url=running.url, timeout=ANSWERED_WITHIN, headers=person.shown) as door,
        door.stream("POST", f"/v1/conversations/{talk}/runs", json=body) as answer,
    ):
        assert answer.status_code == 200, (await answer.aread()).decode()
        events = [orjson.loads(line[6:]) async for line in answer.aiter_lines() if line.startswith("data: ")]
    for event in events:
        EVENTS.validate_python(event)
    assert {event["runId"] for event in events if "runId" in event} == {body["runId"]}
    assert (events[0]["type"], events[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
    return events


async def said(person: Somebody, talk: str) -> list[tuple[str, str]]:
    """Give what was said, and on which channel, once its read model knows: who only hears is told no position."""
    async with asyncio.timeout(ANSWERED_WITHIN):
        while not (turns := (await person.get(f"/v1/conversations/{talk}/turns")).json()["items"]):  # noqa: ASYNC110 - the read model is of another process
            await asyncio.sleep(0.02)
    return [(turn["text"], turn["channel"]) for turn in turns]


def text(events: Events) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")


# ── AG-UI ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_run_is_answered_once_however_often_it_is_asked(running: Running, ada: Somebody, talk: str) -> None:
    sent = {"runId": str(uuid.uuid4()), "messages": of_user("hello")}
    first, again = [await run(running, ada, talk, **sent) for _ in range(2)]
    assert text(first) == text(again) != ""
    assert await said(ada, talk) == [("hello", "http")]


async def test_what_must_be_confirmed_interrupts_and_is_done_when_it_is(
    running: Running, ada: Somebody, talk: str
) -> None:
    crate = f"invoice-{uuid.uuid4().int % 100_000}"
    await ada.ask("resource.register", resource_id=crate, kind="crate", name="Crate of pears", attributes={})
    asked = await run(running, ada, talk, messages=of_user(f"trash {crate}"))
    (interrupt,) = asked[-1]["outcome"]["interrupts"]
    answer = {"interruptId": interrupt["id"], "status": "resolved"}
    forged = {"approved": True, "digest": "0" * 64}
    body = {"threadId": talk, "runId": "forged", "messages": [], "resume": [answer | {"payload": forged}]}
    refused = await ada.post(f"/v1/conversations/{talk}/runs", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_changed")

    agreed = {"approved": True, "digest": interrupt["metadata"]["digest"]}
    done = await run(running, ada, talk, resume=[answer | {"payload": agreed}])
    (result,) = [orjson.loads(event["content"]) for event in done if event["type"] == "TOOL_CALL_RESULT"]
    assert (result["type"], result["subject"], result["status"]) == ("resource.trash", crate, "accepted")
    assert done[-1]["outcome"] == {"type": "success"}
    trashed = await ada.get(f"/v1/resources/{crate}", **{"min-position": result["position"]})
    assert trashed.json()["trashed"] is True


async def test_an_interrupt_that_is_given_up_changes_nothing(running: Running, ada: Somebody, talk: str) -> None:
    crate = f"invoice-{uuid.uuid4().int % 100_000}"
    await ada.ask("resource.register", resource_id=crate, kind="crate", name="Crate of figs", attributes={})
    asked = await run(running, ada, talk, messages=of_user(f"trash {crate}"))
    (interrupt,) = asked[-1]["outcome"]["interrupts"]
    left = {"interruptId": interrupt["id"], "status": "cancelled", "metadata": interrupt["metadata"]}
    done = await run(running, ada, talk, resume=[left])
    assert not [event for event in done if event["type"] == "TOOL_CALL_RESULT"]
    assert (await ada.get(f"/v1/resources/{crate}")).json()["trashed"] is False


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"threadId": "another"}, "body_invalid"),
        ({"runId": "with a blank"}, "body_invalid"),
        ({"messages": []}, "body_invalid"),
        ({"messages": [{"id": "1", "role": "assistant", "content": "hello"}]}, "body_invalid"),
        ({"resume": [{"interruptId": "x", "status": "resolved", "payload": True}]}, "body_invalid"),
        ({"resume": [{"interruptId": "x", "status": "resolved", "payload": {"approved": True}}]}, "body_invalid"),
        ({"forwardedProps": {"channel": "pigeon"}}, "body_invalid"),
    ],
)
async def test_a_run_that_says_nothing_is_refused(ada: Somebody, talk: str, wrong: dict[str, Any], code: str) -> None:
    body = {"threadId": talk, "runId": "one", "messages": of_user("hello"), **wrong}
    answer = await ada.post(f"/v1/conversations/{talk}/runs", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_nobody_talks_in_the_conversation_of_another(http: httpx2.AsyncClient, ada: Somebody, talk: str) -> None:
    bo = await played(http, f"bo-{uuid.uuid4().hex[:8]}", "member")
    body = {"threadId": talk, "runId": "one", "messages": of_user("hello")}
    refused = await bo.post(f"/v1/conversations/{talk}/runs", body)
    assert (refused.status_code, refused.json()["code"]) == (404, "conversation_unknown")
    assert (await bo.get(f"/v1/conversations/{talk}/events")).status_code == 404
    assert (await ada.get(f"/v1/conversations/{talk}/turns")).json()["items"] == []


async def test_who_is_taken_over_from_is_told_at_once(
    running: Running, http: httpx2.AsyncClient, ada: Somebody, talk: str
) -> None:
    root = await played(http, "root", "admin")
    await root.ask("conversation.take_over", conversation_id=talk)
    events = await run(running, ada, talk, messages=of_user("is somebody there?"))
    assert [(event["name"], event["value"]) for event in events if event["type"] == "CUSTOM"] == [
        ("taken_over", {"by": "root"})
    ]


# ── WebSocket ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def socket(running: Running, talk: str, **more: Any) -> AsyncIterator[ClientConnection]:
    url = running.url.replace("http://", "ws://") + f"/v1/conversations/{talk}/socket"
    async with connect(url, **more) as opened:
        yield opened


async def told(opened: ClientConnection) -> Events:
    """Give the events up to the end of a run."""
    events: list[Mapping[str, Any]] = []
    async with asyncio.timeout(ANSWERED_WITHIN):
        while not events or events[-1]["type"] not in ENDS:
            events.append(orjson.loads(await opened.recv()))
    return events


async def test_a_socket_says_and_hears(running: Running, ada: Somebody, talk: str) -> None:
    protocols = [websockets.Subprotocol(each) for each in ("annal.conversation", f"annal.bearer.{ada.token}")]
    async with socket(running, talk, subprotocols=protocols) as opened:
        assert opened.subprotocol == "annal.conversation"
        await opened.send("hello")
        (wrong,) = await told(opened)
        assert wrong["code"] == "body_invalid"
        for _ in range(2):  # with one key it is one message
            await opened.send('{"say": "hello", "key": "one"}')
        events = await told(opened)
    assert text(events)
    assert await said(ada, talk) == [("hello", "websocket")]


async def test_a_socket_passes_the_same_door(
    running: Running, http: httpx2.AsyncClient, ada: Somebody, talk: str
) -> None:
    bo = await played(http, f"bo-{uuid.uuid4().hex[:8]}", "member")
    for headers, status, code in (
        ({}, 401, "credentials_missing"),
        (bo.shown, 404, "not_found"),
        ({**ada.shown, "Origin": "https://evil.example"}, 403, "origin_forbidden"),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(running, talk, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert orjson.loads(refused.value.response.body)["code"] == code


# ── terminal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_terminal_shows_the_answer(running: Running, ada: Somebody, talk: str) -> None:
    shown = StringIO()
    await _exchange(running.url, ada.token, talk, "hello", Console(file=shown, width=80))
    assert "Eliza" in shown.getvalue()
    assert await said(ada, talk) == [("hello", "cli")]


# ── webhook ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_webhook_says_it_with_a_key(http: httpx2.AsyncClient) -> None:
    cy = await somebody(http, "Cy")
    made = await cy.ask("apikey.create", name="forwarder", scopes=["conversation:own"])
    talk = str(uuid.uuid4())
    hook = Somebody(http, "hook")
    hook.token = made["key"]
    await felt(lambda: hook.get("/v1/conversations"), 200)
    await hook.ask("conversation.open", conversation_id=talk)
    said = {"conversation_id": talk, "text": "hello", "channel": "webhook"}
    for _ in range(2):
        answer = await hook.post("/v1/commands/conversation.say", said, Idempotency_Key="delivery-1")
        assert answer.status_code == 200
    known = {"min-position": answer.json()["position"]}
    turns = (await cy.get(f"/v1/conversations/{talk}/turns", **known)).json()["items"]
    assert [(turn["text"], turn["channel"]) for turn in turns] == [("hello", "webhook")]
