"""Connections of callers who mean no good, or send what no HTTP library would: bytes, to a real server."""

import asyncio
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from infra import protocol
from infra.guard import SAFE, Guarded
from infra.observe import Observed
from infra.serve import config
from infra.settings import Settings
from tests.served import served

LOCAL = Settings().model_copy(update={"port": 0})
SHORT = 0.4
"""Seconds of each kind of patience; nobody would run tests with the real ones."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with how much body came, and from whom; first wait as long as the path says, in milliseconds."""
    await asyncio.sleep(int(scope["path"].strip("/") or 0) / 1000)
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    said = {"size": size, "client": scope["client"][0], "scheme": scope["scheme"]}
    body = json.dumps(said).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def door(settings: Settings = LOCAL) -> Iterator[str]:
    """Serve as the doors are served, but without a lifespan."""
    configured = config(Observed(Guarded(app)), settings)
    configured.lifespan = "off"
    with served(configured) as address:
        yield address


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A door with little patience."""
    for name in ("HEAD_SECONDS", "SILENCE", "KEEP_ALIVE"):
        monkeypatch.setattr(protocol, name, SHORT)
    monkeypatch.setattr(protocol, "LOOK_EVERY", 0.05)
    with door() as address:
        yield address


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    there = urlsplit(address)
    with socket.create_connection((there.hostname, there.port), timeout=10) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def asked(address: str, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send parts one after the other, and read until the connection is closed."""
    with connected(address) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return rest(connection)


def trickled(connection: socket.socket, part: bytes) -> bytes:
    """Send a part again and again until the other side says something or closes; read that."""
    while not select.select([connection], [], [], SHORT / 5)[0]:
        connection.sendall(part)
    return rest(connection)


def head(*lines: bytes, path: bytes = b"/", method: bytes = b"POST") -> bytes:
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: annal.example", *lines, b"", b""])


