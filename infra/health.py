"""Whether the doors can do their work: Kafka and its topics, PostgreSQL, Redis, and how far the read models are."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra import postgres
from infra.auth.known import Known
from infra.ends import Ends
from infra.settings import Settings
from infra.topics import expected
from projections.read_models import READ_MODELS
from schemas import topics
from schemas.problems import Problem, answers

PATIENCE = 3.0
"""Seconds a server has to answer."""

REMEMBERED = 1.0
"""Seconds that a report is given again: anybody may ask, and each new one opens connections."""

BEHIND_AT_MOST = 10_000
"""Facts of one partition that a read model may lack."""

Check = Callable[[], Awaitable[str]]
Report = dict[str, dict[str, Any]]


class Unwell(Exception):  # noqa: N818 - an answer to a question
    """What is wrong, in one sentence."""


class Health:
    """Asks every server. Redis may be gone: answers are slower then, and none is missing."""

    def __init__(self, settings: Settings, redis: Redis, ends: Ends, known: Known) -> None:
        self._settings = settings
        self._redis = redis
        self._ends = ends
        self._known = known
        self._asking = asyncio.Lock()
        self._reported: tuple[bool, Report] | None = None
        self._reported_at = 0.0

    async def report(self) -> tuple[bool, Report]:
        """Say whether all is well that must be, and how each thing is, or was a moment ago."""
        loop = asyncio.get_running_loop()
        async with self._asking:
            if self._reported is None or loop.time() - self._reported_at > REMEMBERED:
                self._reported = await self._report()
                self._reported_at = loop.time()
            return self._reported

    async def _report(self) -> tuple[bool, Report]:
        checks: dict[str, Check] = {
            "callers": self._callers,
            "kafka": self._kafka,
            "postgres": self._postgres,
            "read_models": self._read_models,
            "redis": self._redis_answers,
        }
        told = await asyncio.gather(*map(_told, checks.values()))
        report = dict(zip(checks, told, strict=True))
        return all(one["well"] for name, one in report.items() if name != "redis"), report

    async def _callers(self) -> str:
        if not await self._known.ready():
            raise Unwell("It is not known yet what changed of accounts and sessions: nobody is let in before.")
        return "What changed of accounts and sessions is known."

    async def _kafka(self) -> str:
        there = await self._ends.topics()
        missing = [topic.name for topic in expected() if topic.name not in there]
        if missing:
            raise Unwell(f"Topics are missing, make them with `annal topics`: {', '.join(missing)}.")
        return "It answers, and has all topics."

    async def _postgres(self) -> str:
        async with await postgres.connect(self._settings):
            return "It answers."

    async def _redis_answers(self) -> str:
        await self._redis.ping()
        return "It answers."

    async def _read_models(self) -> str:
        async with await postgres.connect(self._settings) as connection:
            found = await connection.execute("SELECT projection, domain, partition, read_to FROM positions")
            read = {(name, domain, partition): read_to for name, domain, partition, read_to in await found.fetchall()}
        lacking = [
            f"{model.name} lacks {lacks} facts of {domain.name}:{partition}"
            for model in READ_MODELS
            for domain in model.domains
            for partition, end in enumerate(await self._ends.of(topics.facts(domain.name), range(domain.partitions)))
            if (lacks := end - 1 - read.get((model.name, domain.name, partition), -1)) > BEHIND_AT_MOST
        ]
        if lacking:
            raise Unwell(f"They are behind, see that `annal project` runs: {', '.join(lacking)}.")
        return f"None lacks more than {BEHIND_AT_MOST} facts of any partition."


def routes(health: Health) -> APIRouter:
    """Give the routes that machines ask."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Is the process alive?")
    async def alive() -> dict[str, bool]:
        return {"alive": True}

    @router.get("/readyz", summary="Can it do its work?", responses=answers("not_ready"))
    async def ready() -> dict[str, Any]:
        well, report = await health.report()
        if not well:
            failed = ", ".join(name for name, one in report.items() if not one["well"])
            raise Problem("not_ready", f"See to {failed}.", headers={"Retry-After": "1"}, checks=report)
        return {"ready": True, "checks": report}

    @router.get("/metrics", summary="Measurements for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


async def _told(check: Check) -> dict[str, Any]:
    try:
        async with asyncio.timeout(PATIENCE):
            return {"well": True, "detail": await check()}
    except Unwell as error:
        return {"well": False, "detail": str(error)}
    except TimeoutError:
        return {"well": False, "detail": f"It does not answer within {PATIENCE:.0f} seconds."}
    except psycopg.errors.UndefinedTable:
        return {"well": False, "detail": "There are no tables yet, make them with `annal project`."}
    except (KafkaError, RedisError, psycopg.Error, OSError) as error:
        return {"well": False, "detail": f"It cannot be used ({type(error).__name__}: {error})."}
