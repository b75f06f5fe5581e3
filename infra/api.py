"""The one ASGI app: the write door, the read door, errors, health, metrics and the API document."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from agent import http as talked
from agent import mcp, runs, socket
from agent.line import Switchboard
from infra import discovery, documents, errors, health, kafka, play, redis
from infra.auth.gate import Gate
from infra.auth.vault import Vault
from infra.ending import leaving
from infra.ends import Ends
from infra.exporting import Exporting
from infra.guard import Guarded, shared_with
from infra.health import Health
from infra.identity import Identities
from infra.noting import Noting
from infra.observe import Observed
from infra.prove import http as checkpoints
from infra.settings import Settings
from projections import audit_http, character_http, conversations, people, registry
from projections import http as read_door
from projections.audited import Audit
from projections.door import ReadDoor
from projections.listening import http as listening
from projections.listening.door import listening_door
from streams import sessions
from streams.ask import Asker
from streams.door import WriteDoor
from streams.forms import Identity
from streams.http import Commands
from streams.kinds import FollowedKinds
from streams.records import fact_id
from streams.waiting import Waiting

OBJECTS_OF_UPLOADS = 50_000
"""Objects made until the collector looks for cycles: uploads make many and no cycles."""


class Joined(NamedTuple):
    """The doors without a gate, and what they stand on."""

    app: FastAPI
    identity: Identity
    ends: Ends
    read: ReadDoor


def create(settings: Settings) -> FastAPI:
    """Make the app; it connects when it starts, and again whenever a server comes back."""
    app, identity, *_ = joined(settings)
    app.add_middleware(Gate, doorkeeper=identity.doorkeeper, limits=identity.limits)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **shared_with(settings.cors_origins))
    app.add_middleware(Guarded)
    app.add_middleware(Observed)
    return app


def joined(settings: Settings) -> Joined:
    """Join the doors. Who asks is to be said by whatever stands around them."""
    connection = kafka.connection(settings)
    cache = redis.client(settings)
    ends = Ends(connection)
    read = ReadDoor(settings, cache, ends, vault=Vault(settings))
    identities = Identities(settings, connection, cache, read, ends)
    write = WriteDoor(
        Asker(connection), FollowedKinds(connection), Waiting(cache), read.outcomes, lambda: identities.known.roles
    )
    keeper, known = identities.doorkeeper, identities.known
    noting = Noting(write, identities.vault)
    listeners = listening_door(settings, connection, ends, read, keeper, lambda: known.changes, leaving, noting.note)
    audit = Audit(read, ends)
    checks = Health(settings, cache, ends, identities.known)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await read.start()
        await write.start()
        await identities.start(write)
        await listeners.start()
        await tools.start()
        # What lives as long as the process need not be looked through time and again for what is gone.
        gc.freeze()
        gc.set_threshold(OBJECTS_OF_UPLOADS)
        yield
        await tools.stop()
        await listeners.stop()
        await commands.untold.stop()
        await identities.stop()
        await write.stop()
        await read.stop()
        await ends.stop()
        await cache.aclose()

    # Spans and measurements are infra/observe.py's; FastAPI's own would cost as much as all the rest of a request.
    silent: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    app = FastAPI(lifespan=running, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=silent)
    forms = identities.forms(write)
    commands = Commands(forms)
    errors.handle(app)
    inside = _inside(app)
    tools = mcp.ToolServer(inside, app.openapi)
    board = Switchboard(inside, cache, ends, fact_id, keeper.who)
    # One flat list: routers within routers are searched one by one, and a route of theirs does not know its whole path.
    app.router.routes.insert(0, commands)
    for router in (
        read_door.routes(read),
        people.routes(read),
        character_http.routes(read),
        conversations.routes(read),
        talked.routes(board),
        runs.routes(board),
        mcp.routes(tools, settings.cors_origins),
        audit_http.routes(audit, noting.note, Exporting(settings, identities.vault).lines),
        checkpoints.routes(settings, identities.vault, noting.note),
        sessions.routes(forms),
        discovery.routes(settings, identities.keys),
        play.routes(settings, identities.vault, identities.tokens),
        registry.routes(),
        health.routes(checks),
    ):
        app.router.routes.extend(router.routes)
    app.router.routes.extend(listening.routes(listeners))
    app.router.routes.extend(socket.routes(board, settings.cors_origins))
    documents.describe(app, commands.routes)
    return Joined(app, forms, ends, read)


def _inside(app: FastAPI) -> ASGIApp:
    """Give the doors as those ask them who are inside: who asks was found out already. Problems are told as ever."""
    doors = app.build_middleware_stack()

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        await doors({**scope, "app": app}, receive, send)

    return ask
