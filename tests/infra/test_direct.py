"""A list that reads its query by itself refuses what FastAPI refuses, with the same words."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from httpx2 import ASGITransport, AsyncClient

from infra import errors
from infra.direct import ListRoute
from projections.queries import ResourceQuery


async def told(request: Request, query: Annotated[ResourceQuery, Query()]) -> JSONResponse:
    del request
    return JSONResponse(query.model_dump(mode="json"))


@pytest.fixture
def app() -> FastAPI:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/usual", told)
    router.add_api_route("/ours", told, route_class_override=ListRoute)
    app.include_router(router)
    errors.handle(app)
    return app


@pytest.mark.parametrize(
    "said",
    [
        "",
        "limit=7&sort=-name&q=a b&trashed=true",
        "limit=1&limit=2",
        "min-position=resource:0:1&min-position=resource:1:1",
        "limit=0",
        "limit=x&kind=a%00",
        "limit=",
        "unheard=of&limit=0",
        "cursor=" + "x" * 4001,
        "trashed=perhaps",
    ],
)
async def test_a_query_is_read_as_fastapi_does(app: FastAPI, said: str) -> None:
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://annal") as client:
        usual, ours = await client.get(f"/usual?{said}"), await client.get(f"/ours?{said}")
    assert (ours.status_code, ours.json()) == (usual.status_code, usual.json())


def test_it_is_described_as_always(app: FastAPI) -> None:
    usual, ours = (described(app, path) for path in ("/usual", "/ours"))
    assert ours == usual
    assert len(ours) > 5


def described(app: FastAPI, path: str) -> Any:
    return app.openapi()["paths"][path]["get"]["parameters"]
