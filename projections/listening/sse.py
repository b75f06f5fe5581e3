"""Listening over HTTP: an answer that does not end, of server-sent events (HTML Living Standard §9.2)."""

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from infra import telemetry
from projections.listening.door import ListeningDoor
from projections.listening.listener import Listener
from projections.listening.programme import Chunk
from schemas.problems import Problem

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that gather an answer before they pass it on would pass on nothing.
    (b"x-accel-buffering", b"no"),
]
RETRY = b"retry: 3000\n\n"
"""Milliseconds until a browser connects again."""


def form(position: str, name: str, data: bytes) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (position.encode(), name.encode(), data)


class EventStream:
    """The answer to one listener."""

    def __init__(self, door: ListeningDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def give(chunk: Chunk) -> None:
            nonlocal begun
            body = chunk.body if begun else RETRY + chunk.body
            if not begun:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                begun = True
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        request = Request(scope, receive)
        with self._door.seat(request):
            listener = await self._door.listener(request, form, "sse", give)
            problem = await self._door.attend(listener, gone())
        if problem is not None and not begun:
            raise problem
        if problem is not None:
            await send({"type": "http.response.body", "body": last_words(listener, problem)})


def last_words(listener: Listener, problem: Problem) -> bytes:
    """Write why a listener must go, after the last that it was given."""
    body = orjson.dumps(problem.body(telemetry.trace_id() or ""))
    return listener.programme.form(listener.last, "ended", body)
