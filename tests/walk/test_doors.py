"""What the write door says when it waits: outcomes as workers tell them, or as the read model has them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from tests.walk.conftest import Running, doors

ALICE = {"As": "alice"}
WAIT = ALICE | {"Prefer": "wait=20"}


@pytest.fixture(scope="module")
async def http(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with doors(running.settings) as client:
        kind = {"kind": "bill", "json_schema": {"type": "object"}}
        assert (await client.post("/v1/commands/kind.define", headers=WAIT, json=kind)).status_code == 200
        yield client


def bill() -> dict[str, Any]:
    return {"resource_id": f"bill-{uuid.uuid4()}", "kind": "bill", "name": "Bill", "attributes": {}}


def upload(*commands: tuple[str, dict[str, Any]]) -> bytes:
    return b"\n".join(orjson.dumps({"type": type_, "body": body}) for type_, body in commands)


async def test_what_is_preferred_is_applied_as_far_as_it_may_be(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/commands/resource.register", headers=ALICE | {"Prefer": "wait=999"}, json=bill())
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=30")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Annal-Position"] == answer.json()["position"]


async def test_a_refusal_is_a_problem_with_the_status_of_its_domain(http: httpx2.AsyncClient) -> None:
    first = bill()
    assert (await http.post("/v1/commands/resource.register", headers=WAIT, json=first)).status_code == 200
    other = first | {"name": "Another"}
    answer = await http.post("/v1/commands/resource.register", headers=WAIT, json=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "resource_exists")
    assert answer.json()["command_id"]


async def test_an_upload_that_waits_is_told_every_outcome(http: httpx2.AsyncClient) -> None:
    one, other = bill(), bill()
    lines = upload(
        ("resource.register", one),
        ("resource.rename", {"resource_id": one["resource_id"], "name": "Bill 7"}),
        ("resource.rename", {"resource_id": "nothing", "name": "Bill 8"}),
        ("resource.rename", {}),
        ("resource.register", other),
    )
    answer = await http.post("/v1/commands", headers=WAIT | {"Content-Type": "application/x-ndjson"}, content=lines)
    told = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [each["status"] for each in told] == [200, 200, 404, 422, 200]
    assert told[1]["outcome"]["version"] == 2
    assert told[2]["problem"]["code"] == "resource_unknown"


async def test_one_key_for_two_things_at_once_is_noticed(http: httpx2.AsyncClient) -> None:
    key = WAIT | {"Idempotency-Key": uuid.uuid4().hex}
    one = bill()
    answers = await asyncio.gather(
        *(http.post("/v1/commands/resource.register", headers=key, json=one | {"name": name}) for name in "ABAB")
    )
    by_name = dict(zip("ABAB", answers, strict=True))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 422, 422]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 422} == {"idempotency_key_reused"}
    assert len({answer.json()["command_id"] for answer in answers if answer.status_code == 200}) == 1
    assert by_name["A"].status_code != by_name["B"].status_code


async def test_without_redis_the_outcome_is_found_in_the_read_model(http: httpx2.AsyncClient, running: Running) -> None:
    assert http
    async with doors(running.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})) as deaf:
        answer = await deaf.post("/v1/commands/resource.register", headers=WAIT, json=bill())
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
        lines = upload(("resource.register", bill()), ("resource.rename", {"resource_id": "nothing", "name": "x"}))
        key = {"Idempotency-Key": uuid.uuid4().hex}
        body = bill()
        for status, name in ((200, "Bill"), (422, "Another")):
            one = body | {"name": name}
            answer = await deaf.post("/v1/commands/resource.register", headers=WAIT | key, json=one)
            assert answer.status_code == status
        assert answer.json()["code"] == "idempotency_key_reused"
        many = await deaf.post("/v1/commands", headers=WAIT | {"Content-Type": "application/x-ndjson"}, content=lines)
        assert [orjson.loads(line)["status"] for line in many.content.splitlines()] == [200, 404]
