"""What the read door costs: a resource by its id, from PostgreSQL and from Redis, and of it knowing who asks."""

import asyncio
from collections.abc import Sequence

from infra import redis
from infra.bench import commands, facts, kafka
from infra.bench.bed import Bed
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
    return await _from_both(bed, ["floors.get", "postgres"], ["floors.get", "redis"])


@measures(
    Row("get.auth.postgres", "The same GET from PostgreSQL, of one without authentication", "requests/s", of_floor=0.7),
    Row("get.auth.redis", "The same from Redis", "requests/s", of_floor=0.7),
)
async def authenticated(bed: Bed) -> Sequence[Reading]:
    """The floor is our own doors, without the gate."""
    return await _from_both(bed, ["floors.unasked"], ["floors.unasked"])


async def _from_both(bed: Bed, postgres: Sequence[str], cache: Sequence[str]) -> list[Reading]:
    """Measure our doors beside a floor for each of what they read from; Redis is first, for both then know it all."""
    subjects = [f"invoice-{n}" for n in range(bed.count(RESOURCES))]
    await facts.none(bed)
    asked = [bed.request("GET", f"/v1/resources/{subject}") for subject in subjects]
    with bed.running(bed.role("project")):
        await _known(bed, subjects)
        with side_by_side(bed, *cache) as ports:
            from_redis = await rates(bed, ports, asked)
    async with redis.client(bed.settings) as emptied:
        await emptied.flushdb()
    with side_by_side(bed, *postgres) as ports:
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
