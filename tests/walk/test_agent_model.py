"""A walk with an agent that a model helps to understand, and hinders: it hangs, and wants what nobody asked."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from infra.agent import endpoint
from infra.agent.endpoint import Endpoint, says
from tests.walk.agents import instead
from tests.walk.conftest import Running
from tests.walk.somebody import Somebody, somebody
from tests.walk.test_agent import Talk

pytestmark = pytest.mark.timeout(600)

SECONDS = 2.0


@pytest.fixture
async def model(running: Running) -> AsyncIterator[Endpoint]:
    """Give a model, and an agent that asks it."""
    async with endpoint.running() as served:
        said = {"agent_model_url": served.url, "agent_model": "small", "agent_model_timeout": SECONDS}
        async with instead(running, **said, agent_model_price_in=1_000):
            yield served


async def test_a_model_helps_and_hinders(http: httpx2.AsyncClient, model: Endpoint) -> None:
    ada: Somebody = await somebody(http, "Ada")
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    await ada.post("/v1/commands/kind.define", {"kind": "invoice", "json_schema": schema})
    talk = await Talk(ada).open()

    # What it understands is done in the person's name, and the call is on record.
    values = {"kind": "invoice", "name": "Rossi", "attributes": {"amount": 1200}}
    model.answers(says("begin", action="resource.register", values=values))
    made = await talk.say("please register a new invoice called Rossi with amount 1200")
    assert (made["tier"], made["model"], made["intent"]) == ("model", "small", "resource.register")
    (call,) = made["calls"]
    assert (call["model"], call["failure"], call["tokens_in"], call["cost"]) == ("small", None, 2_000, 2_000)
    assert '"move": "begin"' in call["answer"]
    (receipt,) = made["receipts"]
    assert (receipt["type"], receipt["status"]) == ("resource.register", "accepted")

    # Where it hangs, the words are understood without it.
    model.answers(endpoint.hangs)
    renamed = await talk.say("call it Verdi")
    assert (renamed["tier"], [each["failure"] for each in renamed["calls"]]) == ("lexical", ["timeout"])
    assert SECONDS * 1_000 <= renamed["calls"][0]["milliseconds"] < (SECONDS + 1) * 1_000
    (receipt,) = renamed["receipts"]
    assert (receipt["type"], receipt["status"]) == ("resource.rename", "accepted")

    # What nobody asked for is not done.
    model.answers(says("begin", action="resource.tag", values={"resource_id": "@1", "tags": ["paid"]}))
    greeted = await talk.say("hello there")
    assert greeted["posted"] == greeted["receipts"] == []
    assert greeted["foreign"]
    assert greeted["proposal"]["action"] == "resource.tag"
    asked = len(model.asked)
    assert (await talk.say("no"))["consent"] == "declined"
    assert len(model.asked) == asked

    # What cannot be taken back is not even proposed.
    model.answers(says("begin", action="account.erase", values={"account_id": "@me"}))
    greeted = await talk.say("good evening")
    assert (greeted["tier"], greeted["proposal"], greeted["posted"]) == ("lexical", None, [])
    row = (await ada.get(f"/v1/resources/{receipt['subject']}")).json()
    assert (row["name"], row["tags"], row["version"]) == ("Verdi", [], 2)

    # What it cost is counted for the person.
    spent = (await ada.get("/v1/memories")).json()["spent"]
    assert spent["tokens"] >= 2_020 * 3
    assert spent["cost"] >= 6_000
