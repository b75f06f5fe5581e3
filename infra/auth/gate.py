"""The gate in front of all routes: finds out who asks, and lets nobody ask too much."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra import errors
from infra.auth import CALLER, Caller, shown
from infra.auth.doorkeeper import Doorkeeper, network_of
from infra.limits import Limits, buckets
from schemas.problems import Problem

GATED = "/v1/"
"""Where paths begin that callers have; documents and health are anybody's."""


class Gate:
    """Around an ASGI app: puts the caller into the scope of a request, and limits onto its answer."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper, limits: Limits) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not scope["path"].startswith(GATED):
            await self._app(scope, receive, send)
            return
        network = network_of(scope)
        found = scope[CALLER] = await self._who(scope, network)
        try:
            caller = found if isinstance(found, Caller) else None
            headers = await self._limits.admit(buckets(caller, network, scope.get("method", "GET"), scope["path"]))
        except Problem as problem:
            await errors.told(problem)(scope, receive, send)
            return

        await self._app(scope, receive, _adding(headers, send) if headers else send)

    async def _who(self, scope: Scope, network: str | None) -> Caller | Problem | None:
        authorization = shown(scope)
        if authorization is None:
            return None
        try:
            return await self._doorkeeper.who(authorization, network)
        except Problem as problem:
            return problem


def _adding(headers: list[tuple[bytes, bytes]], send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return sending
