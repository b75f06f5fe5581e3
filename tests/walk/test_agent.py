"""A person's walk with the agent, which is killed in the midst of two turns."""

import asyncio
import json
import signal
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from infra.faults.gather import records
from infra.settings import Settings
from schemas import topics, wire
from schemas.conversation import DOMAIN, AgentReplied
from schemas.journal import Chain, before
from schemas.partition import partition_of
from tests.walk.agents import agents, still
from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, Somebody, felt, somebody
from tests.walk.traces import backup, found

pytestmark = pytest.mark.timeout(600)

ANSWERED_WITHIN = 120.0
"""Seconds; an agent that was killed takes some to come back."""


class Talk:
    """A conversation of somebody with the agent."""

    def __init__(self, person: Somebody) -> None:
        self.person = person
        self.id = str(uuid.uuid4())
        self.turn = 0

    async def open(self) -> "Talk":
        await self.person.ask("conversation.open", conversation_id=self.id)
        return self

    async def say(self, text: str, **more: Any) -> dict[str, Any]:
        """Say something and give the turn once it is answered."""
        await self.person.ask("conversation.say", conversation_id=self.id, text=text, **more)
        self.turn += 1
        return await self.answered()

    async def answered(self) -> dict[str, Any]:
        """Give the newest turn once it is answered."""
        until = time.monotonic() + ANSWERED_WITHIN
        while not (turn := await self.read()).get("replied"):
            assert time.monotonic() < until, f"it is not answered: {turn}"
            await asyncio.sleep(0.05)
        return turn

    async def read(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.person.get(f"/v1/conversations/{self.id}/turns/{self.turn}")).json()
        return found


async def killed_midway(running: Running, talk: Talk) -> None:
    """Kill the agent as soon as it says that it has taken up a turn."""
    heard = asyncio.create_task(_begun(running, talk))
    await asyncio.sleep(0)
    await heard
    found = agents(running)
    assert found, "there is no agent to be killed"
    for process in found:
        process.send_signal(signal.SIGKILL)


async def _begun(running: Running, talk: Talk) -> None:
    async for event in _events(running, talk):
        if event["type"] == "RUN_STARTED":
            return


async def _events(running: Running, talk: Talk) -> AsyncIterator[dict[str, Any]]:
    async with (
        httpx2.AsyncClient(base_url=running.url, timeout=ANSWERED_WITHIN, headers=talk.person.shown) as client,
        client.stream("GET", f"/v1/conversations/{talk.id}/events") as stream,
    ):
        assert stream.status_code == 200
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


@pytest.fixture(scope="module")
async def ada(http: httpx2.AsyncClient) -> Somebody:
    person = await somebody(http, "Ada")
    await person.post(
        "/v1/commands/kind.define",
        {"kind": "invoice", "json_schema": {"type": "object", "properties": {"amount": {"type": "number"}}}},
    )
    return person


async def test_a_person_talks_with_the_agent(running: Running, http: httpx2.AsyncClient, ada: Somebody) -> None:
    bo = await somebody(http, "Bo")
    talk = await Talk(ada).open()

    # A resource is made, though the agent is killed in the midst of it.
    killing = asyncio.create_task(killed_midway(running, talk))
    await asyncio.sleep(0.5)
    made = await talk.say("please register a new invoice called Rossi with amount 1200")
    await killing
    (receipt,) = made["receipts"]
    assert (receipt["type"], receipt["status"]) == ("resource.register", "accepted")
    resource = f"/v1/resources/{receipt['subject']}"
    read = (await ada.get(resource, **{"min-position": receipt["position"]})).json()
    assert (read["name"], read["attributes"], read["version"]) == ("Rossi", {"amount": 1200}, 1)

    # Its name is corrected.
    corrected = await talk.say("no, call it Rossi & Sons")
    (receipt,) = corrected["receipts"]
    assert (receipt["type"], receipt["status"]) == ("resource.rename", "accepted")

    # It is shared after confirming, and the agent is killed in the midst of that.
    proposed = await talk.say(f"share it with {bo.account} as editor")
    assert not proposed["posted"]
    assert proposed["proposal"]["body"] == {"resource_id": receipt["subject"], "account": bo.account, "role": "editor"}
    assert (await bo.get(resource)).status_code == 404
    killing = asyncio.create_task(killed_midway(running, talk))
    await asyncio.sleep(0.5)
    shared = await talk.say("yes")
    await killing
    (receipt,) = shared["receipts"]
    assert (receipt["type"], receipt["status"]) == ("resource.share", "accepted")
    known = {"min-position": receipt["position"]}
    assert (await bo.get(resource, **known)).json()["name"] == "Rossi & Sons"

    # Each was done once.
    history = (await ada.get(f"{resource}/history", **known)).json()["items"]
    assert [each["type"] for each in history] == ["resource.shared", "resource.renamed", "resource.registered"]
    said = (await ada.get(f"/v1/conversations/{talk.id}/turns")).json()["items"]
    assert [each["causation_id"] for each in history] == [said[0]["fact_id"], said[2]["fact_id"], said[3]["fact_id"]]
    assert await _replies(running, talk) == [1, 2, 3, 4]

    # Who changed it is answered with the position of the fact that says so.
    asked = await talk.say("who changed its name?")
    assert asked["reply"].startswith("You changed the name")
    assert asked["citations"] == [{"kind": "fact", "id": read["resource_id"], "place": history[1]["position"]}]
    assert "Rossi to Rossi & Sons" in asked["reply"]


