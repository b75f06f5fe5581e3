"""The door at which a conversation is listened to: what goes on in it as server-sent events, in the shapes of AG-UI.

Nothing of this is stored: who comes late reads the turn instead.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from time import monotonic
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import StreamingResponse

from agent.channels import wrong
from agent.line import BEAT, Line, Switchboard
from agent.telling import Event
from infra.auth import bearer, signed_in
from infra.direct import DirectRoute
from schemas.problems import Problem, answers

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

EVENTS = {
    "description": "AG-UI events: RUN_STARTED, STEP_…, TOOL_CALL_…, TEXT_MESSAGE_…, and RUN_FINISHED, whose outcome is "
    "an interrupt where something waits to be confirmed.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
"""What streams of them answer, for the API document."""

WRONG = (
    "account_not_active",
    "credentials_missing",
    "key_invalid",
    "not_ready",
    "permission_missing",
    "postgres_unavailable",
    "rate_limited",
    "session_ended",
    "token_expired",
    "token_invalid",
    "too_many_listeners",
)
"""What may be wrong with whoever listens, or with what is needed for it."""

CONVERSATION = {
    "name": "conversation_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "example": "0192f0c1-2d3e-7000-8000-00000000000c",
}


def routes(board: Switchboard) -> APIRouter:
    """Give the route of listeners."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])

    async def events(request: Request) -> Response:
        line = board.line(request)
        await line.require_own()
        board.require_room(line.caller.actor.id)
        return stream(_heard(board, line, request))

    router.add_api_route(
        "/conversations/{conversation_id}/events", events, route_class_override=DirectRoute, **_described()
    )
    return router


def stream(chunks: AsyncIterator[bytes]) -> Response:
    """Answer with server-sent events."""
    return StreamingResponse(chunks, media_type="text/event-stream", headers=HEADERS)


def event(said: Event) -> bytes:
    """Write an event as a server sends it."""
    return b"data: " + orjson.dumps(said) + b"\n\n"


async def _heard(board: Switchboard, line: Line, request: Request) -> AsyncGenerator[bytes]:
    """Give events as they are told; a comment first, which says that none is missed from now on.

    Every while it is looked whether the caller may hear them still.
    """
    looked = monotonic()
    try:
        with board.seat(line.caller.actor.id):
            quiet = b": listening\n\n"
            async for said in line.hear():
                if monotonic() - looked >= BEAT:
                    await board.again(request)
                    looked = monotonic()
                yield event(said) if said is not None else quiet
                quiet = b": nothing goes on\n\n"
    except Problem as problem:
        yield event(wrong(problem))


def _described() -> dict[str, Any]:
    """Say of the route what FastAPI cannot see."""
    return {
        "tags": ["read"],
        "summary": "Listen to a conversation",
        "response_class": Response,
        "responses": {
            200: EVENTS,
            **answers(*WRONG, "not_found", "read_model_behind"),
        },
        "openapi_extra": {"parameters": [CONVERSATION]},
    }
