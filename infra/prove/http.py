"""The door of checkpoints: whoever may audit reads them, and anybody the key that signs them."""

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field

from infra.auth import bearer, caller, signed_in
from infra.auth.vault import Vault
from infra.prove import checkpointing
from infra.prove.book import Book
from infra.records import Records
from infra.settings import Settings, Unusable
from projections.audit_http import Note
from schemas import signed
from schemas.checkpoint import Checkpoint, Statement
from schemas.problems import Problem, answers
from schemas.rights import Right, takes

JSON = "application/json"
MOST = 100
_RIGHT = Right("audit:read")
_GUARDED = (
    "permission_missing",
    "reading_not_noted",
    "account_not_active",
    "credentials_missing",
    "key_invalid",
    "session_ended",
    "token_expired",
    "token_invalid",
)
_NUMBER = re.compile("[1-9][0-9]{0,14}")

Found = TypeVar("Found")


class Key(BaseModel):
    """The public key whose checkpoints count: Ed25519, in hexadecimal."""

    key: str = Field(examples=["908cffbe43cda38b2703272636631539bd671373eaef73f61531306bc6a1ef59"])


class Statements(BaseModel):
    """Checkpoints without what they say of each journal, the newest first."""

    items: list[Statement]


class Page(BaseModel):
    """Which checkpoints are wanted."""

    model_config = ConfigDict(extra="forbid")
    before: int | None = Field(None, ge=1, le=10**15, description="Only those of smaller numbers.", examples=[42])
    limit: int = Field(50, ge=1, le=MOST)


def routes(settings: Settings, vault: Vault, note: Note) -> APIRouter:
    """Give the routes; what they tell auditors is noted first."""
    router = APIRouter(prefix="/v1")

    async def noted(request: Request) -> None:
        asking, asked = caller(request), request.query_params
        asking.require("audit:read")
        await note(asking, request.url.path, {name: asked.getlist(name) for name in asked})

    async def asked(ask: Callable[[Book], Found]) -> Found:
        key = signed.name_of(await checkpointing.private(vault))

        def read() -> Found:
            with Records(settings) as reader:
                return ask(Book(settings, reader, key))

        try:
            return await asyncio.to_thread(read)
        except Unusable as error:
            raise Problem("kafka_unavailable", str(error), headers={"Retry-After": "1"}) from error

    async def newest(request: Request, page: Annotated[Page, Query()]) -> Response:
        await noted(request)
        statements = await asked(lambda book: _page(book, page))
        return Response(orjson.dumps({"items": [each.model_dump() for each in statements]}), media_type=JSON)

    async def key() -> Response:
        private = await checkpointing.private(vault)
        return Response(orjson.dumps({"key": signed.name_of(private)}), media_type=JSON)

    async def one(number: str, request: Request) -> Response:
        await noted(request)
        checkpoint = await asked(lambda book: book.find(int(number))) if _NUMBER.fullmatch(number) else None
        if checkpoint is None:
            raise Problem("not_found", "There is no such checkpoint: /v1/checkpoints names those that there are.")
        return Response(checkpoint.write(), media_type=JSON)

    add, path = router.add_api_route, "/checkpoints"
    add(path, newest, **_described("Checkpoints, the newest first", Statements, *_GUARDED, "query_invalid"))
    add(f"{path}/key", key, **_described("The key that signs checkpoints", Key))
    add(f"{path}/{{number}}", one, **_described("A checkpoint", Checkpoint, *_GUARDED, "not_found"))
    return router


def _page(book: Book, page: Page) -> list[Statement]:
    last = book.last()
    end = min(page.before or MOST**9, last.statement.number + 1 if last else 0)
    found = []
    for checkpoint in book.since(end - page.limit) if end else ():
        if checkpoint.statement.number >= end:
            break
        found.append(checkpoint.statement)
    return found[::-1]


def _described(summary: str, model: type[BaseModel], *codes: str) -> dict[str, Any]:
    guarded = _GUARDED[0] in codes
    return {
        "summary": summary,
        "tags": ["checkpoints"],
        "description": takes(_RIGHT, "audit") if guarded else "Anybody may ask this.",
        "dependencies": [Security(signed_in), Security(bearer)] if guarded else [],
        "response_model": None,
        "response_class": Response,
        "responses": {
            200: {"description": summary, "model": model},
            **answers(*codes, "kafka_unavailable", "postgres_unavailable", "rate_limited"),
        },
    }
