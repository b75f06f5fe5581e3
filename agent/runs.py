"""The door of AG-UI clients (docs.ag-ui.com): a run says something in a conversation and is answered with its events.

The run's id is its idempotency key: asked again it says nothing new, and is told as it went.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, get_args

from ag_ui.core import ResumeEntry, RunAgentInput, UserMessage
from fastapi import APIRouter, Request, Response, Security
from pydantic import TypeAdapter, ValidationError

from agent.channels import ENDS, Words, exchange
from agent.http import CONVERSATION, EVENTS, WRONG, event, stream
from agent.line import Line, Switchboard
from agent.telling import Event
from infra.auth import bearer, signed_in
from infra.depth import require_shallow
from infra.direct import DirectRoute
from schemas.conversation import Channel, Consent
from schemas.problems import Problem, answers, pointer

BODY_BYTES = 1_000_000
"""Of a run: clients send all that was said before, which is not read."""

LONGEST_ID = 200

_CHANNELS: TypeAdapter[Channel] = TypeAdapter(Channel)


def routes(board: Switchboard) -> APIRouter:
    """Give the route of runs."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])

    async def run(request: Request) -> Response:
        line = board.line(request)
        sent = _read(await _body(request), line.conversation_id)
        board.require_room(line.caller.actor.id)
        events = await exchange(line, _words(sent))
        return stream(_told(board, line, sent, events))

    router.add_api_route(
        "/conversations/{conversation_id}/runs", run, methods=["POST"], route_class_override=DirectRoute, **_described()
    )
    return router


async def _told(
    board: Switchboard, line: Line, sent: RunAgentInput, events: AsyncGenerator[Event]
) -> AsyncGenerator[bytes]:
    """Write a run's events under the names that its client gave it."""
    named = {"threadId": line.conversation_id, "runId": sent.run_id}
    try:
        with board.seat(line.caller.actor.id):
            yield event({"type": "RUN_STARTED", **named})
            async for said in events:
                yield event({**said, **named} if said["type"] in ENDS else said)
    finally:
        await events.aclose()


# ── what is sent ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _body(request: Request) -> bytes:
    """Read a body of JSON. Raises Problem."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("content_type_unsupported", "Send the body as Content-Type: application/json, in UTF-8.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise Problem("body_too_large", f"Send at most {BODY_BYTES} bytes in one body.")
    require_shallow(body)
    return body


def _read(body: bytes, conversation_id: str) -> RunAgentInput:
    """Read a run of a conversation. Raises Problem."""
    try:
        sent = RunAgentInput.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _invalid(first["loc"], first["msg"]) from None
    if sent.thread_id != conversation_id:
        raise _invalid(("threadId",), "Name the conversation that the path names")
    if (
        not (sent.run_id.isascii() and sent.run_id.isprintable() and 0 < len(sent.run_id) <= LONGEST_ID)
        or " " in sent.run_id
    ):
        raise _invalid(("runId",), f"Let it hold 1 to {LONGEST_ID} visible ASCII characters; a random UUID is fine")
    return sent


def _words(sent: RunAgentInput) -> Words:
    """Give what a run says: its consent, or the last message of its person. Raises Problem."""
    channel = _channel(sent.forwarded_props)
    if sent.resume:
        consent = _consent(sent.resume)
        return Words("yes" if consent.approved else "no", channel, sent.run_id, consent)
    said = next((each for each in reversed(sent.messages) if isinstance(each, UserMessage)), None)
    if said is None:
        raise _invalid(("messages",), "Let the last message be one of its user")
    text = said.content if isinstance(said.content, str) else "\n".join(_texts(said.content))
    if not text.strip():
        raise _invalid(("messages",), "Let the last message of its user hold text")
    return Words(text, channel, sent.run_id)


def _channel(forwarded: Any) -> Channel:
    """Read through what it is said: over HTTP, unless a client that stands for more says so. Raises Problem."""
    told = forwarded.get("channel", "http") if isinstance(forwarded, dict) else "http"
    try:
        return _CHANNELS.validate_python(told)
    except ValidationError:
        named = ", ".join(get_args(Channel))
        raise _invalid(("forwardedProps", "channel"), f"Let it be one of {named}") from None


def _texts(parts: Sequence[Any]) -> list[str]:
    return [part.text for part in parts if part.type == "text"]


def _consent(resume: Sequence[ResumeEntry]) -> Consent:
    """Read the answer to an interrupt; who gives it up does not want it. Raises Problem."""
    if len(resume) != 1:
        raise _invalid(("resume",), "Answer one interrupt: a conversation has one at a time")
    entry = resume[0]
    payload: Mapping[str, Any] = entry.payload if isinstance(entry.payload, dict) else {}
    approved, given_up = payload.get("approved"), entry.status == "cancelled"
    if not (given_up or isinstance(approved, bool)):
        raise _invalid(("resume", 0, "payload"), 'Say {"approved": true} or {"approved": false}')
    digest = payload.get("digest") or (entry.metadata or {}).get("digest")
    try:
        return Consent(proposal_id=entry.interrupt_id, digest=digest, approved=approved is True and not given_up)
    except ValidationError:
        told = "Give the interrupt's id, and in the payload the digest from its metadata: it says what is agreed to"
        raise _invalid(("resume", 0), told) from None


def _invalid(place: Sequence[str | int], detail: str) -> Problem:
    errors = [{"pointer": pointer(place), "detail": detail}]
    return Problem("body_invalid", f"{errors[0]['pointer']}: {detail}.", errors=errors)


def _described() -> dict[str, Any]:
    """Say of the route what FastAPI cannot see."""
    return {
        "tags": ["conversation"],
        "summary": "Say something and hear the answer (AG-UI)",
        "response_class": Response,
        "responses": {
            200: EVENTS,
            **answers(
                *WRONG,
                "body_invalid",
                "body_too_large",
                "content_type_unsupported",
                "conversation_busy",
                "conversation_unknown",
                "idempotency_key_reused",
                "kafka_unavailable",
                "proposal_changed",
                "proposal_unknown",
                "rule_failed",
                "too_busy",
            ),
        },
        "openapi_extra": {"parameters": [CONVERSATION], "requestBody": _REQUEST},
    }


_REQUEST = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "title": "RunAgentInput",
                "description": "As docs.ag-ui.com has it. Of the messages the last of the user is said.",
                "properties": {
                    "threadId": {"type": "string", "description": "The conversation."},
                    "runId": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
                    "messages": {"type": "array", "items": {"type": "object"}},
                    "resume": {"type": ["array", "null"], "items": {"type": "object"}, "maxItems": 1},
                    "forwardedProps": {"description": "Its `channel` says through what it is said."},
                },
                "required": ["threadId", "runId", "messages"],
            },
            "example": {
                "threadId": "0192f0c1-2d3e-7000-8000-00000000000c",
                "runId": "0192f0c1-2d3e-7000-8000-00000000000d",
                "messages": [{"id": "1", "role": "user", "content": "Call invoice-7 Rossi & Sons"}],
            },
        }
    },
}
