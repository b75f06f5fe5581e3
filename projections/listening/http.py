"""The routes of listeners: `/v1/facts` as server-sent events and as a WebSocket, and the list of who listens."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response, Security
from starlette.routing import BaseRoute, WebSocketRoute

from infra.auth import bearer, signed_in
from infra.direct import DirectRoute
from projections.listening.door import ListeningDoor
from projections.listening.sse import EventStream
from projections.listening.subscribers import Subscribers, subscribers
from projections.listening.websocket import Socket
from schemas.domains import DOMAINS
from schemas.problems import answers

PATH = "/v1/facts"

_WRONG = (
    "account_not_active",
    "credentials_missing",
    "domain_unknown",
    "fact_type_unknown",
    "key_invalid",
    "kafka_unavailable",
    "moment_in_future",
    "moment_invalid",
    "not_ready",
    "permission_missing",
    "position_beyond_end",
    "position_invalid",
    "postgres_unavailable",
    "query_invalid",
    "rate_limited",
    "reading_not_noted",
    "session_ended",
    "token_expired",
    "token_invalid",
    "too_busy",
    "too_many_listeners",
)


def routes(door: ListeningDoor) -> list[BaseRoute]:
    """Give the routes of listeners."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    add = partial(router.add_api_route, route_class_override=DirectRoute)

    async def facts(_: Request) -> Any:
        return EventStream(door)

    async def listening(request: Request) -> Response:
        return await subscribers(door, request)

    add("/facts", facts, **_facts())
    add(
        "/subscribers",
        listening,
        tags=["read"],
        summary="Who listens, and how far behind they are",
        response_model=Subscribers,
        responses=answers("credentials_missing", "permission_missing", "rate_limited", "token_invalid"),
    )
    return [*router.routes, WebSocketRoute(PATH, Socket(door))]


def _parameter(name: str, place: str, description: str, *, several: bool = False, **schema: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "string", "maxLength": 200, **schema}
    kind = {"type": "array", "items": said} if several else said
    return {"name": name, "in": place, "description": description, "schema": kind}


def _facts() -> dict[str, Any]:
    """Say of the stream what FastAPI cannot see."""
    since = (
        "After a position or several (`Annal-Position`, an event's id), `beginning`, or a moment such as "
        "`2026-01-05T09:30:00Z`; unsaid, from now on."
    )
    return {
        "tags": ["read"],
        "summary": "Listen to facts as they come",
        "response_class": Response,
        "responses": {
            200: {
                "description": "Server-sent events: each fact with its type as the event's name, `reached` where there "
                "was nothing to tell for a while, and `ended` with a problem as its data.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **answers(*_WRONG),
        },
        "openapi_extra": {
            "parameters": [
                _parameter("domain", "query", "Of this domain.", several=True, enum=[each.name for each in DOMAINS]),
                _parameter("type", "query", "Of this type.", several=True, examples=["resource.renamed"]),
                _parameter("subject", "query", "About this subject.", several=True, examples=["invoice-7"]),
                _parameter("actor", "query", "Asked by this account, or on its behalf.", several=True),
                _parameter("since", "query", since, several=True),
                _parameter("last-event-id", "query", "As the header, for who cannot send headers."),
                _parameter("Last-Event-ID", "header", "After the event of this id; it wins over `since` a position."),
            ]
        },
    }
