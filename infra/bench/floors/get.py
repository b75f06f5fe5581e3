"""The floor of reading: one row from PostgreSQL, or one value from Redis, by its id."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from fastapi import FastAPI, Response
from psycopg import sql
from psycopg.rows import dict_row

from infra.bench.floors.serve import bare, serve
from infra.postgres import pool
from infra.redis import client
from infra.settings import Settings
from projections.resource import resource

PATH = "/v1/resources/{resource_id}"
JSON = "application/json"
FIND = sql.SQL("SELECT {} FROM resource WHERE resource_id = %s").format(
    sql.SQL(", ").join(sql.Identifier(column.name) for column in resource.columns if column.computed is None)
)


def from_postgres(settings: Settings) -> FastAPI:
    connections = pool(settings)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with connections:
            yield

    app = bare(running)

    @app.get(PATH)
    async def get(resource_id: str) -> Response:
        async with connections.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(FIND, [resource_id])
            return Response(orjson.dumps(await cursor.fetchone()), media_type=JSON)

    return app


def from_redis(settings: Settings) -> FastAPI:
    redis = client(settings)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield
        await redis.aclose()

    app = bare(running)

    @app.get(PATH)
    async def get(resource_id: str) -> Response:
        return Response(await redis.get(f"annal:resource:{resource_id}"), media_type=JSON)

    return app


if __name__ == "__main__":
    _, origin, port = sys.argv
    serve({"postgres": from_postgres, "redis": from_redis}[origin](Settings()), int(port))
