"""How much callers may ask: token buckets that all doors share in Redis, spent from small loans that each holds.

A door borrows a tenth of what a bucket holds, spends it without asking anybody, and after a second gives back what is
left. So over any time no more gets in than the bucket holds, what comes in meanwhile, and one loan for each process.
While Redis is away each process has a bucket of its own, of the same size: nobody is refused because of Redis, and
nobody waits longer for it than PATIENCE.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple

from prometheus_client import Gauge
from redis.asyncio import Redis

from infra import telemetry
from infra.auth import Caller
from infra.auth.recent import Recent
from infra.network import Secret, disguised, neighbourhood
from infra.policies import ACCOUNT, ADDRESS, CODES, LISTEN, LISTENED, TIGHT, Policy, of_key
from schemas.problems import Problem

PATIENCE: Final = 0.25
"""Seconds that a request waits for Redis."""

AWAY: Final = 1.0
"""Seconds until Redis is asked again after it did not answer."""

LENT_FOR: Final = 1.0
"""Seconds until what is left of a loan goes back."""

BUCKETS_KEPT: Final = 20_000

LOCAL = Gauge("annal_rate_limits_local", "1 while Redis is away and this process counts requests by itself")

BORROW: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local answers = {}
for number, key in ipairs(KEYS) do
    local rate, burst, back, want = unpack(ARGV, 4 * number - 3, 4 * number)
    local was = redis.call('HMGET', key, 'tokens', 'at')
    local since = math.max(0, now - (tonumber(was[2]) or now))
    local tokens = math.min(burst, (tonumber(was[1]) or burst) + since * rate + back)
    local lent = math.min(want, math.floor(tokens))
    redis.call('HSET', key, 'tokens', tokens - lent, 'at', now)
    redis.call('PEXPIRE', key, math.ceil((burst - tokens + lent) / rate) + 1000)
    answers[number] = {lent, tostring(tokens - lent)}
end
return answers
"""
"""Fills each bucket by what came in (`rate` a millisecond) and what comes back, and lends what is there of `want`."""

log = telemetry.log(__name__)


class Bucket(NamedTuple):
    """One policy for one caller; `of` names the caller, and reaches Redis in disguise."""

    policy: Policy
    of: str


class Allowance(NamedTuple):
    """Whether one may ask; how many times more, by what is known here; and the seconds until all of it is there again.

    For who may not, the seconds are those until asking again makes sense.
    """

    allowed: bool
    remaining: int
    reset: int


class Waiting(NamedTuple):
    cost: int
    since: float
    told: asyncio.Future[Allowance]


@dataclass(slots=True)
class Loan:
    """`tokens` may be spent for a second after `at`; then `left` were left in the bucket."""

    policy: Policy
    left: float
    at: float
    tokens: int = 0
    waiting: list[Waiting] = field(default_factory=list)

    def spend(self, cost: int, now: float) -> Allowance | None:
        """Say whether there are tokens, and take them; None if the bucket may have more than is known here."""
        if now - self.at >= LENT_FOR:
            return None
        policy = self.policy
        there = min(policy.burst, self.tokens + self.left + (now - self.at) * policy.rate)
        if cost <= self.tokens:
            self.tokens -= cost
            return Allowance(True, int(there) - cost, math.ceil((policy.burst - there + cost) / policy.rate))
        if cost <= there:
            return None
        return Allowance(False, 0, max(1, math.ceil((cost - there) / policy.rate)))

    def borrow_here(self, back: int, want: int, now: float) -> tuple[int, float]:
        """Do to what is known of the bucket what Redis would do to the bucket."""
        there = min(self.policy.burst, self.left + (now - self.at) * self.policy.rate + back)
        lent = min(want, math.floor(there))
        return lent, there - lent


class Wish(NamedTuple):
    """What is asked of a bucket for all who wait for it."""

    bucket: Bucket
    loan: Loan
    waiting: list[Waiting]
    back: int
    want: int


