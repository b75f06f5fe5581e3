"""The tarpit: who fails to sign in again and again waits longer and longer, and is never refused.

Attempts are counted before the password is looked at, so that a hundred at once are a hundred; in Redis, by account and
by network address. Each process counts by itself too, and goes by that while Redis is away.
"""

import asyncio
import time
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra import telemetry
from infra.auth.recent import Recent
from infra.network import Secret, disguised, neighbourhood
from schemas.problems import Problem

REMEMBERED_S: Final = 15 * 60
"""After the last attempt."""

FREE: Final = 5
"""From so many attempts on there is a second to wait, and another one for every so many more."""

LONGEST_S: Final = 10

PATIENCE: Final = 1.0
"""Seconds that Redis has to answer; checking the password takes a while anyway."""

COUNTED_HERE: Final = 20_000

COUNT: Final = """
local counts = {}
for number, key in ipairs(KEYS) do
    counts[number] = redis.call('INCR', key)
    redis.call('EXPIRE', key, ARGV[1])
end
return counts
"""

FORGIVE: Final = """
redis.call('DEL', KEYS[1])
if (tonumber(redis.call('GET', KEYS[2])) or 0) > 0 then
    redis.call('DECR', KEYS[2])
end
"""

log = telemetry.log(__name__)


class Attempts(NamedTuple):
    made: int
    until: float


class Tarpit:
    """Counts attempts to sign in."""

    def __init__(self, redis: Redis, secret: Secret) -> None:
        self._secret = secret
        self._count: Any = redis.register_script(COUNT)
        self._forgive: Any = redis.register_script(FORGIVE)
        self._here: Recent[str, Attempts] = Recent(COUNTED_HERE)

    async def begin(self, account: str, network: str) -> float:
        """Count an attempt at an account, or at the digest of what is none, and give the seconds that it must wait."""
        names = _names(account, network)
        here = [self._count_here(name) for name in names]
        counts = await self._ask(self._count, names, [REMEMBERED_S])
        return float(min(LONGEST_S, max(counts or here) // FREE))

    async def succeeded(self, account: str, network: str) -> None:
        """Forget the attempts at an account, whose owner this was, and this one of its network address."""
        own, place = _names(account, network)
        await self._ask(self._forgive, (own, place), [])
        self._here.forget(own)
        here = self._here.get(place)
        if here is not None:
            self._here.keep(place, here._replace(made=max(0, here.made - 1)))

    async def _ask(self, script: Any, names: tuple[str, str], arguments: list[int]) -> Any:
        """Run a script in Redis; None if Redis is away."""
        try:
            async with asyncio.timeout(PATIENCE):
                secret = await self._secret()
                return await script([f"annal:tarpit:{disguised(secret, name)}" for name in names], arguments)
        except (RedisError, OSError, TimeoutError, Problem) as error:
            log.warning("attempts are counted here", error=f"{type(error).__name__}: {error}")
            return None

    def _count_here(self, name: str) -> int:
        now = time.monotonic()
        known = self._here.get(name)
        made = known.made + 1 if known is not None and now < known.until else 1
        self._here.keep(name, Attempts(made, now + REMEMBERED_S))
        return made


def _names(account: str, network: str) -> tuple[str, str]:
    return f"account:{account}", f"network:{neighbourhood(network)}"
