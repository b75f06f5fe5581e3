"""Requests that wait for outcomes: workers tell them over a Redis channel that only this process listens to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uuid_utils
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.ending import ended
from schemas.message import Asked, Outcome
from schemas.problems import Problem

log = structlog.get_logger()

PATIENCE = 0.5
"""Seconds between attempts while Redis cannot be reached."""

_outcomes = TypeAdapter(tuple[Outcome, ...])


class Waiting:
    """What is waited for, by command id. A reply that is lost leaves a request waiting until its time is over."""

    def __init__(self, redis: Redis) -> None:
        self.channel = f"annal:reply:{uuid_utils.uuid7()}"
        self._redis = redis
        self._awaited: dict[str, tuple[str | None, set[asyncio.Future[Outcome]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._hearing = True

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)

    @contextmanager
    def for_outcome(self, asked: Asked) -> Iterator[asyncio.Future[Outcome]]:
        """Wait inside `with`; begin before asking, or the answer may come too early. Raises Problem."""
        command_id, digest = asked.meta.id, asked.meta.digest
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        first, futures = self._awaited.setdefault(command_id, (digest, set()))
        if digest != first:
            # Replies name the id alone: the first one would be taken for the answer to both.
            raise Problem("idempotency_key_reused", "Use a new Idempotency-Key: this one asks for something else now.")
        futures.add(future)
        try:
            yield future
        finally:
            futures.discard(future)
            if not futures:
                self._awaited.pop(command_id, None)

    def digest(self, command_id: str) -> str | None:
        """Give the fingerprint of what is waited for under an id."""
        return self._awaited[command_id][0]

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as error:
                if self._hearing:
                    log.warning("cannot hear outcomes; they are found in the read model meanwhile", error=str(error))
                self._hearing = False
            await asyncio.sleep(PATIENCE)

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(self.channel)
            self._hearing = True
            async for message in channel.listen():
                self._tell(message["data"])

    def _tell(self, said: bytes) -> None:
        try:
            outcomes = _outcomes.validate_json(said)
        except ValidationError:
            log.warning("heard something that is no outcome")
            return
        for outcome in outcomes:
            _, futures = self._awaited.get(outcome.command_id, (None, ()))
            for future in futures:
                if not future.done():
                    future.set_result(outcome)
