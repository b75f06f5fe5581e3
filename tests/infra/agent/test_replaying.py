"""Old turns are decided anew from what the log and the past say, and nothing is ever asked of a door but to read."""

from collections.abc import AsyncIterator
from functools import cache
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.actions.action import Action
from agent.comparing import differences, otherwise, then
from agent.model.asking import Endpoint as Client
from agent.model.budget import Budget
from agent.model.listening import Listening
from agent.promoting import Log
from agent.understanding.classifier import Classifier, Ranking, Scored
from infra.agent import endpoint
from infra.agent.endpoint import Endpoint, says
from infra.agent.options import Door
from infra.agent.replaying import KEY, Replaying
from infra.auth.vault import Person
from tests.agent.actions.catalogue import everything
from tests.agent.test_promoting import TAGGED

OUTCOME = {
    "command_id": "t",
    "status": "accepted",
    "type": "resource.tag",
    "facts": ["resource.tagged"],
    "reason": None,
}
SEVEN = {"resource_id": "invoice-7", "name": "Rossi", "kind": "invoice", "position": "resource:6:3", "version": 1}
ROW = TAGGED | {
    "conversation_id": "c",
    "fact_id": "5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11",
    "channel": "http",
    "tokens": 0,
    "cost": 0,
    "calls": [],
    "consent": None,
    "position": "conversation:3:9",
    "slots": [*TAGGED["slots"], {"name": "tags", "value": '["late"]', "before": None}],
}


class Sure:
    """Takes every message for one thing."""

    def __init__(self, intent: str) -> None:
        self._intent = intent

    def rank(self, text: str) -> Ranking:
        assert text, "what a message is like is asked of its own words"
        return Ranking((Scored(self._intent, 1.0),), in_scope=True, model="sure/1")


@pytest.fixture
async def reads() -> AsyncIterator[tuple[Door, list[tuple[str, str]]]]:
    """A door that knows one resource, and what it was asked."""
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path_qs))
        items = [SEVEN] if request.path == "/v1/resources" else []
        return web.json_response({"items": items, "next": None, "spent": {"tokens": 0, "cost": 0}})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield Door(str(server.make_url("")).rstrip("/"), "token"), asked


@cache
def _actions() -> tuple[Action, ...]:
    return tuple(everything().values())


def replaying(door: Door, intent: str, row: dict[str, Any], model: Listening | None = None) -> Replaying:
    nobody: dict[str, Any] = {"character": None, "character_version": None}
    conversation = {"conversation_id": "c", "account_id": "a-1", "version": 9, **nobody}
    log = Log(conversation, [row], [], {"t": OUTCOME}, {}, [])
    return Replaying(door, log, _actions(), cast("Classifier", Sure(intent)), Person("a-1", KEY), model)


Reads = tuple[Door, list[tuple[str, str]]]


async def test_a_turn_that_is_understood_as_before_comes_to_the_same(reads: Reads) -> None:
    door, asked = reads
    assert differences(then(ROW), await replaying(door, "resource.tag", ROW).decide(ROW)) == []
    assert {method for method, _ in asked} == {"GET"}


async def test_what_is_seen_is_read_as_of_the_message(reads: Reads) -> None:
    door, asked = reads
    await replaying(door, "resource.tag", ROW).decide(ROW)
    assert ("GET", "/v1/resources?as_of=2026-11-27T09%3A30%3A30.000000Z&limit=200") in [
        (method, path.replace(":", "%3A")) for method, path in asked
    ]


async def test_a_command_that_the_turn_never_asked_is_not_asked_now(reads: Reads) -> None:
    door, asked = reads
    now = await replaying(door, "resource.untag", ROW | {"text": "untag invoice-7 late"}).decide(
        ROW | {"text": "remove the tag late from invoice-7"}
    )
    assert now.intent == "resource.untag"
    assert now.stopped == 'asks resource.untag {"resource_id":"invoice-7","tags":["late"]}, which this turn never asked'
    assert {method for method, _ in asked} == {"GET"}
    assert ("intent", "resource.tag", "resource.untag") in differences(then(ROW), now)


async def test_documents_are_not_on_record_and_stop_a_turn(reads: Reads) -> None:
    now = await replaying(reads[0], "knowledge.ask", ROW).decide(ROW | {"text": "how do I replay?"})
    assert now.stopped.startswith("looks something up in documents")


async def test_what_is_proposed_waits_for_the_next_message(reads: Reads) -> None:
    again = replaying(reads[0], "resource.trash", ROW)
    now = await again.decide(ROW | {"text": "delete invoice-7"})
    assert now.proposed == ["resource.trash", {"resource_id": "invoice-7"}]
    told = await again.decide(ROW | {"turn": 2, "answered": 1, "text": "no, leave it"})
    assert (told.intent, told.text) == ("talk.deny", "All right, I leave it as it is.")


# ── with another model ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def model() -> AsyncIterator[tuple[Listening, Endpoint]]:
    """A model that helps, and the endpoint where a test says what it says."""
    async with endpoint.running() as served:
        client = Client(served.url, "other", "")
        yield Listening(client, 2.0, Budget(price_in=1_000)), served
        await client.close()


Model = tuple[Listening, Endpoint]
BEFORE = ROW | {"tokens": 900, "cost": 90, "calls": [{"call": 1, "answer": '{"move": "cancel"}', "failure": None}]}


async def test_a_model_is_asked_anew_and_what_it_read_and_cost_is_told(reads: Reads, model: Model) -> None:
    door, asked = reads
    listening, served = model
    served.answers(says("begin", action="resource.tag", values={"resource_id": "invoice-7", "tags": ["late"]}))
    now = await replaying(door, "resource.tag", BEFORE, listening).decide(BEFORE)
    assert differences(then(BEFORE), now) == [("tokens", "900", "2020"), ("cost", "90", "2000")]
    assert not otherwise(differences(then(BEFORE), now))
    assert len(served.asked) == 1
    assert {method for method, _ in asked} == {"GET"}


async def test_what_a_model_wants_and_the_turn_never_asked_stops_there(reads: Reads, model: Model) -> None:
    door, asked = reads
    listening, served = model
    served.answers(says("begin", action="resource.untag", values={"resource_id": "invoice-7", "tags": ["late"]}))
    row = ROW | {"text": "remove the tag late from invoice-7"}
    now = await replaying(door, "resource.untag", row, listening).decide(row)
    assert now.stopped == 'asks resource.untag {"resource_id":"invoice-7","tags":["late"]}, which this turn never asked'
    assert {method for method, _ in asked} == {"GET"}


async def test_where_a_model_fails_the_words_decide_and_that_is_told(reads: Reads, model: Model) -> None:
    listening, served = model
    served.answers(endpoint.fails)
    now = await replaying(reads[0], "resource.tag", ROW, listening).decide(ROW)
    assert differences(then(ROW), now) == [("failed", "", "status_503")]


async def test_what_was_confirmed_too_late_is_not_done_now_either(reads: Reads) -> None:
    again = replaying(reads[0], "resource.trash", ROW)
    await again.decide(ROW | {"text": "delete invoice-7"})
    late = ROW | {"turn": 2, "answered": 1, "text": "yes", "consent": "expired", "intent": "talk.affirm"}
    told = await again.decide(late)
    assert (told.posted, told.text) == (
        None,
        "That was proposed too long ago, and I did not do it. Ask for it again.",
    )