def problem(answer: bytes) -> dict[str, Any]:
    """Read an answer that is one problem and the end of the connection."""
    start, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = start.split(b"\r\n")
    headers = dict(line.split(b": ") for line in lines)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers.items() >= dict(SAFE).items()
    told: dict[str, Any] = json.loads(body)
    assert status.startswith(b"HTTP/1.1 %d " % told["status"])
    return told


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: annal.example\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Content-Length: 0", b"Content-Length: 44") + SMUGGLED,
        head(b"Content-Length: 0", b"Content-Length: 0") + SMUGGLED,
        head(b"Content-Length: 0, 44") + SMUGGLED,
        head(b"Content-Length: +0") + SMUGGLED,
        head(b"Content-Length : 0") + SMUGGLED,
        head(b"Content-Length: 0x0") + SMUGGLED,
        head(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding: gzip", b" chunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"X: y\rTransfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
        head(b"Host: other.example") + SMUGGLED,
        b"POST / HTTP/1.1\r\n\r\n" + SMUGGLED,
        b"POST / HTTP/1.1\nHost: annal.example\nContent-Length: 0\n\n" + SMUGGLED,
        head(b"Transfer-Encoding: chunked") + b"-1\r\n\r\n" + SMUGGLED,
        head(b"Transfer-Encoding: chunked") + b"1\r\naZ0\r\n\r\n" + SMUGGLED,
        b"\x16\x03\x01 this is TLS",
        b"GET  / HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_what_ends_in_two_places_is_refused_and_nothing_behind_it_is_read(address: str, request_: bytes) -> None:
    assert problem(asked(address, request_))["status"] == 400


def test_a_head_without_end_is_cut(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: annal.example\r\n" + b"X-A: 1\r\n" * (protocol.HEAD_BYTES // 8))
        assert problem(rest(connection))["code"] == "headers_too_large"


@pytest.mark.parametrize(
    "flood",
    [
        head(b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n" + b"X-A: 1\r\n" * (protocol.HEAD_BYTES // 8),
        head(b"Transfer-Encoding: chunked") + b"1;x=" + b"a" * protocol.HEAD_BYTES,
    ],
    ids=["trailers", "chunk extensions"],
)
def test_what_frames_a_body_without_end_is_cut(address: str, flood: bytes) -> None:
    assert problem(asked(address, flood))["code"] == "headers_too_large"


def test_a_body_in_many_chunks_is_not_taken_for_a_flood(address: str) -> None:
    chunks = b"3c\r\n" + b"x" * 60 + b"\r\n"
    answer = asked(address, head(b"Transfer-Encoding: chunked", b"Connection: close") + chunks * 5000 + b"0\r\n\r\n")
    assert b'{"size": 300000,' in answer


def test_a_head_that_trickles_in_ends_without_a_word(address: str) -> None:
    began = time.monotonic()
    with connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert trickled(connection, b"X: y\r\n") == b""
    assert SHORT <= time.monotonic() - began < SHORT * 5


def test_whoever_connects_and_says_nothing_is_left(address: str) -> None:
    assert asked(address) == b""


def test_who_sent_a_request_may_not_trickle_in_the_next(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(head(b"Content-Length: 0"))
        assert b"200 OK" in connection.recv(65536)
        assert trickled(connection, b"\r\n") == b""


def test_a_connection_may_rest_between_requests_longer_than_a_body_may(address: str) -> None:
    one = head(b"Content-Length: 0")
    assert asked(address, one, one, head(b"Connection: close"), pause=SHORT * 1.5).count(b"200 OK") == 3


def test_a_body_that_stops_coming_is_told_so(address: str) -> None:
    assert problem(asked(address, head(b"Content-Length: 5"), b"abc"))["code"] == "body_too_slow"


def test_who_sent_much_may_not_stop_the_longer(address: str) -> None:
    answer = asked(address, head(b"Content-Length: 40000"), b"x" * 30_000)
    assert problem(answer)["code"] == "body_too_slow"


def test_a_body_of_a_byte_now_and_then_is_told_so(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(head(b"Content-Length: 1000"))
        assert problem(trickled(connection, b"x"))["code"] == "body_too_slow"


def test_a_body_that_keeps_coming_may_take_its_time(address: str) -> None:
    parts = [head(b"Content-Length: 12000", b"Connection: close"), *[b"x" * 1000] * 12]
    assert b'{"size": 12000,' in asked(address, *parts, pause=SHORT / 4)


def test_nobody_is_blamed_for_a_body_that_is_not_read_yet(address: str) -> None:
    size = 1_000_000
    wait = b"/%d" % (SHORT * 3000)
    answer = asked(address, head(b"Content-Length: %d" % size, b"Connection: close", path=wait) + b"x" * size)
    assert b'{"size": %d,' % size in answer


def test_nobody_is_cut_while_they_wait_for_an_answer(address: str) -> None:
    wait = b"/%d" % (SHORT * 5000)
    assert b"200 OK" in asked(address, head(b"Connection: close", path=wait, method=b"GET"))


def test_what_follows_a_request_is_not_answered_in_its_place(address: str) -> None:
    answer = asked(address, head(path=b"/200", method=b"GET") + b"no request\r\n\r\n")
    assert b" 400 " not in answer


def test_more_connections_than_can_be_held_are_told_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 1)
    with connected(address) as first:
        first.sendall(head(b"Content-Length: 0", path=b"/100"))
        answer = asked(address)
        assert problem(answer)["code"] == "too_busy"
        assert b"\r\nretry-after: 1\r\n" in answer
        assert b"200 OK" in first.recv(65536)


def test_each_connection_has_a_file_and_some_are_left_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, connections in ((1024, 768), (1_000_000, protocol.CONNECTIONS), (-1, protocol.CONNECTIONS)):
        monkeypatch.setattr("resource.getrlimit", lambda _, files=files: (files, files))
        assert protocol.most_connections() == connections


def test_the_head_of_an_answer_comes_with_its_body(address: str) -> None:
    with connected(address) as connection:
        for n in range(3):
            connection.sendall(head(path=b"/%d" % n, method=b"GET"))
            said = connection.recv(65536)
            assert said.startswith(b"HTTP/1.1 200 ")
            assert said.endswith(b"}")


def test_a_head_that_no_body_follows_comes_too(address: str) -> None:
    answer = asked(address, head(method=b"HEAD"), head(b"Connection: close", method=b"HEAD"))
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.endswith(b"\r\n\r\n")


def test_whoever_waits_to_be_told_to_go_on_is_told_so_first(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(head(b"Content-Length: 2", b"Expect: 100-continue"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ab")
        assert b'"size": 2' in connection.recv(65536)


def test_requests_follow_one_another_on_a_connection(address: str) -> None:
    one = head(b"Content-Length: 3") + b"abc"
    assert asked(address, one * 3, head(b"Connection: close", method=b"GET")).count(b"200 OK") == 4


def test_no_other_version_of_the_protocol_is_spoken(address: str) -> None:
    answer = asked(address, head(b"Connection: Upgrade", b"Upgrade: h2c", method=b"GET"))
    assert answer.startswith(b"HTTP/1.1 200 OK"), answer


def test_nothing_is_said_of_what_serves(address: str) -> None:
    assert "server" not in httpx2.get(address).headers


FORWARDED = {"X-Forwarded-For": "203.0.113.7, 198.51.100.9", "X-Forwarded-Proto": "https"}


def test_nobody_says_for_another_where_they_are(address: str) -> None:
    said = httpx2.get(address, headers=FORWARDED).json()
    assert (said["client"], said["scheme"]) == ("127.0.0.1", "http")


def test_a_proxy_is_believed_as_far_as_it_is_trusted() -> None:
    with door(LOCAL.model_copy(update={"trusted_proxies": ("127.0.0.0/8",)})) as address:
        answer = httpx2.get(address, headers=FORWARDED)
    assert (answer.json()["client"], answer.json()["scheme"]) == ("198.51.100.9", "https")
    assert "strict-transport-security" in answer.headers


def test_another_proxy_is_not_believed() -> None:
    with door(LOCAL.model_copy(update={"trusted_proxies": ("10.0.0.0/8",)})) as address:
        said = httpx2.get(address, headers=FORWARDED).json()
    assert (said["client"], said["scheme"]) == ("127.0.0.1", "http")
