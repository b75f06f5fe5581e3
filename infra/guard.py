"""What stands in front of all routes: refuses requests that no route should see, and makes every answer a safe one."""

import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from infra import telemetry
from infra.errors import told
from schemas.problems import Problem

URI_BYTES: Final = 8 * 1024
"""Of a path and its query together."""

HEADER_BYTES: Final = 16 * 1024
"""Of all names and values together."""

HEADERS: Final = 100

LENGTH_DIGITS: Final = 18

ONCE = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"cookie",
        b"expect",
        b"host",
        b"idempotency-key",
        b"if-match",
        b"last-event-id",
        b"origin",
        b"range",
        b"traceparent",
        b"transfer-encoding",
    }
)
"""Headers that two readers could take for different things when they come twice."""

IDENTITY = (b"annal-actor", b"remote-user", b"x-auth", b"x-forwarded-", b"x-remote-", b"x-user", b"x-webauth-")
"""How names of headers begin in which proxies tell applications who asks; no caller of ours is believed to be one."""

_TRICK = re.compile(rb"%(?:2[ef]|5c|[01][0-9a-f]|7f)|/\.\.?(?:/|$)|\\", re.IGNORECASE)
"""What one reader of a path takes for a separator, a step up or an end, and another does not."""

Header = tuple[bytes, bytes]

SAFE: Final[list[Header]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
"""On every answer, for browsers: what comes from here is what it says it is, and nothing to frame or borrow."""

POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
UNSTORED = (b"cache-control", b"no-store")
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

ASKED = (
    "Annal-Min-Position",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "traceparent",
)
"""Headers that pages of other origins may send."""

ANSWERED = (
    "Annal-Position",
    "Annal-Request",
    "ETag",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
)
"""Headers that pages of other origins may see."""

CLOSE = {"Connection": "close"}
"""After a refusal nothing of the connection is read: what followed might be taken for another request."""


class Guarded:
    """Around an ASGI app, inside of the request's span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            _refuse_path(scope)
            _admit(scope)
        except Problem as problem:
            problem.headers.update(CLOSE)
            await told(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def safe(scope: Scope, headers: Sequence[Header]) -> list[Header]:
    """Give the headers of an answer with those that every answer has; what it says itself of these it keeps."""
    names = {name for name, _ in headers}
    added = [*headers, *SAFE, (b"annal-request", (telemetry.trace_id() or "").encode())]
    if b"content-security-policy" not in names:
        added.append(POLICY)
    if b"cache-control" not in names and scope["path"].startswith("/v1/"):
        added.append(UNSTORED)
    if scope["scheme"] == "https":
        added.append(HTTPS_ONLY)
    return added


def shared_with(origins: Sequence[str]) -> dict[str, Any]:
    """Say in CORSMiddleware's words what pages of these origins, and no others, may ask and see."""
    return {
        "allow_origins": origins,
        "allow_methods": ("GET", "HEAD", "POST"),
        "allow_headers": ASKED,
        "allow_credentials": True,
        "expose_headers": ANSWERED,
    }


def _refuse_path(scope: Scope) -> None:
    """Raise Problem for a path that is too long, or that means different things to different readers."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(path) + len(scope["query_string"]) >= URI_BYTES:
        raise Problem("uri_too_long", f"Let path and query take less than {URI_BYTES} bytes together.")
    if _TRICK.search(path):
        raise Problem("path_invalid", "Leave out of the path . and .. as steps, encoded dots, and any slash encoded.")


def _admit(scope: Scope) -> None:
    """Look at the headers, and drop what no route is to see. Raises Problem."""
    headers = scope["headers"]
    if len(headers) > HEADERS:
        raise Problem("headers_too_large", f"Send at most {HEADERS} headers.")
    size, said, pretends = 0, {}, False
    for name, value in headers:
        size += len(name) + len(value)
        if name in ONCE:
            if name in said:
                raise Problem("header_invalid", f"Send the header {name.decode().title()} once.")
            said[name] = value
        elif name.startswith(IDENTITY):
            pretends = True
    if size > HEADER_BYTES:
        raise Problem("headers_too_large", f"Let the headers take at most {HEADER_BYTES} bytes together.")
    if pretends:
        scope["headers"] = [header for header in headers if not header[0].startswith(IDENTITY)]
    if b"host" not in said and scope["http_version"] == "1.1":
        raise Problem("header_invalid", "Send the header Host.")
    _refuse_length(said.get(b"content-length"), said.get(b"transfer-encoding"))


def _refuse_length(length: bytes | None, coding: bytes | None) -> None:
    """Raise Problem when it can be said in two ways where a body ends (RFC 9112 §6.3)."""
    if length is not None and coding is not None:
        raise Problem("header_invalid", "Send Content-Length or Transfer-Encoding, not both.")
    if length is not None and not (length.isdigit() and len(length) <= LENGTH_DIGITS):
        raise Problem("header_invalid", "Let Content-Length be a number of bytes.")
    if coding is not None and coding.lower() != b"chunked":
        raise Problem("header_invalid", "Leave out Transfer-Encoding, or let it be chunked.")
