"""What the read door costs: a resource by its id, from PostgreSQL and from Redis."""

import asyncio
from collections.abc import Sequence

from infra import redis
from infra.bench import commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.client import request
from infra.bench.heard import all_shown, hearing
from infra.bench.measure import Reading, Row, measures
from infra.bench.sides import rates, side_by_side
from projections import resource

RESOURCES = 2_000


@measures(
    Row("get.postgres", "GET by id from PostgreSQL, one process, 64 connections", "requests/s", of_floor=0.8),
    Row("get.redis", "The same from Redis", "requests/s", of_floor=0.8),
)
async def reading(bed: Bed) -> Sequence[Reading]:
    """The floors are FastAPI with a pool of psycopg's connections, and with Redis."""
    subjects = [f"invoice-{n}" for n in range(bed.count(RESOURCES))]
    await facts.none(bed)
    asked = [request("GET", f"/v1/resources/{subject}") for subject in subjects]
    with bed.running(bed.role("project")):
        await _known(bed, subjects)
        with side_by_side(bed, "floors.get", "redis") as ports:
            from_redis = await rates(bed, ports, asked)
    async with redis.client(bed.settings) as cache:
        await cache.flushdb()
    with side_by_side(bed, "floors.get", "postgres") as ports:
        return [await rates(bed, ports, asked), from_redis]


async def _known(bed: Bed, subjects: Sequence[str]) -> None:
    """Register resources, and wait until PostgreSQL and Redis know them."""
    bed.say("registering resources")
    async with hearing(bed.settings, resource.projection.name) as heard, kafka.looking(bed.settings) as consumer:
        with bed.running(bed.role("worker")):
            await commands.ask(bed, commands.letters(commands.registered(each, n) for n, each in enumerate(subjects)))
            await all_shown(consumer, heard, len(subjects))
    async with redis.client(bed.settings) as cache:
        documents = [f"annal:resource:{subject}" for subject in subjects]
        while None in await cache.mget(documents):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(kafka.LOOKED_EVERY)
