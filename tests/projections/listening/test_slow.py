"""Listeners that read nothing, beside one that reads all: they cost no memory, and nobody waits for them."""

import gc
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.types import Receive, Scope, Send

from infra import protocol
from infra.auth import CALLER
from infra.outsiders import Outsiders
from infra.serve import config
from infra.settings import Settings
from projections.listening import audience as audiences
from projections.listening import metrics
from projections.listening.audience import Audience
from projections.listening.door import ListeningDoor
from projections.listening.ring import Ring
from projections.listening.sight import Readers
from projections.listening.sse import EventStream
from tests.projections.listening.endless import PARTITIONS, Endless, is_void
from tests.projections.listening.hearing import AUDITOR, known, nobody
from tests.served import served

SIZE = 15_000
"""Records of each journal: some 70 MB as events, of which each connection can take in no more than a few."""

STUCK = 20
MOST = 48 << 20
"""Bytes more that the process may take: what twenty connections hold, and the ring."""


class Small(Ring):
    def __init__(self, beginning: Any) -> None:
        super().__init__(beginning, most=4_000)


async def unnoted(*_: object) -> None:
    """Put nothing on record: there is no worker here."""


@pytest.fixture
def journals() -> Endless:
    return Endless(SIZE)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch, journals: Endless) -> Iterator[str]:
    monkeypatch.setattr(protocol, "TAKEN_WITHIN", 2.0)
    monkeypatch.setattr(protocol, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(audiences, "Ring", Small)
    there = Audience(journals, journals, Readers(known, nobody))
    door = ListeningDoor(there, AUDITOR, lambda: 0, Outsiders(Settings()), unnoted)  # type: ignore[arg-type]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await there.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
        scope[CALLER] = AUDITOR
        await EventStream(door)(scope, receive, send)

    with served(config(app, Settings().model_copy(update={"port": 0}))) as address:
        yield address


def connected(address: str) -> socket.socket:
    there = urlsplit(address)
    made = socket.create_connection((there.hostname, there.port), timeout=20)
    made.sendall(b"GET /v1/facts?domain=resource&since=beginning HTTP/1.1\r\nHost: annal.example\r\n\r\n")
    return made


def ended(code: str) -> float:
    return float(metrics.ENDED.labels(code)._value.get())


def test_who_reads_nothing_costs_nothing_and_keeps_nobody_waiting(address: str, journals: Endless) -> None:
    wanted = PARTITIONS * sum(not is_void(offset) for offset in range(SIZE))
    lost = ended("stuck") + ended("listener_behind")
    stuck = [connected(address) for _ in range(STUCK)]
    heard, rest, most = 0, b"", 0
    gc.collect()
    process = psutil.Process()
    memory, until = process.memory_info().rss, time.monotonic() + 60
    with connected(address) as reader:
        while heard < wanted:
            journals.shown = min(SIZE, journals.shown + 20)
            events, _, rest = (rest + reader.recv(1 << 20)).rpartition(b"\n\n")
            heard += events.count(b"\nevent: resource.renamed\n")
            most = max(most, process.memory_info().rss - memory)
            assert time.monotonic() < until
    while ended("stuck") + ended("listener_behind") < lost + STUCK:
        time.sleep(0.1)
        assert time.monotonic() < until
    assert most < MOST, f"{most >> 20} MB"
    for each in stuck:
        each.close()
