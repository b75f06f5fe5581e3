"""The kinds as far as `kind.facts` has been read: what the door fills in, and what resources are checked against."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.ending import ended
from infra.ends import Ends
from schemas import topics, wire
from schemas.journal import Chain, before
from schemas.kind import DOMAIN, KindDefined
from schemas.message import JsonObject
from streams.held import held
from streams.records import Kinds, KindsBehind

log = structlog.get_logger()

AGAIN_MS = 1000
"""How long one fetch may wait for a record; what is no record ends none."""

PATIENCE = 0.5
"""Seconds between attempts while the broker cannot be reached."""


class KindsUpTo(Mapping[tuple[str, int], JsonObject]):
    """The kinds defined at or before a position: two workers looking at different times see the same."""

    def __init__(self, defined: Mapping[tuple[str, int], tuple[int, JsonObject]], position: int) -> None:
        self._defined = defined
        self._position = position

    def __getitem__(self, kind: tuple[str, int]) -> JsonObject:
        position, schema = self._defined[kind]
        if position > self._position:
            raise KeyError(kind)
        return schema

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return (kind for kind, (position, _) in self._defined.items() if position <= self._position)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class FollowedKinds:
    """Follows `kind.facts` from its beginning; kinds are few, so all of them are held in memory."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._connection = connection
        self._ends = Ends(connection)
        self._place = TopicPartition(topics.facts(DOMAIN.name), 0)
        self._defined: dict[tuple[str, int], tuple[int, JsonObject]] = {}
        self._newest: dict[str, tuple[int, int]] = {}
        self._chain = Chain()
        self._next = 0
        self._sought = -1
        self._moved = asyncio.Condition()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            await ended(self._following)
        await self._ends.stop()

    @property
    def position(self) -> int | None:
        """The place of the last record that has been read."""
        return self._next - 1 if self._next else None

    def newest(self, kind: str) -> tuple[int, int] | None:
        """Give the newest version of a kind and the position of its definition, as far as has been read."""
        return self._newest.get(kind)

    def at(self, position: int | None) -> Kinds:
        """Give the kinds up to a position; none for None. Raises KindsBehind."""
        if position is None:
            return {}
        if position >= self._next and position > self._sought:
            raise KindsBehind(position)
        return KindsUpTo(self._defined, position)

    async def reach(self, position: int | None = None) -> None:
        """Read at least to a position, or to the end when there is none such; without one, to what is the end now."""
        _, end = await held(self._ends, self._place)
        wanted = end if position is None else min(end, position + 1)
        async with self._moved:
            await self._moved.wait_for(lambda: self._next >= wanted)
        if position is not None:
            self._sought = max(self._sought, position)

    async def _follow(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(**self._connection, enable_auto_commit=False, auto_offset_reset="none")
            try:
                await consumer.start()
                consumer.assign([self._place])
                consumer.seek(self._place, self._next)
                while True:
                    for record in (await consumer.getmany(timeout_ms=AGAIN_MS)).get(self._place, ()):
                        self._take(record)
                    # Not the last record's: offsets may be taken by what is none, such as the end of a transaction.
                    self._next = await consumer.position(self._place)
                    async with self._moved:
                        self._moved.notify_all()
            except (KafkaError, OSError) as error:
                log.warning("cannot follow the kinds, trying again", error=str(error))
                await asyncio.sleep(PATIENCE)
            finally:
                await consumer.stop()

    def _take(self, record: Any) -> None:
        """Take one record of the journal; void records only move the place."""
        if self._chain.take(before(record.headers), record.key or b"", record.value or b""):
            recorded = wire.decode_fact(record.value)
            fact, kind = recorded.fact, recorded.meta.subject
            if isinstance(fact, KindDefined):
                self._defined[kind, fact.kind_version] = (record.offset, fact.json_schema)
                self._newest[kind] = (fact.kind_version, record.offset)
