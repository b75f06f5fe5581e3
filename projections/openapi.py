"""What the API document says of the read door: its parameters, headers and answers."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from infra.direct import WAIT_AT_MOST
from projections.terms import WAIT
from schemas.domains import DOMAINS
from schemas.problems import answers

MIN_POSITION = (
    "Answer with at least this known: an `Annal-Position` as an answer had it, or several, separated by commas. "
    "The header `Annal-Min-Position` says the same."
)

AS_OF = (
    "Answer with what was so at a moment, or up to an `Annal-Position`; what may be read is told by the rights of now."
)

_PLACES = "|".join(f"{domain.name}:{number}" for domain in DOMAINS for number in range(domain.partitions))
_POSITION = f"({_PLACES}):[0-9]{{1,18}}"
POSITIONS = f"^{_POSITION}(,{_POSITION})*$"
_ANYWHERE = (
    "account_not_active",
    "credentials_missing",
    "header_invalid",
    "kafka_unavailable",
    "key_invalid",
    "moment_in_future",
    "moment_invalid",
    "permission_missing",
    "position_beyond_end",
    "position_invalid",
    "postgres_unavailable",
    "rate_limited",
    "read_model_behind",
    "session_ended",
    "token_expired",
    "token_invalid",
)
_PATH = {
    "resource_id": "invoice-7",
    "kind": "invoice",
    "version": "1",
    "command_id": "0192f0c1-2d3e-7000-8000-000000000000",
    "account_id": "0192f0c1-2d3e-7000-8000-000000000001",
    "character_id": "6a2f7c1e-0b5d-5c39-8a41-2f1c5c0b7a10",
    "role": "clerk",
    "domain": "resource",
    "subject": "invoice-7",
    "conversation_id": "0192f0c1-2d3e-7000-8000-00000000000c",
    "turn": "3",
}


def _parameter(name: str, place: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "description": description, "schema": {"type": "string", **schema}}


_PREFER = _parameter(
    "Prefer",
    "header",
    f"`wait=5` waits 5 seconds for what must be known (RFC 7240), {WAIT_AT_MOST:.0f} at the most; unsaid {WAIT:.0f}.",
)
_MIN_POSITION = _parameter("min-position", "query", MIN_POSITION, pattern=POSITIONS)
_AS_OF = _parameter("as_of", "query", AS_OF, examples=["2026-01-05T09:30:00Z"])
_IF_NONE_MATCH = _parameter("If-None-Match", "header", 'The ETag of what the caller has, such as `"3"`.')
_PLACE = _parameter(
    "position",
    "query",
    "Where the command stands, as `Location` had it; by it, not yet known is told from never asked.",
    pattern=f"^{_POSITION}$",
)
_DIGEST = _parameter(
    "digest",
    "query",
    "Of what was asked, as `Location` had it; by it, an `Idempotency-Key` used for two things is noticed.",
    pattern="^[0-9a-f]{32}$",
)

_KNOWN = {
    "Annal-Position": {
        "description": "Up to where this is known; a read given it as `min-position` knows no less.",
        "schema": {"type": "string"},
        "example": "resource:3:57",
    }
}
_ETAG = {"ETag": {"description": "The version.", "schema": {"type": "string"}, "example": '"3"'}}


def by_id(summary: str, model: type[BaseModel], *path: str) -> dict[str, Any]:
    """Say of a route to one thing what FastAPI cannot see."""
    return {
        "tags": ["read"],
        "summary": summary,
        "response_model": model,
        "responses": {
            200: {"headers": {**_ETAG, **_KNOWN}},
            304: {"description": "The caller has this version.", "headers": {**_ETAG, **_KNOWN}},
            **answers("not_found", *_ANYWHERE),
        },
        "openapi_extra": {"parameters": [*map(_in_path, path), _AS_OF, _IF_NONE_MATCH, _MIN_POSITION, _PREFER]},
    }


def outcome(summary: str, model: type[BaseModel]) -> dict[str, Any]:
    """Say the same of the route to a command's outcome."""
    return {
        "tags": ["read"],
        "summary": summary,
        "description": "Ask at the `Location` that the command's answer had: without `position` one not decided yet is "
        "not found. `Prefer: wait=5` waits for the outcome of one that is pending. Only who asked may know.",
        "response_model": model,
        "responses": {200: {"headers": _KNOWN}, **answers("not_found", *_ANYWHERE)},
        "openapi_extra": {"parameters": [_in_path("command_id"), _PLACE, _DIGEST, _MIN_POSITION, _PREFER]},
    }


def whole(summary: str, model: type[BaseModel], *path: str, looks_back: bool = False) -> dict[str, Any]:
    """Say the same of a route to all there is of something."""
    return {
        "tags": ["read"],
        "summary": summary,
        "response_model": model,
        "responses": {200: {"headers": _KNOWN}, **answers(*(["not_found"] if path else []), *_ANYWHERE)},
        "openapi_extra": {
            "parameters": [*map(_in_path, path), *([_AS_OF] if looks_back else []), _MIN_POSITION, _PREFER]
        },
    }


def streamed(summary: str, media_type: str) -> dict[str, Any]:
    """Say the same of a route whose answer is made while it is sent."""
    return {
        "tags": ["read"],
        "summary": summary,
        "response_class": Response,
        "responses": {
            200: {"content": {media_type: {"schema": {"type": "string"}}}},
            **answers("export_impossible", "query_invalid", "reading_not_noted", *_ANYWHERE),
        },
    }


def compared(summary: str, model: type[BaseModel]) -> dict[str, Any]:
    """Say the same of a route to what is made of two moments of one thing."""
    return {
        "tags": ["read"],
        "summary": summary,
        "response_model": model,
        "responses": answers("not_found", "query_invalid", *_ANYWHERE),
        "openapi_extra": {"parameters": [_PREFER]},
    }


def page(summary: str, model: type[BaseModel], *problems: str) -> dict[str, Any]:
    """Say the same of a route to a list."""
    return {
        "tags": ["read"],
        "summary": summary,
        "response_model": model,
        "responses": {
            200: {"headers": _KNOWN},
            **answers("cursor_invalid", "query_invalid", *problems, *_ANYWHERE),
        },
        "openapi_extra": {"parameters": [_PREFER]},
    }


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": _PATH[name]}
