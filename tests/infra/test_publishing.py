"""What is told is heard in order, and whoever is away keeps nobody waiting."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from redis.asyncio import Redis

from infra import redis
from infra.publishing import MOST, Publishing
from infra.settings import Settings


@pytest.fixture
async def cache(stack: Settings) -> AsyncIterator[Redis]:
    async with redis.client(stack) as client:
        yield client


async def test_what_is_told_on_each_channel_is_heard_in_order(cache: Redis) -> None:
    publishing = Publishing(cache)
    async with cache.pubsub() as heard:
        await heard.subscribe("test.a", "test.b")
        for _ in range(2):
            await heard.get_message(timeout=5)
        for n in range(20):
            publishing.tell(f"test.{'ab'[n % 2]}", {"n": n})
            await asyncio.sleep(0.001 * (n % 3))
        await publishing.stop()
        told: dict[bytes, list[int]] = {b"a": [], b"b": []}
        while (message := await heard.get_message(timeout=0.5)) is not None:
            told[message["channel"][-1:]] += [each["n"] for each in orjson.loads(message["data"])]
    assert told == {b"a": list(range(0, 20, 2)), b"b": list(range(1, 20, 2))}


async def test_what_waits_is_told_at_once(cache: Redis) -> None:
    publishing = Publishing(cache)
    async with cache.pubsub() as heard:
        await heard.subscribe("test.c")
        await heard.get_message(timeout=5)
        for n in range(3):
            publishing.tell("test.c", {"n": n})
        await publishing.stop()
        message = await heard.get_message(timeout=5)
        assert message is not None
        assert orjson.loads(message["data"]) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_what_cannot_be_told_keeps_nothing_else_from_being_told(cache: Redis) -> None:
    publishing = Publishing(cache)
    async with cache.pubsub() as heard:
        await heard.subscribe("test.d")
        await heard.get_message(timeout=5)
        publishing.tell("test.e", {"n": 2**70})
        publishing.tell("test.d", {"n": 1})
        await publishing.stop()
        message = await heard.get_message(timeout=5)
        assert message is not None
        assert orjson.loads(message["data"]) == [{"n": 1}]


async def test_a_redis_that_is_away_keeps_nobody_waiting_and_little_is_kept_for_it() -> None:
    async with redis.client(Settings(redis_url="redis://127.0.0.1:1")) as nowhere:
        publishing = Publishing(nowhere)
        for n in range(2 * MOST):
            publishing.tell(f"{n}", {"n": n})
        assert len(publishing._untold) == MOST
        await publishing.stop()
        assert not publishing._untold
