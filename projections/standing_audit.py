"""The standing audit: now and then a sample of what is read is compared with what the facts make."""

import asyncio
from collections import Counter
from typing import Any

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra import postgres, redis, telemetry
from infra.postgres import Connection
from infra.settings import Settings
from projections import documents, drift, drift_documents, metrics
from projections.drift import AUDITED, drifted

EVERY = 60.0
"""Seconds between two audits."""

ONE = 7_215_207
"""The advisory lock of the one process that audits; any number that nobody else uses."""

log = telemetry.log(__name__)


async def run(settings: Settings) -> None:
    """Audit until cancelled, in one process among as many as run."""
    while True:
        try:
            async with await postgres.connect(settings) as connection, redis.client(settings) as cache:
                await _audit_all(connection, cache)
        except (psycopg.Error, OSError) as error:
            log.warning("cannot audit the read models", reason=str(error), again_in=EVERY)
        except Exception:
            log.exception("the audit of the read models failed")
        await asyncio.sleep(EVERY)


async def _audit_all(connection: Connection, cache: Redis) -> None:
    """Audit again and again, if nobody else does."""
    mine: Any = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", [ONE])).fetchone()
    while mine[0]:
        for projection in AUDITED:
            await drift.audit(connection, projection)
        try:
            await drift_documents.audit(connection, cache)
        except RedisError as error:
            log.warning("cannot audit the documents", reason=str(error), again_in=EVERY)
        known = Counter(row.projection for row in await drifted(connection))
        for name in (*(projection.name for projection in AUDITED), documents.NAME):
            metrics.DRIFT.labels(name).set(known[name])
        await asyncio.sleep(EVERY)
