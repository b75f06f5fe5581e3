"""Tells outcomes to the doors that wait, over Redis; a reply that is lost is found in the read model instead."""

import asyncio
from collections import defaultdict

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.message import Outcome

log = structlog.get_logger()


class RedisReplies:
    """One PUBLISH per waiting door and turn of the loop: an array of outcomes as JSON."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._untold: dict[str, list[Outcome]] = defaultdict(list)
        self._telling: asyncio.Task[None] | None = None

    def tell(self, channel: str, outcome: Outcome) -> None:
        self._untold[channel].append(outcome)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        while self._untold:
            channel, outcomes = self._untold.popitem()
            try:
                await self._redis.publish(channel, orjson.dumps([outcome.model_dump() for outcome in outcomes]))
            except (RedisError, OSError) as error:
                log.warning("could not tell outcomes", outcomes=len(outcomes), error=str(error))
