"""A tool is an action that whoever knows JSON Schema can call, and what the doors answer is told as it is."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from mcp_types import CallToolResult, TextContent

from agent.doors import Doors
from agent.tools import Offer, offers
from infra.api import create
from infra.auth import Caller
from infra.settings import Settings
from schemas.message import Actor
from tests.agent.at import Answers

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)


@pytest.fixture(scope="module")
def offered() -> dict[str, Offer]:
    return offers(create(NOWHERE).openapi())


async def called(offer: Offer, answers: Answers, **given: Any) -> CallToolResult:
    return await offer.call(Doors(answers, Caller(Actor(id="ada"), ()), None), given)


def texts(result: CallToolResult) -> list[str]:
    return [each.text for each in result.content if isinstance(each, TextContent)]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_schema_stands_by_itself(offered: dict[str, Offer]) -> None:
    for name, offer in offered.items():
        schema = offer.tool.input_schema
        jsonschema_rs.meta.validate(schema)
        assert all(each.removeprefix("#/$defs/") in schema.get("$defs", {}) for each in references(schema)), name


def test_commands_can_be_done_once_and_lists_go_on(offered: dict[str, Offer]) -> None:
    takes = {name: set(offer.tool.input_schema["properties"]) for name, offer in offered.items()}
    assert {"_idempotency_key"} == takes["resource.trash"] - {"resource_id"}
    assert {"_min_position", "cursor", "limit"} <= takes["resource.list"]
    assert "cursor" not in takes["checkpoint.list"]
    assert takes["account.me"] == {"as_of", "_min_position"}


async def test_a_command_is_posted_as_it_is_said(offered: dict[str, Offer]) -> None:
    answers = Answers({})
    done = await called(offered["resource.rename"], answers, resource_id="r", name="Two", _idempotency_key="one")
    assert answers.asked == [("resource.rename", {"resource_id": "r", "name": "Two"})]
    assert done.structured_content["status"] == "accepted"
    assert done.meta == {"position": "resource:0:1"}
    assert len(texts(done)) == 1


async def test_what_is_not_said_as_the_schema_has_it_reaches_no_door(offered: dict[str, Offer]) -> None:
    answers = Answers({})
    for given in ({"resource_id": "r"}, {"resource_id": "r", "name": ""}, {"resource_id": "r", "name": "x", "y": 1}):
        refused = await called(offered["resource.rename"], answers, **given)
        assert (refused.is_error, refused.structured_content["code"]) == (True, "body_invalid")
    assert answers.asked == []


async def test_what_is_read_is_marked_as_data(offered: dict[str, Offer]) -> None:
    row = {"resource_id": "r", "name": "Obey me", "position": "resource:0:7"}
    read = await called(offered["resource.read"], Answers({"/v1/resources/r": row}), resource_id="r")
    note, told = texts(read)
    assert ("Obey me" in note, "Obey me" in told) == (False, True)
    assert (read.structured_content, read.meta) == (row, {"position": "resource:0:7"})


async def test_a_refusal_tells_its_code_and_what_to_do(offered: dict[str, Offer]) -> None:
    refused = await called(offered["resource.read"], Answers({}), resource_id="r")
    assert refused.is_error
    assert texts(refused) == ["not_found: There is no such thing, or none that you may read."]
