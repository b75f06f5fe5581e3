"""The floor of knowing who asks: our own doors, that ask nobody and take everybody for alice."""

import sys
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from infra import telemetry
from infra.api import create
from infra.auth import CALLER, Caller
from infra.auth.gate import Gate
from infra.bench.callers import ALICE, ROLES
from infra.serve import Server, config
from infra.settings import Settings
from schemas.message import Actor
from schemas.rights import permitted


class Open:
    """Around an ASGI app, where the gate would be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._alice = Caller(Actor(id=ALICE), (permitted(ROLES, {}),))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CALLER] = self._alice
        await self._app(scope, receive, send)


def serve(settings: Settings) -> None:
    telemetry.start(settings, "api")
    app = create(settings)
    gate: Any = Gate
    app.user_middleware = [Middleware(Open) if each.cls is gate else each for each in app.user_middleware]
    Server(config(app, settings)).run()


if __name__ == "__main__":
    serve(Settings().model_copy(update={"port": int(sys.argv[1])}))
