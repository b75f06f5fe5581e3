"""The tarpit: who guesses waits, who knows does not for long, and nobody is kept out."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from infra import redis
from infra.auth.tarpit import PATIENCE, REMEMBERED_S, Tarpit
from infra.settings import Settings

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


async def secret() -> bytes:
    return b"s" * 32


@pytest.fixture
async def cache(stack: Settings) -> AsyncIterator[Redis]:
    async with redis.client(stack) as cache:
        await cache.flushdb()
        yield cache


@pytest.fixture(params=["with Redis", "without"])
async def tarpit(request: pytest.FixtureRequest, cache: Redis) -> AsyncIterator[Tarpit]:
    async with redis.client(Settings(redis_url="redis://127.0.0.1:1")) as nowhere:
        yield Tarpit(cache if request.param == "with Redis" else nowhere, secret)


async def tried(tarpit: Tarpit, times: int, account: str = "alice", network: str = HOME) -> list[float]:
    return [await tarpit.begin(account, network) for _ in range(times)]


async def test_the_first_four_failures_cost_nothing_and_each_five_more_a_second_up_to_ten(cache: Redis) -> None:
    assert (
        await tried(Tarpit(cache, secret), 60)
        == [0] * 4 + [second for second in range(1, 10) for _ in range(5)] + [10] * 11
    )


async def test_a_hundred_at_once_are_a_hundred(cache: Redis) -> None:
    doors = [Tarpit(cache, secret), Tarpit(cache, secret)]
    waits = await asyncio.gather(*(doors[n % 2].begin("alice", HOME) for n in range(100)))
    assert sorted(waits)[-51:] == [10] * 51


async def test_an_account_is_slow_for_whoever_tries_it_and_a_network_for_whatever_it_tries(tarpit: Tarpit) -> None:
    await tried(tarpit, 5)
    assert await tarpit.begin("alice", ELSEWHERE) == 1
    assert await tarpit.begin("bob", HOME) == 1
    assert await tarpit.begin("bob", ELSEWHERE) == 0


async def test_who_succeeds_begins_anew(tarpit: Tarpit) -> None:
    await tried(tarpit, 9)
    assert await tarpit.begin("alice", ELSEWHERE) == 2
    await tarpit.succeeded("alice", ELSEWHERE)
    assert await tarpit.begin("alice", ELSEWHERE) == 0


async def test_a_success_does_not_wash_a_network_clean(tarpit: Tarpit) -> None:
    await tried(tarpit, 4, "bob")
    assert await tarpit.begin("alice", HOME) == 1
    await tarpit.succeeded("alice", HOME)
    assert await tarpit.begin("carol", HOME) == 1


async def test_people_who_share_a_network_and_know_their_passwords_never_wait(tarpit: Tarpit) -> None:
    for n in range(20):
        assert await tarpit.begin(f"a{n}", HOME) == 0
        await tarpit.succeeded(f"a{n}", HOME)


async def test_a_success_whose_attempt_is_forgotten_owes_nothing(cache: Redis) -> None:
    tarpit = Tarpit(cache, secret)
    await tarpit.succeeded("alice", HOME)
    assert await cache.keys() == []
    assert await tried(tarpit, 5) == [0, 0, 0, 0, 1]


async def test_attempts_are_forgotten_a_while_after_the_last(cache: Redis) -> None:
    tarpit = Tarpit(cache, secret)
    await tried(tarpit, 1)
    keys = await cache.keys()
    for key in keys:
        await cache.expire(key, 10)
    await tried(tarpit, 1)
    assert [REMEMBERED_S - 5 < await cache.ttl(key) <= REMEMBERED_S for key in keys] == [True, True]


async def test_no_network_and_no_account_stands_in_redis(cache: Redis) -> None:
    await tried(Tarpit(cache, secret), 1)
    assert len(keys := await cache.keys()) == 2
    assert "alice" not in str(keys)
    assert HOME not in str(keys)


async def test_another_deployment_disguises_otherwise(cache: Redis) -> None:
    async def other() -> bytes:
        return b"o" * 32

    await tried(Tarpit(cache, secret), 5)
    assert await tried(Tarpit(cache, other), 1) == [0]


async def test_nobody_waits_long_for_redis(cache: Redis) -> None:
    del cache
    async with redis.client(Settings(redis_url="redis://127.0.0.1:1")) as nowhere:
        began = time.monotonic()
        await tried(Tarpit(nowhere, secret), 1)
        assert time.monotonic() - began < PATIENCE * 2
