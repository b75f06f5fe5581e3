"""How a process reaches Redis."""

import redis.asyncio as redis
from redis.exceptions import RedisError

from infra.settings import Settings, Unusable, address


def url(settings: Settings) -> str:
    return address(settings, "redis_url")


def client(settings: Settings) -> "redis.Redis":
    """A client that answers in bytes; over TCP, TLS or a unix socket, as the address says."""
    return redis.from_url(url(settings))


async def check(settings: Settings, patience: float = 10) -> None:
    """Raise Unusable unless Redis answers within `patience` seconds."""
    try:
        async with redis.from_url(
            url(settings), socket_connect_timeout=patience, socket_timeout=patience, retry=None
        ) as asked:
            await asked.ping()
    except (RedisError, OSError, ValueError) as error:
        raise Unusable(
            f"Redis at {shown(settings)} cannot be used ({str(error).rstrip('.')}): "
            "see that it runs and that ANNAL_REDIS_URL is right."
        ) from error


def shown(settings: Settings) -> str:
    """The address without the password."""
    return settings.redis_url.split("://", 1)[-1].rsplit("@", 1)[-1]
