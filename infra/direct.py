"""What both doors share: routes that read their requests themselves, and how long a request prefers to wait."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

WAIT_AT_MOST = 30.0
"""Seconds that a request can wait; a longer `Prefer: wait` is cut to it."""

_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=[,;]|$)', re.IGNORECASE)


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request as it came: FastAPI's reading would be most of its time."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **described: Any) -> None:
        super().__init__(path, endpoint, **described)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app


def preferred_wait(prefer: Iterable[str]) -> float | None:
    """Read the headers Prefer (RFC 7240), of which what cannot be understood is ignored; None if they say nothing."""
    found = _WAIT.search(",".join(prefer))
    return min(float(found[1]), WAIT_AT_MOST) if found else None
