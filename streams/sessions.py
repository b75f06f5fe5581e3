"""The door to sessions: signing in, going on and leaving, as JSON and as OAuth has it."""

import secrets
from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request, Response, Security

from infra.auth import CHALLENGE, TOKEN_PATH, Caller, bearer, caller, signed_in
from infra.auth.doorkeeper import network_of
from infra.direct import DirectRoute
from schemas.problems import Problem
from schemas.rights import Right
from streams import openapi_forms
from streams.forms import FORM_BYTES, Identity, Unanswered, Visit
from streams.request import Body, Terms, read, validated
from streams.session import Refresh, SignedIn, SignIn, leave, refresh, sign_in
from streams.visit import ANYBODY, JSON, visit

COOKIE = "__Host-annal-refresh"
COOKIE_LASTS = 90 * 24 * 3600

FORM = "application/x-www-form-urlencoded"

GRANT_REFUSED = {400: "invalid_request", 401: "invalid_grant", 403: "invalid_grant", 422: "invalid_request"}
"""What OAuth calls the problems of these statuses."""

_ANYBODY = Right(None)
Found = TypeVar("Found")


class Sessions:
    """What is answered at the door to sessions."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def sign_in(self, request: Request) -> Response:
        here, sent = await self._read(request, SignIn)
        if sent.cookie:
            self._require_own_page(request)
        found = await _in_time(sign_in(here, sent, _device(request)))
        return _answer(found, cookie=sent.cookie)

    async def refresh(self, request: Request) -> Response:
        here, sent = await self._read(request, Refresh)
        if sent.refresh_token is not None:
            return _answer(await _in_time(refresh(here, sent.refresh_token)), cookie=False)
        shown = request.cookies.get(COOKIE)
        if shown is None:
            told = "Send the `refresh_token`, or from a page the cookie that signing in set."
            raise Problem("refresh_invalid", told, headers=CHALLENGE)
        self._require_own_page(request)
        return _answer(await _in_time(refresh(here, shown)), cookie=True)

    async def leave(self, request: Request) -> Response:
        asking = caller(request)
        if asking.session is None:
            raise Problem("session_unknown", "An API key has no session; revoke the key with apikey.revoke.")
        here = self._visit(asking, request)
        await _in_time(leave(here, asking.session))
        return Response(None, 204, {"Set-Cookie": _cookie("", 0)} if COOKIE in request.cookies else {})

    async def token(self, request: Request) -> Response:
        """Do what OAuth's token endpoint does (RFC 6749 §4.3, §6), for clients that know nothing else."""
        try:
            return await self._granted(request)
        except Problem as problem:
            # Such clients know only what RFC 6749 §5.2 has; what is no fault of theirs they ask again.
            if problem.status not in GRANT_REFUSED:
                raise
            return _not_granted(GRANT_REFUSED[problem.status], problem.detail)

    async def _granted(self, request: Request) -> Response:
        form = await _form(request)
        here = self._visit(ANYBODY, request)
        if form.get("grant_type") == "refresh_token":
            return _answer(await _in_time(refresh(here, form.get("refresh_token", ""))), cookie=False)
        if form.get("grant_type") == "password":
            said = {"address": form.get("username"), "password": form.get("password"), "code": form.get("code")}
            sent = validated(SignIn, orjson.dumps(said))
            return _answer(await _in_time(sign_in(here, sent, _device(request))), cookie=False)
        return _not_granted("unsupported_grant_type", "Send the grant_type `password` or `refresh_token`, as a form.")

    async def _read(self, request: Request, body: type[Body]) -> tuple[Visit, Body]:
        # Passwords, codes and tokens count each time that they are shown: no Idempotency-Key makes two times one.
        here, sent = await visit(self._identity, request, body, _ANYBODY)
        return here.once(), sent

    def _visit(self, asking: Caller, request: Request) -> Visit:
        terms = Terms(asking, idempotency_key=None, expected_version=None, wait=0)
        return Visit(self._identity, terms, network_of(request.scope), secrets.token_hex(16))

    def _require_own_page(self, request: Request) -> None:
        """Raise Problem unless a page of ours asks, or one that may: cookies come along by themselves."""
        origin = request.headers.get("origin")
        settings = self._identity.settings
        ours = {settings.url, f"{request.url.scheme}://{request.url.netloc}", *settings.cors_origins}
        if origin is None or origin not in ours:
            told = "Cookies are for pages of this service; send the refresh_token in the body instead."
            raise Problem("origin_forbidden", told)


def routes(identity: Identity) -> APIRouter:
    """Give the routes of sessions."""
    door = Sessions(identity)
    router = APIRouter(route_class=DirectRoute)
    add = router.add_api_route
    add("/v1/sessions", door.sign_in, methods=["POST"], **openapi_forms.session("Sign in", SignIn, SignedIn))
    add("/v1/sessions/refresh", door.refresh, methods=["POST"], **openapi_forms.session("Go on", Refresh, SignedIn))
    leaving = openapi_forms.session("Leave", None, None)
    add(
        "/v1/sessions/leave",
        door.leave,
        methods=["POST"],
        dependencies=[Security(signed_in), Security(bearer)],
        **leaving,
    )
    add(TOKEN_PATH, door.token, methods=["POST"], include_in_schema=False)
    return router


async def _form(request: Request) -> dict[str, str]:
    """Read a form as browsers send it. Raises Problem."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Problem("content_type_unsupported", f"Send the body as Content-Type: {FORM}.")
    text = await read(request)
    if len(text) > FORM_BYTES:
        raise Problem("body_too_large", f"Send at most {FORM_BYTES} bytes in one body.")
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="strict")
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Problem("body_invalid", "Send each field once.")
    return form


async def _in_time(asking: Awaitable[Found]) -> Found:
    try:
        return await asking
    except Unanswered as late:
        told = "This takes longer than it should; ask again in a moment."
        raise Problem("not_ready", told, headers={"Retry-After": "1"}) from late


def _answer(found: SignedIn, *, cookie: bool) -> Response:
    headers = {"Cache-Control": "no-store", "Annal-Position": found.position}
    if cookie:
        headers["Set-Cookie"] = _cookie(found.refresh_token, COOKIE_LASTS)
    body = found.model_dump(exclude={"refresh_token"} if cookie else set())
    return Response(orjson.dumps(body), 200, headers, JSON)


def _not_granted(error: str, told: str) -> Response:
    said = {"error": error, "error_description": told}
    return Response(orjson.dumps(said), 400, {"Cache-Control": "no-store"}, JSON)


def _cookie(value: str, lasts: int) -> str:
    return f"{COOKIE}={value}; Max-Age={lasts}; Path=/; Secure; HttpOnly; SameSite=Strict"


def _device(request: Request) -> str:
    return request.headers.get("user-agent", "")
