"""How long after a command is on Kafka its fact is: what everyone who waits for an outcome waits at least."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from infra.bench import commands, facts, kafka
from infra.bench.bed import ASKED, TOLD, Bed
from infra.bench.facts import RESOURCE_COMMANDS, RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import paced, percentile
from schemas.topics import Topic
from streams.lane import Letter

RATES = (200, 1000)
ROUNDS = 2
SECONDS = {200: 7.5, 1000: 5.0}
"""Of each round."""


@measures(
    Row("visible.200.p50", "Command on Kafka → fact visible, 200 commands/s", "ms", at_most=8),
    Row("visible.200.p99", "The same", "ms", at_most=30),
    Row("visible.1000.p50", "Command on Kafka → fact visible, 1,000 commands/s", "ms", at_most=20),
    Row("visible.1000.p99", "The same", "ms", at_most=60),
)
async def visible(bed: Bed) -> Sequence[Reading]:
    """Measured from when each command was due, by a plain consumer; the floor forwards the same bytes."""
    await facts.none(bed)
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    with bed.running(bed.role("worker"), bed.program("floors.forward", ASKED.name, TOLD.name)):
        async with _way(bed, RESOURCE_COMMANDS, RESOURCE_FACTS) as ours, _way(bed, ASKED, TOLD) as floor:
            for way in (ours, floor):
                await way.warm(bed)
            for n in range(bed.rounds(ROUNDS)):
                for rate in RATES:
                    for who, way in (("floor", floor), ("ours", ours)):
                        bed.say(f"{rate:,} commands a second: {who}")
                        times[who, rate] += await way.times(rate, bed.seconds(SECONDS[rate]), f"{n}-{rate}")
    return [
        Reading(1000 * percentile(times["ours", rate], share), 1000 * percentile(times["floor", rate], share))
        for rate in RATES
        for share in (0.5, 0.99)
    ]


class Way:
    """From one topic to another through whatever program runs in between, seen from both ends."""

    def __init__(self, producer: Any, consumer: Any, asked: Topic) -> None:
        self._producer = producer
        self._consumer = consumer
        self._asked = asked
        self._due: dict[bytes, deque[float]] = defaultdict(deque)
        self._left = 0
        self._seen: list[float] = []
        self._all_seen = asyncio.Event()

    async def times(self, rate: float, seconds: float, prefix: str) -> list[float]:
        """Ask commands at a rate; give the seconds from when each was due until its fact was seen."""
        count = max(1, int(rate * seconds))
        letters = list(commands.letters(commands.mixed(count, max(1, count // 4), prefix)))
        self._seen, self._left = [], count
        self._all_seen.clear()
        following = asyncio.create_task(self._follow())
        sent = iter(letters)
        async for due in paced(rate, seconds):
            await self._send(next(sent), due)
        await self._all_seen.wait()
        following.cancel()
        return self._seen

    async def warm(self, bed: Bed) -> None:
        """Go the way until every process on it is at work."""
        await self.times(100, bed.seconds(3), "warm")

    async def _send(self, letter: Letter, due: float) -> None:
        self._due[letter.key].append(due)
        await commands.send(self._producer, self._asked, letter)

    async def _follow(self) -> None:
        while self._left:
            fetched = await self._consumer.getmany(timeout_ms=1000)
            now = perf_counter()
            for records in fetched.values():
                for record in records:
                    # Facts of a subject keep the order of its commands.
                    self._seen.append(now - self._due[record.key].popleft())
                    self._left -= 1
        self._all_seen.set()


@asynccontextmanager
async def _way(bed: Bed, asked: Topic, told: Topic) -> AsyncIterator[Way]:
    async with commands.producer(bed.settings) as producer, kafka.looking(bed.settings) as consumer:
        consumer.assign(kafka.places(told))
        await consumer.seek_to_end()
        yield Way(producer, consumer, asked)
