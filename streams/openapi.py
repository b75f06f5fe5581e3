"""What the API document says of the write door: the bodies, headers and answers of every command."""

from collections.abc import Iterable
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from infra.direct import WAIT_AT_MOST
from schemas.asking import as_the_door_takes_it
from schemas.message import Command, Domain, Outcome
from schemas.problems import ProblemBody, answers
from schemas.rights import ASKED_WITH_BODY, RIGHTS, takes
from streams.bulk import LINES, UPLOAD_BYTES

JSON = "application/json"
NDJSON = "application/x-ndjson"

ANYBODY = ("body_too_large", "content_type_unsupported", "header_invalid", "rate_limited")
"""What may be wrong with a request of those, too, who show no credentials."""

REQUEST = (
    *ANYBODY,
    "account_not_active",
    "credentials_missing",
    "key_invalid",
    "permission_missing",
    "session_ended",
    "token_expired",
    "token_invalid",
)
COMMAND = (
    "body_invalid",
    "body_unreadable",
    "command_expired",
    "idempotency_key_reused",
    "kafka_unavailable",
    "rule_failed",
    "version_conflict",
)


def _header(name: str, description: str, pattern: str | None = None, **more: Any) -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": pattern} if pattern is not None else {})
    return {"name": name, "in": "header", "description": description, "schema": schema, **more}


# Only what has no consequences has an example: the page at /docs sends examples along.
_KEY = _header(
    "Idempotency-Key",
    "Names this request: sent again with the same key it is done once and answered alike, for 7 days.",
    "^[!-~]{1,200}$",
)
_IF_MATCH = _header(
    "If-Match",
    'The ETag of the version that the change is meant for, such as `"3"`; at any other it is refused.',
    '^"[0-9]{1,9}"$',
)
_PREFER = _header(
    "Prefer",
    f"`wait=5` waits 5 seconds for the outcome (RFC 7240), {WAIT_AT_MOST:.0f} at the most.",
    example="wait=5",
)
_TRACEPARENT = _header(
    "traceparent",
    "The caller's W3C trace context; without it a trace begins here.",
)

_LOCATION = {
    "description": "Where to ask for the outcome.",
    "schema": {"type": "string"},
    "example": "/v1/commands/0192f0c1-2d3e-7000-8000-000000000000?position=resource:3:61",
}
_HEARD = {
    "Annal-Position": {
        "description": "Where the newest fact stands; a read given it as `min-position` knows that fact.",
        "schema": {"type": "string"},
        "example": "resource:3:57",
    },
    "ETag": {"description": "The subject's version.", "schema": {"type": "string"}, "example": '"1"'},
    "Preference-Applied": {"description": "What was heeded.", "schema": {"type": "string"}, "example": "wait=5"},
}
_OUTCOME = {"$ref": "#/components/schemas/Outcome"}


_COMMAND_ID = "0192f0c1-2d3e-7000-8000-000000000000"
_PENDING = Outcome(command_id=_COMMAND_ID, status="pending", type="resource.register", subject="invoice-7")
_KNOWN = _PENDING.model_copy(
    update={"status": "accepted", "version": 1, "position": "resource:3:57", "facts": ("resource.registered",)}
)
_UPLOAD = """\
{"type": "resource.tag", "body": {"resource_id": "invoice-7", "tags": ["late"]}}
{"type": "resource.rename", "body": {"resource_id": "invoice-7", "name": "Invoice 7"}}
{"type": "resource.tag", "idempotency_key": "9b2e", "body": {"resource_id": "invoice-7", "tags": ["paid"]}}
"""
_UPLOADING = f"""\
A line of JSON for each command, of any type, {LINES} lines and {UPLOAD_BYTES // 1_000_000} MB at the most. `body` is
what the command's own route takes; `idempotency_key` and `expected_version` stand for the headers there. With the
header `Idempotency-Key` every line without a key of its own has one made of it and the line's number, so that the same
upload may be sent again.

The answer comes when all lines have been read: a line for each, in their order, with its number and the `status` that
its own route would have answered, and `location` and `outcome`, or `problem`. A line that is wrong stops no other.
Lines about one subject are decided in their order; a kind is defined before the upload that names it.

Three lines, to be kept in a file `lines` and sent with `curl -H "Authorization: Bearer $TOKEN"
-H "Content-Type: {NDJSON}" -H "Prefer: wait=5" --data-binary @lines` and this address:

```
{_UPLOAD}```
"""


