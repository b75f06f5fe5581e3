"""Whatever goes wrong in a request, as a problem that says what to do."""

from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from infra import telemetry
from schemas.problems import MEDIA_TYPE, Problem, pointer

GONE = 499
"""What logs and metrics say of a request whose caller left before it was answered; nobody sees it."""


def told(problem: Problem) -> Response:
    body = orjson.dumps(problem.body(telemetry.trace_id() or ""))
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Let an app tell every error of a request as a problem."""

    @app.exception_handler(Problem)
    async def _(_: Request, problem: Problem) -> Response:
        return told(problem)

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> Response:
        return told(_invalid(error))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        return told(_unrouted(request, error))

    @app.exception_handler(ClientDisconnect)
    async def _(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=GONE)


def _invalid(error: RequestValidationError) -> Problem:
    """Say which part of the request FastAPI could not read."""
    errors = [
        {"in": each["loc"][0], "pointer": pointer(each["loc"][1:]), "detail": each["msg"]} for each in error.errors()
    ]
    first = errors[0]
    code = {"body": "body_invalid", "header": "header_invalid"}.get(first["in"], "query_invalid")
    return Problem(code, f"{first['in']} {first['pointer']}: {first['detail']}.", errors=errors)


def _methods(request: Request) -> set[str]:
    """Give all methods of the path that matched: it may have several routes (RFC 9110 §10.2.1)."""
    matched = [(route, *route.matches(request.scope)) for route in request.app.routes]
    found = [said.get("route", route) for route, match, said in matched if match is not Match.NONE]
    same = [route for route in found if route.path == found[0].path]
    return {method for route in same for method in route.methods or ()}


def _unrouted(request: Request, error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(_methods(request)))
        return Problem("method_not_allowed", f"Use {allowed} here.", headers={"Allow": allowed})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem("not_found", "There is nothing here; see /docs, or the API document at /openapi.json.")
    raise error
