"""The door at which a conversation is listened to: what goes on in it as server-sent events, in the shapes of AG-UI.

Nothing of this is stored: who comes late reads the turn instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import StreamingResponse
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent.telling import CHANNEL, Event
from infra.auth import bearer, caller, signed_in
from infra.direct import DirectRoute
from schemas.problems import Problem, answers

BEAT = 15.0
"""Seconds after which something is sent to whoever listens while nothing goes on."""

MOST = 2_000
"""Listeners of one process."""

OWN = "conversation:own"

Talks = Callable[[str], Awaitable[str | None]]
"""Gives the account whose conversation it is."""


def routes(cache: Redis, talks: Talks) -> APIRouter:
    """Give the routes of listeners."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    listening = 0

    async def events(request: Request) -> Response:
        nonlocal listening
        asking, conversation_id = caller(request), request.path_params["conversation_id"]
        asking.require(OWN)
        if "\0" in conversation_id or await talks(conversation_id) != asking.actor.id:
            raise Problem("not_found", "There is no such conversation, or none that you may read.")
        if listening >= MOST:
            raise Problem("too_many_listeners", "This door has as many listeners as it takes; ask another one.")

        async def told() -> AsyncIterator[bytes]:
            nonlocal listening
            listening += 1
            try:
                async for event in _told(cache, conversation_id):
                    yield event
            finally:
                listening -= 1

        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(told(), media_type="text/event-stream", headers=headers)

    router.add_api_route(
        "/conversations/{conversation_id}/events", events, route_class_override=DirectRoute, **_described()
    )
    return router


async def _told(cache: Redis, conversation_id: str) -> AsyncIterator[bytes]:
    """Give events as they are published; a comment first, which says that none is missed from now on."""
    async with cache.pubsub() as heard:
        try:
            await heard.subscribe(CHANNEL + conversation_id)
            yield b": listening\n\n"
            while True:
                message = await heard.get_message(ignore_subscribe_messages=True, timeout=BEAT)
                if message is None:
                    yield b": nothing goes on\n\n"
                    continue
                for event in orjson.loads(message["data"]):
                    yield _event(event)
        except RedisError:
            yield _event({"type": "RUN_ERROR", "code": "not_ready", "message": "Nothing can be heard; listen again."})


def _event(said: Event) -> bytes:
    return b"data: " + orjson.dumps(said) + b"\n\n"


def _described() -> dict[str, Any]:
    """Say of the route what FastAPI cannot see."""
    return {
        "tags": ["read"],
        "summary": "Listen to a conversation",
        "response_class": Response,
        "responses": {
            200: {
                "description": "AG-UI events: RUN_STARTED, STEP_…, TOOL_CALL_…, TEXT_MESSAGE_…, and RUN_FINISHED, "
                "whose outcome is an interrupt where something waits to be confirmed.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **answers("credentials_missing", "not_found", "permission_missing", "rate_limited", "too_many_listeners"),
        },
        "openapi_extra": {
            "parameters": [
                {
                    "name": "conversation_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                    "example": "0192f0c1-2d3e-7000-8000-00000000000c",
                }
            ]
        },
    }
