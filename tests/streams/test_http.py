"""The write door: what it refuses before anything is asked, and what comes to stand on Kafka when it does not."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra import kafka, topics
from infra.api import create
from infra.settings import Settings
from schemas import wire
from schemas.message import Asked, Position
from streams.bulk import LINES
from streams.request import BODY_BYTES
from tests.calling import HEADER, inside

ALICE = {HEADER: "alice"}
JSON = ALICE | {"Content-Type": "application/json"}
NDJSON = ALICE | {"Content-Type": "application/x-ndjson"}
RENAME = "/v1/commands/resource.rename"
BODY = b'{"resource_id": "r1", "name": "Invoice"}'
NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)


@pytest.fixture
def alone() -> httpx2.AsyncClient:
    """The doors without any server: enough for requests that are refused."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(inside(create(NOWHERE))), base_url="http://annal")


@pytest.fixture(scope="module")
async def http(stack: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The doors on real servers, and nobody who decides."""
    await topics.create(stack)
    app = inside(create(stack))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://annal") as client,
    ):
        yield client


def place_of(location: str) -> Position:
    """Read where a command stands from where its outcome will be."""
    return Position.parse(location.partition("?position=")[2].partition("&")[0])


async def found(stack: Settings, answer: httpx2.Response | dict[str, Any]) -> tuple[Asked, dict[str, bytes]]:
    """Read the command that an answer says where to find."""
    location = answer["location"] if isinstance(answer, dict) else answer.headers["Location"]
    place = place_of(location)
    tp = TopicPartition(f"{place.domain}.commands", place.partition)
    consumer = AIOKafkaConsumer(**kafka.connection(stack))
    await consumer.start()
    try:
        consumer.assign([tp])
        consumer.seek(tp, place.offset)
        record = await consumer.getone()
        return wire.decode_command(record.value), dict(record.headers)
    finally:
        await consumer.stop()


def repeated(name: str, *values: str) -> list[tuple[str, str]]:
    return [*JSON.items(), *((name, value) for value in values)]


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": "application/json"}, BODY, 401, "credentials_missing"),
        (ALICE, BODY, 415, "content_type_unsupported"),
        (ALICE | {"Content-Type": "text/plain"}, BODY, 415, "content_type_unsupported"),
        (ALICE | {"Content-Type": "application/json; charset=latin-1"}, BODY, 415, "content_type_unsupported"),
        (JSON | {"Content-Encoding": "gzip"}, BODY, 415, "content_type_unsupported"),
        (repeated("Content-Type", "application/json"), BODY, 400, "header_invalid"),
        (JSON, b"", 400, "body_unreadable"),
        (JSON, b"{", 400, "body_unreadable"),
        (JSON, b'{"resource_id": "r1", "name": NaN}', 400, "body_unreadable"),
        (JSON, b'{"resource_id": "r1", "name": 1e999}', 400, "body_unreadable"),
        (JSON, b'{"resource_id": "r1", "name": "\xff"}', 400, "body_unreadable"),
        (JSON, b'{"resource_id": "r1", "name": "\\ud800"}', 400, "body_unreadable"),
        (JSON, b'\xef\xbb\xbf{"resource_id": "r1", "name": "x"}', 400, "body_unreadable"),
        (JSON, b'{"resource_id": "r1", "name": ' + b"[" * 2000 + b"]" * 2000 + b"}", 422, "body_invalid"),
        (JSON, b'{"resource_id": "r1", "name": ' + b"[" * 300 + b"]" * 300 + b"}", 422, "body_invalid"),
        (JSON, b"[]", 422, "body_invalid"),
        (JSON, b"null", 422, "body_invalid"),
        (JSON, b"{}", 422, "body_invalid"),
        (JSON, b'{"resource_id": "r1", "name": 5}', 422, "body_invalid"),
        (JSON, b'{"resource_id": "r1", "name": null}', 422, "body_invalid"),
        (JSON, b'{"resource_id": "r1", "name": "x", "colour": "red"}', 422, "body_invalid"),
        (JSON, b'{"resource_id": "r1", "name": "x\\u0000y"}', 422, "body_invalid"),
        (JSON, b'{"resource_id": "/", "name": "x"}', 422, "body_invalid"),
        (JSON, b" " * (BODY_BYTES + 1), 413, "body_too_large"),
        (JSON | {"If-Match": "3"}, BODY, 400, "header_invalid"),
        (JSON | {"If-Match": "*"}, BODY, 400, "header_invalid"),
        (JSON | {"If-Match": '"1", "2"'}, BODY, 400, "header_invalid"),
        (repeated("If-Match", '"1"', '"2"'), BODY, 400, "header_invalid"),
        (JSON | {"If-Match": 'W/"3"'}, BODY, 412, "version_conflict"),
        (JSON | {"If-Match": '"three"'}, BODY, 412, "version_conflict"),
        (JSON | {"Idempotency-Key": ""}, BODY, 400, "header_invalid"),
        (JSON | {"Idempotency-Key": "a" * 203}, BODY, 400, "header_invalid"),
        (JSON | {"Idempotency-Key": "a b"}, BODY, 400, "header_invalid"),
        (repeated("Idempotency-Key", "a", "b"), BODY, 400, "header_invalid"),
    ],
)
async def test_what_is_wrong_is_one_clear_problem(
    alone: httpx2.AsyncClient, headers: Any, body: bytes, status: int, code: str
) -> None:
    answer = await alone.post(RENAME, headers=headers, content=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["status"], len(problem["trace_id"])) == (status, 32)
    assert problem["detail"].endswith((".", "-"))


async def test_a_problem_points_at_every_fault(alone: httpx2.AsyncClient) -> None:
    answer = await alone.post(RENAME, headers=JSON, content=b'{"name": 5, "~/": 1}')
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"#/resource_id", "#/name", "#/~0~1"}


async def test_a_body_that_does_not_say_its_length_is_bounded_too(alone: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await alone.post(RENAME, headers=JSON, content=endless())
    assert answer.json()["code"] == "body_too_large"


async def test_what_the_door_fills_in_is_not_for_callers(alone: httpx2.AsyncClient) -> None:
    body = {"resource_id": "r1", "patch": {}, "kind_position": 10**9}
    answer = await alone.post("/v1/commands/resource.change", headers=ALICE, json=body)
    assert answer.json()["errors"][0]["pointer"] == "#/kind_position"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/v1/commands/resource.explode", 404), ("PUT", RENAME, 405)]
)
async def test_what_is_not_there_is_a_problem(alone: httpx2.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await alone.request(method, path, headers=ALICE)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_without_kafka_the_answer_is_soon_and_says_that_nothing_was_stored(alone: httpx2.AsyncClient) -> None:
    answer = await asyncio.wait_for(alone.post(RENAME, headers=JSON, content=BODY), 10)
    assert (answer.status_code, answer.json()["code"]) == (503, "kafka_unavailable")
    assert answer.json()["may_be_stored"] is False
    assert answer.headers["Retry-After"] == "1"


# ── on Kafka ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_command_comes_to_stand_where_location_says(http: httpx2.AsyncClient, stack: Settings) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = ALICE | {"If-Match": '"3"', "Idempotency-Key": "k1", "traceparent": trace}
    subject = f"r-{uuid.uuid4()}"
    answer = await http.post(RENAME, headers=headers, json={"resource_id": subject, "name": "Invoice"})
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"
    asked, record = await found(stack, answer)
    assert asked.meta.id == answer.json()["command_id"]
    assert (asked.meta.actor.id, asked.meta.subject, asked.meta.expected_version) == ("alice", subject, 3)
    assert record["traceparent"].split(b"-")[1] == trace.split("-")[1].encode()
    assert "reply" not in record


async def test_the_same_request_has_the_same_id_and_another_body_another_digest(
    http: httpx2.AsyncClient, stack: Settings
) -> None:
    async def ask(name: str, **more: str) -> Asked:
        headers = ALICE | {"Idempotency-Key": "k2"} | more
        answer = await http.post(RENAME, headers=headers, json={"resource_id": "r2", "name": name})
        asked, _ = await found(stack, answer)
        return asked

    first, again, quoted, other, bob = (
        await ask("A"),
        await ask("A"),
        await ask("A", **{"Idempotency-Key": '"k2"'}),
        await ask("B"),
        await ask("A", **{HEADER: "bob"}),
    )
    assert first.meta.id == again.meta.id == quoted.meta.id == other.meta.id != bob.meta.id
    assert first.meta.digest == again.meta.digest != other.meta.digest


async def test_numbers_too_large_for_others_are_read_as_others_read_them(
    http: httpx2.AsyncClient, stack: Settings
) -> None:
    schema = b'{"kind": "big", "json_schema": {"maximum": 123456789012345678901234567890}}'
    answer = await http.post("/v1/commands/kind.define", headers=JSON, content=schema)
    asked, _ = await found(stack, answer)
    assert asked.command.model_dump()["json_schema"] == {"maximum": 1.2345678901234568e29}


async def test_a_command_may_be_as_large_as_a_record(http: httpx2.AsyncClient, stack: Settings) -> None:
    schema = {"description": "x" * (BODY_BYTES - 1000)}
    answer = await http.post("/v1/commands/kind.define", headers=ALICE, json={"kind": "big", "json_schema": schema})
    asked, _ = await found(stack, answer)
    assert asked.command.model_dump()["json_schema"] == schema


async def test_a_command_that_grows_too_large_for_a_record_is_refused(http: httpx2.AsyncClient) -> None:
    # Numbers are kept in full: five bytes become eighteen.
    body = b'{"kind": "big", "json_schema": {"enum": [' + b",".join([b"1e15"] * 150_000) + b"]}}"
    answer = await http.post("/v1/commands/kind.define", headers=JSON, content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_kind_nobody_defined_is_refused_at_the_door(http: httpx2.AsyncClient) -> None:
    body = {"kind": "nothing", "name": "x", "attributes": {}}
    answer = await http.post("/v1/commands/resource.register", headers=ALICE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "kind_unknown")


async def test_waiting_for_a_worker_that_is_not_there_ends_in_time(http: httpx2.AsyncClient, stack: Settings) -> None:
    body = {"resource_id": "r3", "name": "x"}
    answer = await asyncio.wait_for(http.post(RENAME, headers=ALICE | {"Prefer": "wait=1"}, json=body), 5)
    assert answer.status_code == 202
    _, record = await found(stack, answer)
    assert record["reply"].startswith(b"annal:reply:")


# ── many at once ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def upload(http: httpx2.AsyncClient, *lines: bytes, **headers: str) -> list[dict[str, Any]]:
    answer = await http.post("/v1/commands", headers=NDJSON | headers, content=b"\n".join(lines))
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


def line(**members: Any) -> bytes:
    return orjson.dumps({"type": "resource.rename", "body": {"resource_id": "r4", "name": "x"}} | members)


async def test_every_line_is_answered_in_its_place_and_a_bad_one_stops_no_other(
    http: httpx2.AsyncClient, stack: Settings
) -> None:
    answers = await upload(
        http,
        line(),
        b"{",
        b"",
        line(type="resource.explode"),
        line(body={"resource_id": "r4"}),
        line(colour="red"),
        line(expected_version=-1),
        b'{"type": "resource.rename", "body": {"resource_id": "r4", "name": "\xff"}}',
        b" " * BODY_BYTES + line(),
        line(expected_version=7, body={"resource_id": "r4", "name": "last"}),
    )
    assert [(answer["line"], answer["status"]) for answer in answers] == [
        (1, 202),
        (2, 400),
        (4, 422),
        (5, 422),
        (6, 422),
        (7, 422),
        (8, 400),
        (9, 413),
        (10, 202),
    ]
    assert answers[2]["problem"]["code"] == "command_type_unknown"
    asked, _ = await found(stack, answers[-1])
    assert (asked.meta.expected_version, asked.command.model_dump()["name"]) == (7, "last")


async def test_lines_of_one_subject_stand_in_their_order(http: httpx2.AsyncClient) -> None:
    answers = await upload(http, *(line(body={"resource_id": f"r{n % 5}", "name": str(n)}) for n in range(3000)))
    assert len(answers) == 3000
    places = [place_of(answer["location"]) for answer in answers]
    for subject in range(5):
        offsets = [place.offset for place in places[subject::5]]
        assert offsets == sorted(set(offsets))


async def test_an_upload_with_a_key_gives_each_line_its_own(http: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = await upload(http, line(), line(), line(idempotency_key="mine"), **key)
    again = await upload(http, line(), line(), line(idempotency_key="mine"), **key)
    ids = [[answer["outcome"]["command_id"] for answer in answers] for answers in (first, again)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


async def test_too_many_lines_are_told_where_reading_ended(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/commands", headers=NDJSON, content=b"x\n" * (LINES + 10))
    last = orjson.loads(answer.content.splitlines()[-1])
    assert last["problem"]["code"] == "body_too_large"


async def test_if_match_says_nothing_of_many(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/commands", headers=NDJSON | {"If-Match": '"3"'}, content=line())
    assert answer.json()["code"] == "header_invalid"
