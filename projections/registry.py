"""The read door's contracts: a Schema Registry's read API, and the AsyncAPI document."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import cache
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from schemas.contracts import ASYNCAPI
from schemas.domains import DOMAINS
from schemas.registry import MEDIA_TYPE, Registry, Unregistered
from schemas.wire import WIRE

LOOK_UPS: dict[str, Callable[..., Any]] = {
    "/schemas/types": lambda _: ["AVRO"],
    "/schemas/ids/{number}": lambda registry, number: {"schema": registry.entries(number)[0].schema},
    "/schemas/ids/{number}/versions": lambda registry, number: [
        {"subject": entry.subject, "version": entry.version} for entry in registry.entries(number)
    ],
    "/subjects": lambda registry: registry.subjects(),
    "/subjects/{subject}/versions": lambda registry, subject: [entry.version for entry in registry.versions(subject)],
    "/subjects/{subject}/versions/{version}": lambda registry, subject, version: asdict(
        registry.version(subject, version)
    ),
    "/config": lambda _: {"compatibilityLevel": "FULL_TRANSITIVE"},
}
"""What Confluent's clients get, path by path."""


def routes() -> APIRouter:
    """Give the routes, under the paths where Confluent's clients look."""
    # Confluent describes its paths; our API document is about our own.
    router = APIRouter(include_in_schema=False)
    for path, look_up in LOOK_UPS.items():
        router.add_api_route(path, _answering(look_up))
    router.add_api_route("/subjects/{subject}", _find, methods=["POST"])
    router.add_api_route("/asyncapi.json", _asyncapi)
    return router


@cache
def _registry() -> Registry:
    # Made when it is first asked, for a process that starts may yet learn the ids of a registry of one's own.
    return Registry(WIRE.contracts, DOMAINS)


def _answering(look_up: Callable[..., Any]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return _told(lambda: look_up(_registry(), **request.path_params))

    return answer


async def _find(subject: str, request: Request) -> Response:
    body = await request.body()
    return _told(lambda: asdict(_registry().find(subject, body)))


async def _asyncapi() -> Response:
    return FileResponse(ASYNCAPI, media_type="application/json")


def _told(look_up: Callable[[], Any]) -> Response:
    try:
        return Response(orjson.dumps(look_up()), media_type=MEDIA_TYPE)
    except Unregistered as error:
        body = orjson.dumps({"error_code": error.code, "message": str(error)})
        return Response(body, error.code // 100, media_type=MEDIA_TYPE)
