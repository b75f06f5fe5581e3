"""Callers without a gate: tests of a door alone say who asks in a header that nothing but tests knows."""

from collections.abc import Generator

import httpx2
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.auth import CALLER, Caller
from schemas.message import Actor

HEADER = "test-caller"
ALL = frozenset({"*"})


class Calling:
    """Around an ASGI app: whoever is named by the header may do everything, and nobody named has no credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            names = [value.decode() for name, value in scope["headers"] if name == HEADER.encode()]
            scope[CALLER] = Caller(Actor(id=names[0], address="127.0.0.1"), (ALL,)) if names else None
        await self._app(scope, receive, send)


def inside(app: FastAPI) -> FastAPI:
    """Let callers be those that tests name, whatever the gate found."""
    app.user_middleware.append(Middleware(Calling))
    return app


class Playing(httpx2.Auth):
    """Signs in, for play, as whoever the header `As` names; without it a request has no credentials."""

    requires_response_body = True

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        name = request.headers.pop("As", None)
        if name is not None:
            if name not in self._tokens:
                address = request.url.copy_with(path="/v1/dev/login", query=None)
                answer = yield httpx2.Request("POST", address, json={"account": name})
                self._tokens[name] = answer.json()["access_token"]
            request.headers["Authorization"] = f"Bearer {self._tokens[name]}"
        yield request
