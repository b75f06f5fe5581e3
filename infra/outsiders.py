"""How far consumer groups are behind that read facts and are none of ours: in records, and in seconds."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from infra import kafka, telemetry
from infra.ending import ended
from infra.settings import Settings
from schemas import topics
from schemas.domains import DOMAINS

OURS = "annal."
"""How the groups of our own processes begin, which have measurements of their own."""

LOOK_EVERY = 15.0
MOST = 100
"""Groups that are looked at, in the order of their names: each is a label of a metric."""

PATIENCE = 10.0
FIRST_WITHIN = 2.0
"""Seconds for the first records that groups have not read."""

LAG_FACTS = Gauge("annal_group_lag_facts", "Records that a consumer group of others has not read", ["group"])
LAG_SECONDS = Gauge("annal_group_lag_seconds", "Age of the first record that it has not read", ["group"])

log = telemetry.log(__name__)

Offsets = Mapping[TopicPartition, int]


class GroupLag(NamedTuple):
    """What a group lacks of the journals that it reads."""

    group: str
    lag_facts: int
    lag_seconds: float


async def group_lags(settings: Settings, *, ours: bool = False) -> list[GroupLag]:
    """Measure the groups of others that read facts, and our own too if wanted. Raises KafkaError or OSError."""
    admin = AIOKafkaAdminClient(**kafka.connection(settings))
    consumer = AIOKafkaConsumer(**kafka.connection(settings), enable_auto_commit=False, auto_offset_reset="none")
    try:
        await admin.start()
        await consumer.start()
        there = sorted(name for name, *_ in await admin.list_consumer_groups() if ours or not name.startswith(OURS))
        committed = {name: await _committed(admin, name) for name in there[:MOST]}
        committed = {name: offsets for name, offsets in committed.items() if offsets}
        ends: Offsets = await consumer.end_offsets(list({place for each in committed.values() for place in each}))
        return [await _lag(consumer, name, offsets, ends) for name, offsets in committed.items()]
    finally:
        await admin.close()
        await consumer.stop()


async def _committed(admin: Any, group: str) -> dict[TopicPartition, int]:
    """Give how far a group has come in journals."""
    journals = {topics.facts(domain.name) for domain in DOMAINS}
    found = await admin.list_consumer_group_offsets(group)
    return {place: at.offset for place, at in found.items() if place.topic in journals and at.offset >= 0}


async def _lag(consumer: Any, group: str, offsets: Offsets, ends: Offsets) -> GroupLag:
    behind = {place: offset for place, offset in offsets.items() if offset < ends[place]}
    facts = sum(ends[place] - offset for place, offset in behind.items())
    oldest = await _oldest(consumer, behind) if behind else None
    return GroupLag(group, facts, round(max(0.0, time.time() - oldest / 1000), 3) if oldest is not None else 0.0)


async def _oldest(consumer: Any, offsets: Offsets) -> int | None:
    """Give the time of the oldest of these records, in milliseconds since 1970."""
    consumer.assign(list(offsets))
    for place, offset in offsets.items():
        consumer.seek(place, offset)
    times: dict[TopicPartition, int] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_WITHIN):
            while len(times) < len(offsets):
                left = [place for place in offsets if place not in times]
                for place, records in (await consumer.getmany(*left, timeout_ms=500, max_records=len(left))).items():
                    times.setdefault(place, records[0].timestamp)
    return min(times.values(), default=None)


class Outsiders:
    """Measures groups of others now and then, for metrics and for whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: list[GroupLag] = []
        self._known_at = float("-inf")
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)

    async def lags(self) -> list[GroupLag]:
        """Give how far groups are behind, or were a moment ago. Raises KafkaError or OSError."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now - self._known_at > 1:
                async with asyncio.timeout(PATIENCE):
                    self._known = await group_lags(self._settings)
                self._known_at = now
                self._measure()
            return self._known

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.lags()
            except (KafkaError, OSError, TimeoutError) as error:
                log.debug("cannot see how far groups of others are behind", error=f"{type(error).__name__}: {error}")

    def _measure(self) -> None:
        LAG_FACTS.clear()
        LAG_SECONDS.clear()
        for group, facts, seconds in self._known:
            LAG_FACTS.labels(group).set(facts)
            LAG_SECONDS.labels(group).set(seconds)
