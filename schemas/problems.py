"""What can go wrong at a door: every stable code with its status, and the exception that carries one to the caller."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.domains import DOMAINS

STATUS = {
    "body_unreadable": 400,
    "cursor_invalid": 400,
    "header_invalid": 400,
    "moment_in_future": 400,
    "moment_invalid": 400,
    "path_invalid": 400,
    "position_beyond_end": 400,
    "position_invalid": 400,
    "request_unreadable": 400,
    "code_required": 401,
    "credentials_missing": 401,
    "credentials_wrong": 401,
    "key_invalid": 401,
    "refresh_invalid": 401,
    "token_expired": 401,
    "token_invalid": 401,
    "address_not_verified": 403,
    "origin_forbidden": 403,
    "permission_missing": 403,
    "rights_changed": 403,
    "role_beyond_yours": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "version_conflict": 412,
    "body_too_large": 413,
    "uri_too_long": 414,
    "content_type_unsupported": 415,
    "address_invalid": 422,
    "body_invalid": 422,
    "command_expired": 422,
    "command_from_the_future": 422,
    "command_type_unknown": 422,
    "command_too_large": 422,
    "command_undecodable": 422,
    "domain_unknown": 422,
    "fact_type_unknown": 422,
    "idempotency_key_reused": 422,
    "password_weak": 422,
    "query_invalid": 422,
    "query_too_costly": 422,
    "subject_mismatch": 422,
    "wrong_partition": 422,
    "wrong_topic": 422,
    "rate_limited": 429,
    "too_many_listeners": 429,
    "headers_too_large": 431,
    "rule_failed": 500,
    "unexpected": 500,
    "door_closing": 503,
    "export_impossible": 503,
    "issuer_unavailable": 503,
    "kafka_unavailable": 503,
    "listener_behind": 503,
    "not_ready": 503,
    "postgres_unavailable": 503,
    "reading_not_noted": 503,
    "read_model_behind": 503,
    "too_busy": 503,
    "agent_silent": 504,
    **{code: status for domain in DOMAINS for code, status in domain.refusals.items()},
}
"""Every code, with its HTTP status; those of the domains stand in their `Domain.refusals`."""

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """What went wrong, as RFC 9457 writes it: `code` is stable and for programs, `detail` is for people."""

    model_config = ConfigDict(title="Problem", extra="allow")
    type: str = Field(examples=["urn:annal:problem:body_invalid"])
    title: str = Field(examples=["Body invalid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["/name: String should have at least 1 character."])
    code: str = Field(examples=["body_invalid"])
    trace_id: str = Field(
        description="Name it to whoever runs this service.", examples=["0af7651916cd43dd8448eb211c80319c"]
    )


class Problem(Exception):  # noqa: N818 - a problem is an answer, and RFC 9457 names it so
    """An answer that is not what was asked for: a stable code and one sentence that says what to do.

    `members` go into the body beside the standard ones; `headers` onto the answer.
    """

    def __init__(self, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    @property
    def status(self) -> int:
        # A worker newer than this door may refuse for reasons that are not in its table yet.
        return STATUS.get(self.code, 422)

    def body(self, trace_id: str) -> dict[str, Any]:
        """The problem as RFC 9457 writes it."""
        return {
            "type": f"urn:annal:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "trace_id": trace_id,
            **self.members,
        }


def answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Say for the API document which problems a route answers with: give it as `responses`."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(STATUS[code], []).append(code)
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {
        status: {
            "description": "Problem: " + ", ".join(f"`{code}`" for code in its),
            "content": {MEDIA_TYPE: {"schema": schema, "example": _example(its[0])}},
        }
        for status, its in sorted(by_status.items())
    }


def _example(code: str) -> dict[str, Any]:
    return Problem(code, "One sentence that says what to do.").body("0af7651916cd43dd8448eb211c80319c")


def pointer(place: Sequence[str | int]) -> str:
    """Give a place as a JSON Pointer in a URI fragment, as RFC 9457 shows it."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
