"""Limits: what gets in, what is told, and what happens while Redis is away."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from infra import redis
from infra.auth import TOKEN_PATH, Caller
from infra.limits import AWAY, LOCAL, PATIENCE, Bucket, Limits, buckets, codes
from infra.policies import ACCOUNT, ADDRESS, TIGHT, Policy, of_key
from infra.settings import Settings
from schemas.message import Actor
from schemas.problems import Problem

SLOW = Policy("slow", 6, 20)
"""A token each ten seconds: none comes in while a test runs, unless it waits for one."""

EXACT = Policy("exact", 6, 5)
QUICK = Policy("quick", 600, 2)

ALICE = Caller(Actor(id="alice"), (frozenset("*"),))


async def secret() -> bytes:
    return b"s" * 32


@pytest.fixture
async def cache(stack: Settings) -> AsyncIterator[Redis]:
    async with redis.client(stack) as cache:
        await cache.flushdb()
        yield cache


@pytest.fixture
async def nowhere() -> AsyncIterator[Redis]:
    async with redis.client(Settings(redis_url="redis://127.0.0.1:1")) as nowhere:
        yield nowhere
    LOCAL.set(0)


async def taken(limits: Limits, policy: Policy, times: int, of: str = "alice") -> int:
    """Ask so many times one after the other, and say how often it was allowed."""
    return sum([(await limits.take(Bucket(policy, of))).allowed for _ in range(times)])


async def test_a_bucket_gives_what_it_holds_and_no_more(cache: Redis) -> None:
    assert await taken(Limits(cache, secret), SLOW, 50) == 20


async def test_each_caller_has_a_bucket_for_each_policy(cache: Redis) -> None:
    limits = Limits(cache, secret)
    assert await taken(limits, SLOW, 50) == 20
    assert await taken(limits, SLOW, 50, of="bob") == 20
    assert await taken(limits, EXACT, 50) == 5


async def test_doors_share_a_bucket(cache: Redis) -> None:
    one, other = Limits(cache, secret), Limits(cache, secret)
    counts = [await taken(limits, SLOW, 1) for _ in range(20) for limits in (one, other)]
    assert sum(counts) == 20


async def test_who_asks_at_once_is_told_what_who_asks_one_by_one_is(cache: Redis) -> None:
    limits = Limits(cache, secret)
    allowances = await asyncio.gather(*(limits.take(Bucket(SLOW, "alice")) for _ in range(100)))
    assert sum(allowance.allowed for allowance in allowances) == 20


async def test_what_comes_in_may_be_taken_again(cache: Redis) -> None:
    limits = Limits(cache, secret)
    assert await taken(limits, QUICK, 10) == 2
    await asyncio.sleep(0.15)
    assert await taken(limits, QUICK, 10) == 1


async def test_a_loan_that_is_not_spent_goes_back(cache: Redis) -> None:
    one, other = Limits(cache, secret), Limits(cache, secret)
    loan = Policy("lent", 6, 100)
    assert await taken(one, loan, 1) == 1
    assert await taken(other, loan, 200) == 90
    await asyncio.sleep(1.05)
    assert await taken(one, loan, 200) == 9


async def test_most_requests_do_not_ask_redis(cache: Redis) -> None:
    limits = Limits(cache, secret)
    before = (await cache.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
    assert await taken(limits, Policy("large", 6, 10_000), 1000) == 1000
    after = (await cache.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before <= 3


async def test_who_is_refused_again_and_again_does_not_ask_redis_each_time(cache: Redis) -> None:
    limits = Limits(cache, secret)
    await taken(limits, EXACT, 6)
    before = (await cache.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert await taken(limits, EXACT, 100) == 0
    assert (await cache.info("commandstats"))["cmdstat_evalsha"]["calls"] == before


async def test_what_costs_more_takes_more(cache: Redis) -> None:
    limits, bucket = Limits(cache, secret), Bucket(SLOW, "alice")
    assert (await limits.take(bucket, 15)).allowed
    refused = await limits.take(bucket, 15)
    assert (refused.allowed, refused.reset) == (False, 100)
    assert (await limits.take(bucket, 5)).allowed


async def test_an_answer_says_what_is_left(cache: Redis) -> None:
    limits = Limits(cache, secret)
    headers = dict(await limits.admit([Bucket(SLOW, "alice"), Bucket(EXACT, "alice")]))
    assert headers == {
        b"ratelimit-policy": b'"slow";q=6;w=60, "exact";q=6;w=60',
        b"ratelimit": b'"slow";r=19;t=10, "exact";r=4;t=10',
    }


async def test_who_may_not_is_told_when_to_come_again(cache: Redis) -> None:
    limits = Limits(cache, secret)
    await taken(limits, EXACT, 5)
    with pytest.raises(Problem) as told:
        await limits.admit([Bucket(SLOW, "alice"), Bucket(EXACT, "alice")])
    assert (told.value.code, told.value.status) == ("rate_limited", 429)
    assert told.value.headers == {
        "Retry-After": "10",
        "RateLimit-Policy": '"slow";q=6;w=60, "exact";q=6;w=60',
        "RateLimit": '"slow";r=19;t=10, "exact";r=0;t=10',
    }


async def test_limits_may_be_off(nowhere: Redis) -> None:
    limits = Limits(nowhere, secret, on=False)
    assert [await limits.admit([Bucket(EXACT, "alice")]) for _ in range(10)] == [[]] * 10


async def test_redis_never_learns_who_it_was(cache: Redis) -> None:
    limits = Limits(cache, secret)
    await limits.admit(buckets(ALICE, "203.0.113.7", "GET", "/v1/kinds"))
    await limits.admit([codes("alice")])
    keys = await cache.keys()
    assert len(keys) == 3
    assert all(re.fullmatch(rb"annal:rate:[0-9a-f]{32}", key) for key in keys if isinstance(key, bytes))


async def test_redis_forgets_a_bucket_that_is_full_again(cache: Redis) -> None:
    await taken(Limits(cache, secret), SLOW, 1)
    (key,) = await cache.keys()
    assert 20_000 < await cache.pttl(key) <= 21_000


# ── Redis away ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_without_redis_a_process_has_buckets_of_its_own(nowhere: Redis) -> None:
    limits = Limits(nowhere, secret)
    assert await taken(limits, SLOW, 50) == 20
    assert await taken(limits, SLOW, 50, of="bob") == 20
    assert await taken(limits, QUICK, 10) == 2
    await asyncio.sleep(0.15)
    assert await taken(limits, QUICK, 10) == 1


async def test_nobody_waits_long_for_redis_and_metrics_say_that_it_is_away(nowhere: Redis) -> None:
    limits = Limits(nowhere, secret)
    assert LOCAL._value.get() == 0
    for _ in range(2):
        began = time.monotonic()
        await asyncio.gather(*(limits.take(Bucket(EXACT, f"a{n}")) for n in range(100)))
        assert time.monotonic() - began < PATIENCE * 2
        assert LOCAL._value.get() == 1
    began = time.monotonic()
    assert await taken(limits, EXACT, 1, of="quick") == 1
    assert time.monotonic() - began < PATIENCE


async def test_nobody_waits_long_for_a_redis_that_takes_connections_and_says_nothing() -> None:
    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with redis.client(Settings(redis_url=f"redis://127.0.0.1:{port}")) as mute:
        limits = Limits(mute, secret)
        began = time.monotonic()
        # Who comes while the first waits waits no longer than the first.
        first = asyncio.create_task(limits.take(Bucket(SLOW, "alice")))
        await asyncio.sleep(PATIENCE * 0.9)
        assert (await limits.take(Bucket(SLOW, "alice"))).allowed
        assert (await first).allowed
        assert time.monotonic() - began < PATIENCE * 1.8
    LOCAL.set(0)
    server.close()


async def test_a_secret_that_is_away_refuses_nobody(cache: Redis) -> None:
    async def away() -> bytes:
        raise Problem("postgres_unavailable", "Try again.")

    assert await taken(Limits(cache, away), SLOW, 50) == 20
    LOCAL.set(0)


async def test_redis_is_asked_again_when_it_may_be_back(cache: Redis) -> None:
    there = False

    async def returning() -> bytes:
        if not there:
            raise ConnectionError
        return await secret()

    limits = Limits(cache, returning)
    assert await taken(limits, SLOW, 15) == 15
    assert LOCAL._value.get() == 1
    there = True
    await asyncio.sleep(AWAY + 0.05)
    assert await taken(limits, SLOW, 1) == 1
    assert LOCAL._value.get() == 0
    assert len(await cache.keys()) == 1


# ── whose buckets ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_strangers_are_counted_by_their_address_alone() -> None:
    assert buckets(None, "203.0.113.7", "GET", "/v1/kinds") == [Bucket(ADDRESS, "203.0.113.7")]


def test_accounts_are_counted_wherever_they_are() -> None:
    assert Bucket(ACCOUNT, "alice") in buckets(ALICE, "203.0.113.7", "GET", "/v1/kinds")


def test_a_key_with_a_limit_of_its_own_is_counted_too() -> None:
    key = Caller(Actor(id="alice"), (), key="k1", per_minute=30)
    assert Bucket(of_key(30), "k1") in buckets(key, None, "GET", "/v1/kinds")
    assert of_key(30) == Policy("key", 30, 30)
    assert len(buckets(Caller(Actor(id="alice"), (), key="k1"), None, "GET", "/v1/kinds")) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/v1/sessions",
        TOKEN_PATH,
        "/v1/commands/account.open",
        "/v1/commands/account.ask_password_reset",
        "/v1/commands/account.reset_password",
        "/v1/commands/account.confirm_address_change",
    ],
)
def test_guessing_is_dear_also_to_who_has_an_account(path: str) -> None:
    tight = Bucket(TIGHT[path], "203.0.113.7")
    assert tight.policy.burst == 10
    assert tight in buckets(ALICE, "203.0.113.7", "POST", path)
    assert tight not in buckets(ALICE, "203.0.113.7", "GET", path)


def test_who_has_a_network_of_their_own_has_one_address() -> None:
    ((one,), (same,), (other,)) = (
        buckets(None, address, "GET", "/v1/kinds") for address in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")
    )
    assert one == same
    assert one != other
    assert buckets(None, "::ffff:203.0.113.7", "GET", "/") == buckets(None, "203.0.113.7", "GET", "/")


async def test_codes_of_an_account_run_out_wherever_they_come_from(cache: Redis) -> None:
    limits = Limits(cache, secret)
    for _ in range(10):
        await limits.admit([codes("alice")])
    with pytest.raises(Problem):
        await limits.admit([codes("alice")])
    await limits.admit([codes("bob")])