class Limits:
    """Lets requests in, or says when they may come again."""

    def __init__(self, redis: Redis, secret: Secret, *, on: bool = True) -> None:
        self._on = on
        self._secret = secret
        self._borrow: Any = redis.register_script(BORROW)
        self._loans: Recent[Bucket, Loan] = Recent(BUCKETS_KEPT)
        self._wanted: dict[Bucket, Loan] = {}
        self._asking: asyncio.Task[None] | None = None
        self._away_until = 0.0

    async def admit(self, buckets: Sequence[Bucket]) -> list[tuple[bytes, bytes]]:
        """Take a token of each bucket, and give headers that say so on the answer. Raises Problem if one has none."""
        if not self._on:
            return []
        begun = [self._begin(bucket, 1) for bucket in buckets]
        taken = [each if isinstance(each, Allowance) else await each for each in begun]
        policies = tuple([bucket.policy for bucket in buckets])
        headers = {"RateLimit-Policy": _policies(policies), "RateLimit": _state(policies, taken)}
        waits = [allowance.reset for allowance in taken if not allowance.allowed]
        if waits:
            wait = max(waits)
            told = f"You ask more often than you may; ask again in {wait} s."
            raise Problem("rate_limited", told, headers={"Retry-After": str(wait), **headers})
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def take(self, bucket: Bucket, cost: int = 1) -> Allowance:
        """Take tokens of a bucket, if it has them."""
        begun = self._begin(bucket, cost)
        return begun if isinstance(begun, Allowance) else await begun

    def _begin(self, bucket: Bucket, cost: int) -> "Allowance | asyncio.Future[Allowance]":
        """Take tokens now if that can be told here; those who must wait for Redis wait for one answer together."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        loan = self._loans.get(bucket)
        if loan is None:
            loan = Loan(bucket.policy, bucket.policy.burst, now - LENT_FOR)
            self._loans.keep(bucket, loan)
        allowance = loan.spend(cost, now)
        if allowance is not None:
            return allowance
        waiting = Waiting(cost, now, loop.create_future())
        loan.waiting.append(waiting)
        self._wanted[bucket] = loan
        if self._asking is None:
            self._asking = loop.create_task(self._ask())
        return waiting.told

    async def _ask(self) -> None:
        """Borrow until nobody waits."""
        clock = asyncio.get_running_loop().time
        while self._wanted:
            wishes = [_wish(bucket, loan) for bucket, loan in self._wanted.items()]
            self._wanted = {}
            answers = await self._borrowed(wishes)
            now = clock()
            for number, (_, loan, waiting, back, want) in enumerate(wishes):
                lent, left = answers[number] if answers else loan.borrow_here(back, want, now)
                loan.tokens, loan.left, loan.at = lent, float(left), now
                for cost, _, told in waiting:
                    if not told.done():
                        told.set_result(loan.spend(cost, now) or Allowance(False, 0, 1))
        self._asking = None

    async def _borrowed(self, wishes: Sequence[Wish]) -> list[tuple[int, bytes]] | None:
        """Ask Redis for tokens of each bucket; None while it is away."""
        clock = asyncio.get_running_loop().time
        if clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout_at(min(wish.waiting[0].since for wish in wishes) + PATIENCE):
                secret = await self._secret()
                keys = [f"annal:rate:{disguised(secret, f'{policy.name}:{of}')}" for (policy, of), *_ in wishes]
                said = [(loan.policy.rate / 1000, loan.policy.burst, back, want) for _, loan, _, back, want in wishes]
                lent: list[tuple[int, bytes]] = await self._borrow(keys, list(chain.from_iterable(said)))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is refused because of it
            self._leave(clock(), error)
            return None
        self._away_until = 0.0
        LOCAL.set(0)
        return lent

    def _leave(self, now: float, error: Exception) -> None:
        if not self._away_until:
            log.warning("requests are counted here", error=f"{type(error).__name__}: {error}")
        self._away_until = now + AWAY
        LOCAL.set(1)


def buckets(caller: Caller | None, network: str | None, method: str, path: str) -> list[Bucket]:
    """Say what a request takes a token of: where it comes from, who asks, and what it asks for."""
    place = neighbourhood(network)
    found = _usual(place) if caller is None else _usual(place, caller.actor.id, caller.key, caller.per_minute)
    if path == LISTENED:
        return [*found, Bucket(LISTEN, place if caller is None else caller.actor.id)]
    return [*found, Bucket(TIGHT[path], place)] if method == "POST" and path in TIGHT else [*found]


def codes(account: str) -> Bucket:
    """Say what a code of an account takes a token of."""
    return Bucket(CODES, account)


@lru_cache(maxsize=BUCKETS_KEPT)
def _usual(
    place: str, account: str | None = None, key: str | None = None, per_minute: int | None = None
) -> tuple[Bucket, ...]:
    """Say what every request of a caller takes a token of."""
    found = [Bucket(ADDRESS, place)]
    if account is not None:
        found.append(Bucket(ACCOUNT, account))
    if key is not None and per_minute is not None:
        found.append(Bucket(of_key(per_minute), key))
    return tuple(found)


def _wish(bucket: Bucket, loan: Loan) -> Wish:
    """Take from a loan who waits and what is left."""
    want = max(loan.policy.loan, sum(one.cost for one in loan.waiting))
    wish = Wish(bucket, loan, loan.waiting, loan.tokens, want)
    loan.waiting, loan.tokens = [], 0
    return wish


@lru_cache(maxsize=1000)
def _policies(policies: tuple[Policy, ...]) -> str:
    return ", ".join(f'"{policy.name}";q={policy.per_minute};w=60' for policy in policies)


def _state(policies: Sequence[Policy], allowances: Sequence[Allowance]) -> str:
    pairs = zip(policies, allowances, strict=True)
    return ", ".join([f'"{policy.name}";r={one.remaining};t={one.reset}' for policy, one in pairs])
