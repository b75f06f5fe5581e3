"""What somebody may wait to hear at once, told over Redis: all that waits to be told goes out together."""

from asyncio import Task, create_task
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from infra import telemetry

MOST = 1_000
"""Channels of which something is untold; while Redis keeps us waiting nothing is kept for more."""

log = telemetry.log(__name__)


class Publishing:
    """Tells in the order of each channel, an array of JSON at a time, and keeps nobody waiting.

    What is told is on record: whoever does not hear it finds it there.
    """

    def __init__(self, cache: Redis) -> None:
        self._cache = cache
        self._untold: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._publishing: Task[None] | None = None

    def tell(self, channel: str, *told: Mapping[str, Any]) -> None:
        if len(self._untold) < MOST or channel in self._untold:
            self._untold[channel] += told
        if self._publishing is None or self._publishing.done():
            self._publishing = create_task(self._publish())

    async def stop(self) -> None:
        """Tell what is untold still."""
        if self._publishing is not None:
            await self._publishing

    async def _publish(self) -> None:
        while self._untold:
            untold, self._untold = self._untold, defaultdict(list)
            try:
                async with self._cache.pipeline(transaction=False) as published:
                    for channel, told in untold.items():
                        _publish(published, channel, told)
                    await published.execute()
            except (RedisError, OSError) as error:
                log.warning("nobody is told for now", channels=len(untold), reason=str(error))


def _publish(published: Pipeline, channel: str, told: Sequence[Mapping[str, Any]]) -> None:
    """Have an array told; what cannot be said in JSON keeps nothing else from being told."""
    try:
        published.publish(channel, orjson.dumps(told))
    except orjson.JSONEncodeError as error:
        log.warning("this cannot be told", channel=channel, reason=str(error))