def command(domain: Domain, kind_of: type[Command]) -> dict[str, Any]:
    """Say of a command's route what FastAPI cannot see, as arguments of `add_api_route`."""
    said = {
        "tags": [domain.name],
        "operation_id": kind_of.type.replace(".", "_"),
        "summary": _summary(kind_of),
        "description": f"{kind_of.__doc__}\n\n{takes(RIGHTS[kind_of], domain.name)}",
    }
    return asked(said, kind_of.__name__, REQUEST, domain.refusals)


def asked(
    said: dict[str, Any], body: str, codes: Iterable[str], refusals: Iterable[str], outcome: str = "Outcome"
) -> dict[str, Any]:
    """Say of a route that asks a command what is sent, and all that may be answered."""
    known: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{outcome}"}}
    if outcome == "Outcome":
        known["example"] = _KNOWN.model_dump(mode="json")
    return {
        **said,
        "status_code": 202,
        "responses": {
            200: {
                "description": "The outcome, with `Prefer: wait`.",
                "content": {JSON: known},
                "headers": _HEARD,
            },
            202: {
                "description": "The command is stored and will be decided.",
                "content": {JSON: {"schema": _OUTCOME, "example": _PENDING.model_dump(mode="json")}},
                "headers": {"Location": _LOCATION},
            },
            **answers(*sorted({*codes, *COMMAND, *refusals})),
        },
        "openapi_extra": {
            "parameters": [_KEY, _IF_MATCH, _PREFER, _TRACEPARENT],
            "requestBody": body_of(body),
        },
    }


def body_of(name: str) -> dict[str, Any]:
    """Say that a route takes JSON of this schema."""
    return {"required": True, "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _summary(kind_of: type[Command]) -> str:
    return (kind_of.__doc__ or "").partition("\n")[0].rstrip(".")


def upload() -> dict[str, Any]:
    """Say the same of the route that takes many commands."""
    return {
        "tags": ["bulk"],
        "operation_id": "bulk",
        "summary": "Ask many commands",
        "description": _UPLOADING,
        # Else FastAPI says that it answers with JSON too.
        "response_class": Response,
        "responses": {
            200: {
                "description": "What became of each line.",
                "content": {NDJSON: {"schema": {}, "example": _line(1, 202, _PENDING)}},
                "headers": {"Preference-Applied": _HEARD["Preference-Applied"]},
            },
            **answers(*REQUEST),
        },
        "openapi_extra": {
            "parameters": [_KEY, _PREFER, _TRACEPARENT],
            "requestBody": {
                "required": True,
                "content": {NDJSON: {"schema": {"contentMediaType": NDJSON}, "example": _UPLOAD}},
            },
        },
    }


def components(sent: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Give the schemas that the document's routes refer to, by name; `sent` is what forms take."""
    commands = {kind_of.__name__: kind_of for kind_of in ASKED_WITH_BODY}
    _, found = models_json_schema(
        [
            *((kind_of, "validation") for kind_of in commands.values()),
            *((each, "validation") for each in sent),
            (Outcome, "validation"),
            (ProblemBody, "validation"),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = found["$defs"]
    for name, kind_of in commands.items():
        as_the_door_takes_it(kind_of, schemas[name])
    return schemas


def _line(number: int, status: int, told: Outcome) -> dict[str, Any]:
    outcome = told.model_dump(mode="json")
    return {"line": number, "status": status, "location": _LOCATION["example"], "outcome": outcome}
