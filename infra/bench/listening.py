"""What listeners cost: facts to many at once, and how soon a fact is with one of them."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from infra.bench import callers, commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.client import HEAD_END, HOST
from infra.bench.facts import RESOURCE_COMMANDS, RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import paced, percentile
from infra.bench.sides import side_by_side
from infra.settings import Unusable
from schemas.message import Position

LISTENERS = 200
OF_ONE = 25
BURST = 4_000
"""Facts that all listeners are told; half of what the listeners of a process may be behind."""

RATE, SECONDS = 200, 10
NEAR = 10
"""Listeners while it is measured how soon a fact comes."""

_POSITION = re.compile(rb'\ndata: {"position":"(resource:\d+:\d+)"')
_FACT = b"\nevent: resource."


class Listening(asyncio.Protocol):
    """One connection to a stream; counts facts, and notes when each came if it is `noting`."""

    def __init__(self, *, noting: bool = False) -> None:
        self.facts = 0
        self.came: dict[str, float] = {}
        self.begun = asyncio.Event()
        self.gone = False
        self.last_at = 0.0
        self._noting = noting
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.gone = True

    def data_received(self, data: bytes) -> None:
        text = self._rest + data
        if not self.begun.is_set() and HEAD_END in text:
            if not text.startswith(b"HTTP/1.1 200"):
                raise Unusable(f"A server answered {text[:500].decode(errors='replace')}")
            self.begun.set()
        end = text.rfind(b"\n\n") + 1
        events, self._rest = text[:end], text[end:]
        found = events.count(_FACT)
        if not found:
            return
        self.facts += found
        self.last_at = time.time()
        if self._noting:
            self.came.update(dict.fromkeys((each[1].decode() for each in _POSITION.finditer(events)), self.last_at))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def listening(port: int, requests: Sequence[bytes], *, noting: bool = False) -> AsyncIterator[list[Listening]]:
    """Have somebody listen with each of these requests, while the block runs."""
    loop, made = asyncio.get_running_loop(), []
    try:
        for request in requests:
            transport, each = await loop.create_connection(lambda: Listening(noting=noting), HOST, port)
            made.append(each)
            transport.write(request)
            await each.begun.wait()
        yield made
    finally:
        for each in made:
            each.close()


@measures(
    Row("sse.deliveries", f"One topic to {LISTENERS} SSE listeners, one process", "facts/s", at_least=20_000),
)
async def deliveries(bed: Bed) -> Sequence[Reading]:
    """From the first fact on Kafka to the last with all; the floor streams as many of the same bytes from memory."""
    await facts.none(bed)
    count = bed.count(BURST)
    requests = await _requests(bed, LISTENERS)
    with side_by_side(bed, "floors.stream", str(count), str(LISTENERS)) as ports:
        bed.say("the floor")
        floor = await _told_all(ports.floor, requests, count)
        async with AsyncExitStack() as until_told:
            async with _deciding(bed):
                listeners = await until_told.enter_async_context(listening(ports.ours, requests))
            bed.say(f"storing {count:,} commands")
            await commands.ask(bed, commands.letters(commands.mixed(count, max(1, count // 10), "listened")))
            bed.say("ours")
            with bed.running(bed.role("worker")):
                async with kafka.looking(bed.settings) as consumer:
                    await kafka.holds(consumer, RESOURCE_FACTS, 2)
                ours = await _rate(listeners, count, time.time())
    return [Reading(ours, floor)]


@measures(
    Row("sse.p50", f"Fact → {NEAR} SSE listeners who may read all, {RATE} facts/s", "ms"),
    Row("sse.p99", "The same", "ms", at_most=100),
)
async def soon(bed: Bed) -> Sequence[Reading]:
    """From the time that the fact's record bears; the floor is a plain consumer."""
    await facts.none(bed)
    (request,) = await _requests(bed, 1)
    return await _delays(bed, request)


@measures(
    Row("sse.member.p50", f"Fact → {NEAR} SSE listeners whose rights are looked up, {RATE} facts/s", "ms"),
    Row("sse.member.p99", "The same", "ms"),
)
async def soon_with_rights(bed: Bed) -> Sequence[Reading]:
    """The same, with each fact's readers looked up once the read model knows it."""
    await facts.none(bed)
    with bed.running(bed.role("project")):
        return await _delays(bed, bed.request("GET", "/v1/facts?domain=resource"))


async def _delays(bed: Bed, request: bytes) -> list[Reading]:
    """Measure how long facts take to all who listen so, and to a plain consumer: the median and the 99th percentile."""
    count = int(RATE * bed.seconds(SECONDS))
    with side_by_side(bed, "floors.stream", "1", "1") as ports:
        async with (
            _deciding(bed),
            listening(ports.ours, [request] * NEAR, noting=True) as listeners,
            kafka.looking(bed.settings) as consumer,
            commands.producer(bed.settings) as producer,
        ):
            consumer.assign(kafka.places(RESOURCE_FACTS))
            await consumer.seek_to_end()
            bed.say("facts are listened to")
            asked = commands.letters(commands.mixed(RATE + count, RATE, "soon"))
            seen = asyncio.create_task(_consumed(consumer, RATE + count))
            async for _ in paced(RATE, 1 + count / RATE):
                await commands.send(producer, RESOURCE_COMMANDS, next(asked))
            stored = await seen
            await _rate(listeners, RATE + count, time.time())
    late = sorted(stored)[-count:]
    ours = [each.came[position] - stamp for stamp, position, _ in late for each in listeners]
    floor = [at - stamp for stamp, _, at in late]
    return [Reading(1000 * percentile(ours, share), 1000 * percentile(floor, share)) for share in (0.5, 0.99)]


@asynccontextmanager
async def _deciding(bed: Bed) -> AsyncIterator[None]:
    """Have a worker decide while the block runs, from its beginning on; one fact shows that it does."""
    with bed.running(bed.role("worker")):
        await commands.ask(bed, commands.letters(commands.mixed(1, 1, "first")))
        async with kafka.looking(bed.settings) as consumer:
            await kafka.holds(consumer, RESOURCE_FACTS, 1)
        yield


async def _requests(bed: Bed, count: int) -> list[bytes]:
    """Give a request for each listener; one account may not listen so often."""
    names = [f"listener-{n}" for n in range(-(-count // OF_ONE))]
    asking = [replace(callers.claims(), account=name, roles=("auditor",)) for name in names]
    tokens = await callers.tokens(bed.settings, *asking)
    return [bed.request("GET", "/v1/facts?domain=resource", token=tokens[n // OF_ONE]) for n in range(count)]


async def _told_all(port: int, requests: Sequence[bytes], count: int) -> float:
    async with listening(port, requests) as listeners:
        return await _rate(listeners, count, time.time())


async def _rate(listeners: Sequence[Listening], count: int, began: float) -> float:
    """Wait until all have been told so many facts; give those told in a second."""
    while any(each.facts < count for each in listeners):
        if any(each.gone for each in listeners):
            raise Unusable("A listener was cut off; the log of the doors says why.")
        await asyncio.sleep(0.01)
    return count * len(listeners) / (max(each.last_at for each in listeners) - began)


async def _consumed(consumer: Any, count: int) -> list[tuple[float, str, float]]:
    """Read facts as they come: when each was stored, where, and when it was seen."""
    seen: list[tuple[float, str, float]] = []
    while len(seen) < count:
        fetched = await consumer.getmany(timeout_ms=1000)
        now = time.time()
        seen += [
            (each.timestamp / 1000, str(Position("resource", place.partition, each.offset)), now)
            for place, records in fetched.items()
            for each in records
        ]
    return seen
