"""What every request leaves behind: a span, a measurement and a line in the log."""

import logging
import sys
from datetime import UTC, datetime
from functools import cache
from time import perf_counter
from typing import Any

import orjson
import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra import telemetry
from infra.errors import told
from infra.guard import safe
from schemas.problems import Problem

NAME = "annal.door"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""Methods that are measured under their own names; a caller may invent any number of others."""

log = telemetry.log(NAME)
_level = logging.getLogger(NAME)

REQUESTS = Counter("annal_http_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "annal_http_seconds",
    "Time from a request's first byte to its answer's last",
    ["method", "route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)

QUIET = {"/healthz", "/readyz", "/metrics"}
"""Routes that machines ask all day; their lines are for debugging."""


class Observed:
    """Around an ASGI app; also turns what nobody caught into a problem with a trace id, and makes answers safe."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # The line of every request goes a short way to where all lines go: the long one takes a tenth of its time.
        self._write = structlog.BytesLogger(sys.stderr.buffer).msg

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = safe(scope, message.get("headers", ()))
            await send(message)

        with telemetry.span(scope["method"], _traceparent(scope)) as span:
            try:
                await self._app(scope, receive, sending)
            except Exception:
                log.exception("unexpected", method=scope["method"], path=scope["path"])
                if status:
                    raise
                problem = Problem(
                    "unexpected", "Something went wrong here; tell whoever runs this service the trace id."
                )
                await told(problem)(scope, receive, sending)
            route = getattr(scope.get("route"), "path", "none")
            span.update_name(f"{scope['method']} {route}")
            self._note(scope, route, status, perf_counter() - began)

    def _note(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        requests, duration = _measures(method, route, status)
        requests.inc()
        duration.observe(seconds)
        level = logging.DEBUG if route in QUIET else logging.INFO
        if _level.isEnabledFor(level):
            line = {
                "event": "request",
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 2),
                "logger": NAME,
                "level": "info",
                "timestamp": datetime.now(UTC),
                "role": "api",
                "trace_id": telemetry.trace_id(),
            }
            self._write(orjson.dumps(line, option=orjson.OPT_UTC_Z))


@cache
def _measures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Give what Prometheus takes its time to find."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)


def _traceparent(scope: Any) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value, "latin-1")
    return None
