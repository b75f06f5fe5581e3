"""Doors for development only: the mail that was kept instead of sent, and signing in as anybody."""

import re
import time
from typing import Annotated

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BeforeValidator, Field

from infra.auth.doorkeeper import DEV
from infra.auth.inbox import messages
from infra.auth.tokens import AccessTokens, Claims
from infra.auth.vault import Vault
from infra.direct import DirectRoute
from infra.settings import Settings, is_loopback
from schemas.account import RoleName
from schemas.message import Subject
from schemas.problems import Problem, answers
from streams.forms import Sent
from streams.request import read, validated

JSON = "application/json"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII)
LASTS = 24 * 3600
"""Seconds that a token for play is good."""


def _moment(said: object) -> object:
    """Take moments as RFC 3339 writes them only: pydantic would take numbers too."""
    if isinstance(said, str) and _MOMENT.fullmatch(said) is None:
        raise ValueError("write it as RFC 3339 has it, such as 2026-01-05T09:30:00Z")
    return said


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class BeAnybody(Sent):
    """Whom to be, for play: any name, with these roles."""

    account: Annotated[Subject, Field(examples=["alice"])]
    roles: tuple[RoleName, ...] = ("member",)


def routes(settings: Settings, vault: Vault, tokens: AccessTokens) -> APIRouter:
    """Give the routes for development, as far as the settings let them be."""
    router = APIRouter(prefix="/v1/dev", tags=["development"])
    if settings.dev_login:
        _login(router, tokens)
    if settings.local and not settings.smtp_url:
        _inbox(router, vault)
    return router


def _require_here(request: Request) -> None:
    """Refuse a request for another name: a page elsewhere may give its own name this machine's address."""
    if not is_loopback(request.url.hostname or ""):
        raise Problem("origin_forbidden", "Ask this as 127.0.0.1 or localhost; it is for development only.")


def _login(router: APIRouter, tokens: AccessTokens) -> None:
    async def login(request: Request) -> Response:
        _require_here(request)
        sent = validated(BeAnybody, await read(request))
        claims = Claims(sent.account, DEV, roles=sent.roles, expires=int(time.time()) + LASTS)
        told = {"access_token": tokens.issue(claims), "token_type": "Bearer", "expires_in": LASTS}
        return Response(orjson.dumps({**told, "account_id": sent.account}), 200, {"Cache-Control": "no-store"}, JSON)

    body = {"required": True, "content": {JSON: {"schema": BeAnybody.model_json_schema()}}}
    router.add_api_route(
        "/login",
        login,
        methods=["POST"],
        summary="Be anybody",
        responses=answers("body_invalid", "body_unreadable", "body_too_large", "origin_forbidden", "rate_limited"),
        openapi_extra={"requestBody": body},
        route_class_override=DirectRoute,
    )


def _inbox(router: APIRouter, vault: Vault) -> None:
    @router.get(
        "/inbox",
        summary="Mail that was kept instead of sent",
        responses=answers("origin_forbidden", "postgres_unavailable", "rate_limited"),
    )
    async def inbox(request: Request, to: str | None = None, after: Moment | None = None) -> Response:
        _require_here(request)
        kept = await messages(vault, to, after)
        return Response(orjson.dumps({"items": kept}), 200, {"Cache-Control": "no-store"}, JSON)
