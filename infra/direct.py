"""What both doors share: routes that read their requests themselves, and how long a request prefers to wait."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
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


class ListRoute(APIRoute):
    """A route whose endpoint takes the request and its query, read by the model of it: it is described as it always is.

    What FastAPI does around that takes as long as all the rest of a short list.
    """

    def __init__(self, path: str, endpoint: Callable[[Request, Any], Awaitable[Response]], **described: Any) -> None:
        super().__init__(path, endpoint, **described)
        model = get_type_hints(endpoint)["query"]

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            response = await endpoint(request, queried(model, request.query_params))
            await response(scope, receive, send)

        self.app = app


def queried(model: type[BaseModel], said: QueryParams) -> BaseModel:
    """Read a query. Raises RequestValidationError, as FastAPI does."""
    values: dict[str, Any] = dict(said)
    for name, field in model.model_fields.items():
        if (field.alias or name) in said and get_origin(field.annotation) is list:
            values[field.alias or name] = said.getlist(field.alias or name)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError([each | {"loc": ("query", *each["loc"])} for each in error.errors()]) from error


def preferred_wait(prefer: Iterable[str]) -> float | None:
    """Read the headers Prefer (RFC 7240), of which what cannot be understood is ignored; None if they say nothing."""
    found = _WAIT.search(",".join(prefer))
    return min(float(found[1]), WAIT_AT_MOST) if found else None
