"""What no route sees: requests that two readers could take for different things, and more than anybody needs."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.guard import HEADER_BYTES, HEADERS, ONCE, SAFE, URI_BYTES, Guarded
from infra.observe import Observed

HOST = (b"host", b"annal.example")
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the headers that came through, and with those of the answer that the path asks for."""
    del receive
    said = [(b"content-security-policy", b"own"), (b"cache-control", b"own")] if scope["path"].endswith("own") else []
    names = [name.decode() for name, _ in scope["headers"]]
    await send({"type": "http.response.start", "status": 200, "headers": said})
    await send({"type": "http.response.body", "body": json.dumps(names).encode()})


async def ask(
    *headers: tuple[bytes, bytes], app: ASGIApp = echo, path: bytes = b"/v1/x", **more: Any
) -> tuple[int, Any, Any]:
    """Send a request as a server hands it over; give the status, the headers and the body of the answer."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": b"",
        "headers": [HOST, *headers],
        **more,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    await Observed(Guarded(app))(scope, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), json.loads(body["body"])


@pytest.mark.parametrize(
    ("headers", "more", "status", "code"),
    [
        ([(b"x-a", b"1")] * HEADERS, {}, 431, "headers_too_large"),
        ([(b"x-a", b"1" * HEADER_BYTES)], {}, 431, "headers_too_large"),
        ([(b"x" * 400, b"1" * 400)] * 21, {}, 431, "headers_too_large"),
        ([], {"path": b"/" * URI_BYTES}, 414, "uri_too_long"),
        ([], {"query_string": b"q" * URI_BYTES}, 414, "uri_too_long"),
        ([], {"path": b"/v1/a%2Fb"}, 400, "path_invalid"),
        ([], {"path": b"/v1/a%5cb"}, 400, "path_invalid"),
        ([], {"path": b"/v1/a\\b"}, 400, "path_invalid"),
        ([], {"path": b"/v1/%2e%2e/metrics"}, 400, "path_invalid"),
        ([], {"path": b"/v1/.%2E/metrics"}, 400, "path_invalid"),
        ([], {"path": b"/v1/../metrics"}, 400, "path_invalid"),
        ([], {"path": b"/v1/.."}, 400, "path_invalid"),
        ([], {"path": b"/v1/./x"}, 400, "path_invalid"),
        ([], {"path": b"/v1/a%00"}, 400, "path_invalid"),
        ([], {"path": b"/v1/a%0d%0ax"}, 400, "path_invalid"),
        *(([(name, b"1"), (name, b"1")], {}, 400, "header_invalid") for name in sorted(ONCE - {b"host"})),
        ([HOST], {}, 400, "header_invalid"),
        ([], {"headers": []}, 400, "header_invalid"),
        ([(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], {}, 400, "header_invalid"),
        ([(b"transfer-encoding", b"gzip, chunked")], {}, 400, "header_invalid"),
        ([(b"transfer-encoding", b"\x0bchunked")], {}, 400, "header_invalid"),
        ([(b"content-length", b"+5")], {}, 400, "header_invalid"),
        ([(b"content-length", b"5, 5")], {}, 400, "header_invalid"),
        ([(b"content-length", b"")], {}, 400, "header_invalid"),
        ([(b"content-length", b"9" * 5000)], {}, 400, "header_invalid"),
    ],
)  # fmt: skip
async def test_what_can_be_read_in_two_ways_or_is_too_much_reaches_no_route(
    headers: list[tuple[bytes, bytes]], more: dict[str, Any], status: int, code: str
) -> None:
    told, answered, problem = await ask(*headers, **more)
    assert (told, problem["code"], problem["status"]) == (status, code, status)
    assert answered[b"content-type"] == b"application/problem+json"
    assert answered[b"connection"] == b"close"
    assert answered.items() >= dict(SAFE).items()


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ([(b"x-a", b"1")] * (HEADERS - 1), {}),
        ([(b"x-a", b"1" * (HEADER_BYTES - len(b"".join(HOST)) - 3))], {}),
        ([], {"path": b"/" + b"x" * (URI_BYTES - 2)}),
        ([], {"path": b"/v1/resources/a..b.%20%C3%A9%25"}),
        ([], {"path": b"/v1/x", "query_string": b"cursor=a%2Fb%2e%2e%00"}),
        ([(b"prefer", b"wait=5"), (b"prefer", b"handling=strict")], {}),
        ([(b"transfer-encoding", b"Chunked")], {}),
        ([(b"content-length", b"0")], {}),
        ([], {"http_version": "1.0", "headers": []}),
    ],
)
async def test_what_is_within_bounds_gets_through(headers: list[tuple[bytes, bytes]], more: dict[str, Any]) -> None:
    status, _, _ = await ask(*headers, **more)
    assert status == 200


@pytest.mark.parametrize(
    "name",
    [
        b"annal-actor",
        b"remote-user",
        b"x-user",
        b"x-user-id",
        b"x-remote-user",
        b"x-forwarded-user",
        b"x-forwarded-email",
        b"x-forwarded-for",
        b"x-auth-request-user",
        b"x-authenticated-user",
        b"x-webauth-user",
    ],
)
async def test_nobody_is_believed_to_be_whom_a_header_of_proxies_names(name: bytes) -> None:
    _, _, seen = await ask((b"accept", b"*/*"), (name, b"admin"), (b"authorization", b"Bearer x"), (name, b"root"))
    assert seen == ["host", "accept", "authorization"]


async def test_every_answer_says_how_browsers_are_to_take_it_and_which_request_it_answers() -> None:
    _, answered, _ = await ask((b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode()))
    assert answered == {
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"x-frame-options": b"DENY",
        b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
        b"cache-control": b"no-store",
        b"annal-request": TRACE.encode(),
    }


async def test_an_answer_keeps_what_it_says_itself_of_storing_and_loading() -> None:
    _, answered, _ = await ask(path=b"/v1/own")
    assert (answered[b"content-security-policy"], answered[b"cache-control"]) == (b"own", b"own")


async def test_documents_may_be_stored() -> None:
    _, answered, _ = await ask(path=b"/openapi.json")
    assert b"cache-control" not in answered


async def test_who_came_by_https_is_told_to_come_by_nothing_else() -> None:
    _, plain, _ = await ask()
    _, secure, _ = await ask(scheme="https")
    assert b"strict-transport-security" not in plain
    assert secure[b"strict-transport-security"] == b"max-age=31536000; includeSubDomains"


async def test_what_nobody_expected_is_answered_as_safely(capfd: pytest.CaptureFixture[str]) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    status, answered, problem = await ask(app=broken)
    assert (status, problem["code"]) == (500, "unexpected")
    assert answered.items() >= dict(SAFE).items()
    assert answered[b"annal-request"].decode() == problem["trace_id"]
    assert "ZeroDivisionError" in "".join(capfd.readouterr())
