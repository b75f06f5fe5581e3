"""The one ASGI app: the write door, the read door, errors, health, metrics and the API document."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware

from infra import documents, errors, health, kafka, redis
from infra.ends import Ends
from infra.guard import Guarded, shared_with
from infra.health import Health
from infra.observe import Observed
from infra.settings import Settings
from projections import http as read_door
from projections import registry
from projections.door import ReadDoor
from streams.ask import Asker
from streams.door import WriteDoor
from streams.http import Commands
from streams.kinds import FollowedKinds
from streams.waiting import Waiting

OBJECTS_OF_UPLOADS = 50_000
"""Objects made until the collector looks for cycles: uploads make many and no cycles."""


def create(settings: Settings) -> FastAPI:
    """Make the app; it connects when it starts, and again whenever a server comes back."""
    connection = kafka.connection(settings)
    cache = redis.client(settings)
    ends = Ends(connection)
    read = ReadDoor(settings, cache, ends)
    write = WriteDoor(Asker(connection), FollowedKinds(connection), Waiting(cache), read.outcomes)
    checks = Health(settings, cache, ends)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await read.start()
        await write.start()
        # What lives as long as the process need not be looked through time and again for what is gone.
        gc.freeze()
        gc.set_threshold(OBJECTS_OF_UPLOADS)
        yield
        await write.stop()
        await read.stop()
        await ends.stop()
        await cache.aclose()

    # Spans and measurements are infra/observe.py's; FastAPI's own would cost as much as all the rest of a request.
    silent: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    app = FastAPI(lifespan=running, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=silent)
    commands = Commands(write)
    # One flat list: routers within routers are searched one by one, and a route of theirs does not know its whole path.
    app.router.routes.append(commands)
    for router in (read_door.routes(read), registry.routes(), health.routes(checks)):
        app.router.routes.extend(router.routes)
    errors.handle(app)
    documents.describe(app, commands.routes)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **shared_with(settings.cors_origins))
    app.add_middleware(Guarded)
    app.add_middleware(Observed)
    return app
