"""Answers without end, and who does not take them: over HTTP and over WebSockets, they are cut and cost no memory."""

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.types import Receive, Scope, Send

from infra import protocol
from infra import socket as sockets
from infra.guard import Guarded
from infra.observe import Observed
from infra.serve import config
from infra.settings import Settings
from tests.served import served

SHORT = 0.5
"""Seconds of patience; nobody would run tests with the real one."""

PART = b"x" * 10_000
sent = [0]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Send without end; count what went out."""
    await receive()
    socket_ = scope["type"] == "websocket"
    if socket_:
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(100_000):
        if socket_:
            await send({"type": "websocket.send", "bytes": PART})
        else:
            await send({"type": "http.response.body", "body": PART, "more_body": True})
        sent[0] += len(PART)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(protocol, "TAKEN_WITHIN", SHORT)
    monkeypatch.setattr(protocol, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(sockets, "LOOK_EVERY", 0.05)
    configured = config(Observed(Guarded(app)), Settings().model_copy(update={"port": 0}))
    configured.lifespan = "off"
    with served(configured) as address:
        yield address


UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def asking(address: str, more: bytes) -> socket.socket:
    there = urlsplit(address)
    made = socket.create_connection((there.hostname, there.port), timeout=10)
    made.sendall(b"GET / HTTP/1.1\r\nHost: annal.example\r\n" + more + b"\r\n")
    return made


def cuts(code: str) -> float:
    return float(protocol.CUT.labels(code)._value.get())


@pytest.mark.parametrize("more", [b"", UPGRADE], ids=["http", "websocket"])
def test_who_takes_nothing_is_cut_and_costs_nothing_meanwhile(address: str, more: bytes) -> None:
    before, began = cuts("answer_not_taken"), time.monotonic()
    gc.collect()
    memory = psutil.Process().memory_info().rss
    sent[0] = 0
    readers = [asking(address, more) for _ in range(50)]
    while cuts("answer_not_taken") < before + len(readers):
        time.sleep(0.05)
        assert time.monotonic() - began < 10
        # 64 KB wait of each, and what the kernel holds is not ours.
        assert psutil.Process().memory_info().rss - memory < 40 << 20
    assert time.monotonic() - began >= SHORT
    for each in readers:
        each.close()


@pytest.mark.parametrize("more", [b"", UPGRADE], ids=["http", "websocket"])
def test_who_takes_a_byte_now_and_then_is_cut(address: str, more: bytes) -> None:
    before, began = cuts("answer_not_taken"), time.monotonic()
    with asking(address, more) as slow:
        while cuts("answer_not_taken") == before:
            slow.recv(1)
            time.sleep(0.02)
            assert time.monotonic() - began < 10


@pytest.mark.parametrize("more", [b"", UPGRADE], ids=["http", "websocket"])
def test_who_takes_its_time_is_left_alone(address: str, more: bytes) -> None:
    before, until = cuts("answer_not_taken"), time.monotonic() + 4 * SHORT
    with asking(address, more) as slow:
        while time.monotonic() < until:
            slow.recv(200_000)
            time.sleep(0.05)
    assert cuts("answer_not_taken") == before


def test_a_flood_of_pings_is_cut(address: str) -> None:
    before = cuts("client_floods")
    ping = b"\x89\xfd\0\0\0\0" + bytes(125)
    with asking(address, UPGRADE) as flooding, suppress(OSError):
        for _ in range(10_000):
            flooding.sendall(ping)
            time.sleep(0.001)
    assert cuts("client_floods") == before + 1
