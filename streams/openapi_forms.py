"""What the API document says of forms and sessions: what people send, and what they are told."""

from typing import Any

from pydantic import BaseModel

from schemas.message import Domain
from schemas.problems import answers
from schemas.rights import takes
from streams.forms import Form, UntoldForm
from streams.openapi import ANYBODY, COMMAND, JSON, REQUEST, asked, body_of

_FORM = ("account_is_service", "address_invalid", "credentials_wrong", "not_ready", "password_weak")
_FORM_TOO = ("postgres_unavailable", "role_beyond_yours", "too_busy", "token_wrong")
_SESSION = ("address_not_verified", "code_required", "credentials_wrong", "origin_forbidden")
_SESSION_TOO = ("read_model_behind", "refresh_invalid")


def form(domain: Domain, form: Form[Any]) -> dict[str, Any]:
    """Say the same of a form's route."""
    verb = form.name.partition(".")[2].replace("_", " ")
    said = {
        "tags": [domain.name],
        "operation_id": form.name.replace(".", "_"),
        "summary": (form.ask.__doc__ or verb.capitalize()).partition("\n")[0].rstrip("."),
        "description": takes(form.right, domain.name),
    }
    codes = (*_FORM, *_FORM_TOO, *(REQUEST if form.right.permission is not None else ANYBODY))
    refusals = [*domain.refusals, "address_taken", "address_not_held"]
    return asked(said, form.body.__name__, codes, refusals, form.outcome.__name__)


def untold(domain: Domain, form: UntoldForm[Any]) -> dict[str, Any]:
    """Say the same of the route of a form that tells nothing."""
    example = {"status": "asked"}
    return {
        "tags": [domain.name],
        "operation_id": form.name.replace(".", "_"),
        "summary": (form.ask.__doc__ or "").partition(";")[0].partition(",")[0].rstrip("."),
        "description": f"{form.ask.__doc__}\n\nAnybody may ask this.",
        "status_code": 202,
        "responses": {
            202: {"description": "It is done, or not: that is not told.", "content": {JSON: {"example": example}}},
            **answers(*ANYBODY, *COMMAND[:2], "address_invalid", "not_ready", "postgres_unavailable"),
        },
        "openapi_extra": {"requestBody": body_of(form.body.__name__)},
    }


def session(summary: str, sent: type[BaseModel] | None, found: type[BaseModel] | None) -> dict[str, Any]:
    """Say the same of a route to sessions."""
    body = {"requestBody": body_of(sent.__name__)} if sent is not None else {}
    schema = {"$ref": f"#/components/schemas/{found.__name__}"} if found is not None else {"type": "object"}
    ok: dict[int | str, dict[str, Any]] = {200: {"description": "Done.", "content": {JSON: {"schema": schema}}}}
    nothing: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}}
    leaving = ("session_unknown", *REQUEST) if sent is None else ()
    codes = (*ANYBODY, *COMMAND, *_FORM, *_FORM_TOO, *_SESSION, *_SESSION_TOO, *leaving)
    return {
        "tags": ["session"],
        "summary": summary,
        "status_code": 204 if sent is None else 200,
        "responses": {**(ok if sent is not None else nothing), **answers(*sorted(set(codes)))},
        "openapi_extra": body,
    }
