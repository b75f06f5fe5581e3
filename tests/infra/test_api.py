"""The app as a whole: its health, its measurements, its document, and what it says when something is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from infra import tables, topics
from infra.api import create
from infra.health import REMEMBERED
from infra.settings import Settings

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)


def client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://annal")


@pytest.fixture
def alone() -> httpx2.AsyncClient:
    return client(create(NOWHERE))


@pytest.fixture(scope="module")
async def http(stack: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    await topics.create(stack)
    tables.make(stack)
    app = create(stack)
    async with app.router.lifespan_context(app), client(app) as http:
        yield http


async def test_a_process_without_servers_is_alive_and_not_ready(alone: httpx2.AsyncClient) -> None:
    assert (await alone.get("/healthz")).json() == {"alive": True}
    answer = await alone.get("/readyz")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "not_ready")
    assert {name for name, check in problem["checks"].items() if not check["well"]} == {
        "callers",
        "kafka",
        "postgres",
        "read_models",
        "redis",
    }


async def test_a_process_with_servers_is_ready(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/readyz")
    assert answer.json()["ready"] is True, answer.text


async def test_who_asks_often_whether_it_is_ready_opens_no_more_connections() -> None:
    opened = 0

    def open_and_close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        writer.close()

    async with await asyncio.start_server(open_and_close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http = client(create(NOWHERE.model_copy(update={"postgres_url": f"postgresql://x@127.0.0.1:{port}/x"})))
        answers = await asyncio.gather(*(http.get("/readyz") for _ in range(5)))
        assert [answer.json()["checks"] for answer in answers] == [answers[0].json()["checks"]] * 5
        once = opened
        await http.get("/readyz")
        assert opened == once > 0
        await asyncio.sleep(REMEMBERED * 1.1)
        await http.get("/readyz")
        assert opened == 2 * once


async def test_requests_are_measured_by_the_template_of_their_route(alone: httpx2.AsyncClient) -> None:
    await alone.post("/v1/commands/resource.rename")
    await alone.get("/v1/resources/r1")
    await alone.get("/nothing/here")
    await alone.request("INVENTED", "/v1/resources/r1")
    measured = (await alone.get("/metrics")).text
    assert 'annal_http_requests_total{method="POST",route="/v1/commands/resource.rename",status="401"}' in measured
    assert 'annal_http_requests_total{method="GET",route="/v1/resources/{resource_id}",status="401"}' in measured
    assert 'annal_http_requests_total{method="GET",route="none",status="404"}' in measured
    assert 'method="other"' in measured
    assert "INVENTED" not in measured


async def test_every_request_is_one_line_with_its_trace(
    alone: httpx2.AsyncClient, capfdbinary: pytest.CaptureFixture[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "annal.door")
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await alone.get("/v1/resources/r1", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.json()["trace_id"] == trace
    (line,) = [json.loads(line) for line in capfdbinary.readouterr().err.splitlines() if b'"request"' in line]
    assert (line["status"], line["path"], line["trace_id"]) == (401, "/v1/resources/r1", trace)


async def test_what_nobody_expected_is_a_problem_and_one_line_with_its_cause(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = create(NOWHERE)

    @app.get("/broken")
    async def _() -> None:
        raise ZeroDivisionError

    answer = await client(app).get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    said = capfd.readouterr()
    assert "ZeroDivisionError" in said.out + said.err


async def test_nothing_of_the_document_comes_from_elsewhere(alone: httpx2.AsyncClient) -> None:
    page = (await alone.get("/docs")).text
    assert "//" not in page.replace("<!DOCTYPE html>", "").replace("// ", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"/docs/assets/{asset}" in page
        assert (await alone.get(f"/docs/assets/{asset}")).status_code == 200


async def test_every_answer_of_every_route_is_in_the_document(alone: httpx2.AsyncClient) -> None:
    document = (await alone.get("/openapi.json")).json()
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    references = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert references <= document["components"]["schemas"].keys()
    assert "kind_position" not in document["components"]["schemas"]["RegisterResource"]["properties"]


async def test_a_method_that_is_none_of_a_path_is_told_with_all_that_are(alone: httpx2.AsyncClient) -> None:
    for path, allowed in (("/v1/sessions", "GET, POST"), ("/v1/commands/kind.define", "POST"), ("/docs", "GET")):
        answer = await alone.request("PUT", path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        assert answer.json()["detail"] == f"Use {allowed} here."