async def test_what_may_not_be_done_is_refused_with_the_reason(http: httpx2.AsyncClient, ada: Somebody) -> None:
    name = f"report-{uuid.uuid4().hex[:8]}"
    await ada.ask("resource.register", resource_id=name, kind="invoice", name="Report", attributes={})
    bo = await somebody(http, "Bo")
    shared = await ada.ask("resource.share", resource_id=name, account=bo.account, role="viewer")
    await bo.get(f"/v1/resources/{name}", **{"min-position": shared["position"]})
    talk = await Talk(bo).open()
    # The door decides: a viewer may not rename.
    refused = await talk.say(f"rename {name} to Mine")
    (receipt,) = refused["receipts"]
    assert receipt["status"] == "rejected"
    assert refused["reply"].startswith("That was not done:")
    # What takes a permission is not even offered.
    forbidden = await talk.say("suspend the account of somebody")
    assert not forbidden["posted"]
    assert "account:suspend" in forbidden["reply"]
    assert (await ada.get(f"/v1/resources/{name}")).json()["name"] == "Report"


@pytest.mark.parametrize("shown", ["session", "key"])
async def test_who_is_not_let_in_any_more_has_nothing_done(
    running: Running, http: httpx2.AsyncClient, shown: str
) -> None:
    """What was agreed to in time is not done either, if the agent comes to it after the session or key has ended."""
    person = await somebody(http, "Dana")
    name = f"report-{uuid.uuid4().hex[:8]}"
    await person.ask("resource.register", resource_id=name, kind="invoice", name="Report", attributes={})
    session = person.token
    made = await person.ask("apikey.create", name="talk", scopes=["conversation:own", "resource:*", "account:own"])
    if shown == "key":
        person.token = made["key"]
        await felt(lambda: person.get("/v1/accounts/me"), 200)
    talk = await Talk(person).open()
    proposed = await talk.say(f"put {name} in the trash")
    assert proposed["proposal"]["action"] == "resource.trash"
    with still(running):
        await person.ask("conversation.say", conversation_id=talk.id, text="yes")
        talk.turn += 1
        person.token = session
        if shown == "key":
            await person.ask("apikey.revoke", key_id=made["key_id"])
        else:
            assert (await person.post("/v1/sessions/leave", {})).status_code == 204
            await felt(lambda: person.get("/v1/accounts/me"), 401)
            await person.sign_in()
    answered = await talk.answered()
    assert (answered["posted"], answered["receipts"], answered["consent"]) == ([], [], None)
    assert "say it again" in answered["reply"]
    assert not (await person.get(f"/v1/resources/{name}")).json()["trashed"]


async def test_a_conversation_is_its_persons_alone(http: httpx2.AsyncClient, ada: Somebody) -> None:
    talk = await Talk(ada).open()
    await talk.say("hello")
    eve = await somebody(http, "Eve")
    for path in ("", "/turns", "/turns/1", "/events"):
        assert (await eve.get(f"/v1/conversations/{talk.id}{path}")).status_code == 404
    await eve.ask("conversation.say", 404, conversation_id=talk.id, text="hello")
    assert (await eve.get("/v1/conversations")).json()["items"] == []


async def test_who_wants_to_be_forgotten_is(stack: Settings, running: Running, http: httpx2.AsyncClient) -> None:
    person = await somebody(http, "Carol")
    talk = await Talk(person).open()
    secret = f"the lighthouse of {uuid.uuid4().hex}"
    remembered = await talk.say(f"remember that I live in {secret}")
    assert secret in remembered["reply"]
    told = await talk.say("what do you know about me?")
    assert secret in told["reply"]
    kept = await asyncio.to_thread(backup, stack)
    proposed = await talk.say("forget me")
    assert proposed["proposal"]["action"] == "account.erase"
    assert proposed["proposal"]["body"] == {"account_id": person.account}
    await person.ask("conversation.say", conversation_id=talk.id, text="yes")
    await felt(lambda: http.post("/v1/sessions", json={"address": person.address, "password": PASSWORD}), 401)
    assert await _replies(running, talk, at_least=4) == [1, 2, 3, 4]
    assert await asyncio.to_thread(found, stack, running, kept, secret) == []


async def _replies(running: Running, talk: Talk, at_least: int = 0) -> list[int]:
    """Give the turns that were answered, as the journal has them: each once."""
    partition = partition_of(talk.id.encode(), DOMAIN.partitions)
    until = time.monotonic() + ANSWERED_WITHIN
    while True:
        chain, turns = Chain(), []
        for record in await records(running.settings, topics.facts(DOMAIN.name), partition):
            if chain.take(before(record.headers), record.key, record.value):
                recorded = wire.decode_fact(record.value)
                if isinstance(recorded.fact, AgentReplied) and recorded.meta.subject == talk.id:
                    turns.append(recorded.fact.turn)
        if len(turns) >= at_least or time.monotonic() > until:
            return turns
        await asyncio.sleep(0.2)
