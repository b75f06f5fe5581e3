"""Whether the servers and the doors that the settings name answer."""

import asyncio
import urllib.request
from urllib.error import HTTPError

from infra import kafka, postgres, redis
from infra.settings import Settings, Unusable


async def reach(settings: Settings) -> None:
    """Raise Unusable for the first server that does not answer."""
    await asyncio.gather(kafka.check(settings), postgres.check(settings), redis.check(settings))


async def agree(settings: Settings) -> None:
    """Write and read with the ids of the Schema Registry, if the settings name one. Raises Unusable."""
    # Whoever only asks for the doors need not wait for every schema to be read.
    from schemas import registration  # noqa: PLC0415

    try:
        await registration.agree(settings.schema_registry_url)
    except registration.Unregistrable as error:
        raise Unusable(str(error)) from error


async def reach_named(settings: Settings) -> None:
    """Raise Unusable for the first server that has an address and does not answer there."""
    named = {
        kafka.check: settings.kafka_bootstrap,
        postgres.check: settings.postgres_url,
        redis.check: settings.redis_url,
    }
    await asyncio.gather(*(check(settings) for check, address in named.items() if address))


def door(settings: Settings) -> str:
    """The address of the doors."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def unready(settings: Settings) -> str | None:
    """Nothing if the doors say that everything behind them works, else what they say."""
    return _unready(door(settings))


def unready_behind(settings: Settings) -> str | None:
    """Nothing if worker and projections of this machine say that they are at work, else what they say."""
    ports = (settings.worker_port, settings.project_port)
    return next((said for port in ports if (said := _unready(f"http://127.0.0.1:{port}")) is not None), None)


def ready(settings: Settings) -> bool:
    return unready(settings) is None


def _unready(address: str) -> str | None:
    try:
        urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310 - our own address
    except HTTPError as refusal:
        with refusal:
            return refusal.read().decode(errors="replace")
    except OSError:
        return f"nobody answers at {address}"
    return None
