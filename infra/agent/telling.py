"""What goes on in conversations, told over Redis to whoever listens: all that waits to be told goes out at once."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent.telling import CHANNEL, Event
from infra import telemetry

MOST = 1_000
"""Conversations of which something is untold; while Redis keeps us waiting nothing is kept for more."""

log = telemetry.log(__name__)


class Telling:
    """Tells in order, and keeps nobody waiting: what is told is on record soon, and nobody must hear it."""

    def __init__(self, cache: Redis) -> None:
        self._cache = cache
        self._untold: dict[str, list[Event]] = defaultdict(list)
        self._publishing: asyncio.Task[None] | None = None

    async def tell(self, conversation_id: str, events: Sequence[Event]) -> None:
        if len(self._untold) < MOST or conversation_id in self._untold:
            self._untold[conversation_id] += events
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish())

    async def stop(self) -> None:
        """Tell what is untold still."""
        if self._publishing is not None:
            await self._publishing

    async def _publish(self) -> None:
        while self._untold:
            untold, self._untold = self._untold, defaultdict(list)
            try:
                async with self._cache.pipeline(transaction=False) as published:
                    for conversation_id, events in untold.items():
                        published.publish(CHANNEL + conversation_id, orjson.dumps(events))
                    await published.execute()
            except (RedisError, OSError) as error:
                log.warning("nobody hears the agent for now", reason=str(error))
