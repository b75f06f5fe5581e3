"""Whether the servers and the doors that the settings name answer."""

import asyncio
import urllib.request
from collections.abc import Coroutine
from typing import Any
from urllib.error import HTTPError

from infra import kafka, postgres, redis
from infra.ports import answers
from infra.settings import Settings, Unusable


async def reach(settings: Settings) -> None:
    """Raise Unusable for the first server that does not answer."""
    await _all(kafka.check(settings), postgres.check(settings), redis.check(settings))


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
    await _all(*(check(settings) for check, address in named.items() if address))


async def _all(*checks: Coroutine[Any, Any, None]) -> None:
    """Let every check end before the first that failed is told: none is left half-way."""
    for said in await asyncio.gather(*checks, return_exceptions=True):
        if said is not None:
            raise said


def door(settings: Settings) -> str:
    """The address of the doors."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def unready(settings: Settings) -> str | None:
    """Nothing if the doors say that everything behind them works, else what they say."""
    return _unready(door(settings))


def unready_behind(settings: Settings, *, agent: bool = False) -> str | None:
    """Nothing if worker, projections and, if asked for, the agent of this machine are at work, else what they say."""
    said = {name: _unready(_loopback(port)) for name, port in _behind(settings).items() if agent or name != "agent"}
    return next((f"the {name}: {what}" for name, what in said.items() if what is not None), None)


def here(settings: Settings) -> dict[str, str | None]:
    """What worker, projections and agent say, as in `unready`, those that run on this machine."""
    running = {name: port for name, port in _behind(settings).items() if answers(port)}
    return {f"{name} 127.0.0.1:{port}": _unready(_loopback(port)) for name, port in running.items()}


def ready(settings: Settings) -> bool:
    return unready(settings) is None


def _behind(settings: Settings) -> dict[str, int]:
    """Give the ports on which those who have no door show how they are."""
    return {"worker": settings.worker_port, "projections": settings.project_port, "agent": settings.agent_port}


def _loopback(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _unready(address: str) -> str | None:
    try:
        urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310 - our own address
    except HTTPError as refusal:
        with refusal:
            return refusal.read().decode(errors="replace")
    except OSError:
        return f"nobody answers at {address}"
    return None
