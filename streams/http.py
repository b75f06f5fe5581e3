"""The write door: POST a command and it is on its topic; wait, and its outcome is the answer."""

from collections.abc import Awaitable, Callable
from functools import partial

import orjson
from fastapi import APIRouter, Request, Response, Security
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from infra.auth import bearer, signed_in
from infra.direct import DirectRoute
from schemas.domains import DOMAINS
from schemas.message import Command, Domain, Position
from schemas.problems import Problem
from schemas.rights import ASKED_WITH_BODY
from streams import behalf, openapi, openapi_forms
from streams.answer import known, location, pending, refusal
from streams.bulk import UPLOAD_BYTES, Upload
from streams.forms import Identity
from streams.identity import FORMS, UNTOLD
from streams.request import BODY_BYTES, Terms, asked, read, terms
from streams.visit import Untold, at_form

PREFIX = "/v1/commands"

Ask = Callable[[Request], Awaitable[Response]]


class Commands(BaseRoute):
    """All routes of the write door; the one of a path is found at once, however many domains there are."""

    def __init__(self, identity: Identity) -> None:
        self.untold = Untold(identity)
        router = APIRouter(prefix=PREFIX, route_class=DirectRoute, dependencies=[Security(signed_in), Security(bearer)])
        for domain in DOMAINS:
            for kind_of in (each for each in domain.commands if each in ASKED_WITH_BODY):
                described = openapi.command(domain, kind_of)
                router.add_api_route(f"/{kind_of.type}", _one(identity, kind_of), methods=["POST"], **described)
        router.add_api_route("", _many(identity), methods=["POST"], **openapi.upload())
        self.routes = [
            route
            for each in (router, _forms(identity), _untold(self.untold))
            for route in each.routes
            if isinstance(route, APIRoute)
        ]
        self._by_path: dict[str, Route] = {route.path: route for route in self.routes}
        self._unknown = Route(f"{PREFIX}/{{type}}", _none, methods=["POST"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        route = self._by_path.get(scope["path"], self._unknown)
        if route is not self._unknown and scope["method"] == "POST":
            return Match.FULL, {"route": route}
        match, found = route.matches(scope)
        if route is self._unknown and match is Match.PARTIAL:
            return Match.NONE, {}
        found["route"] = route
        return match, found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["route"]
        await (route.app if scope["method"] == "POST" else route.handle)(scope, receive, send)


def _forms(identity: Identity) -> APIRouter:
    router = APIRouter(prefix=PREFIX, route_class=DirectRoute)
    for form in FORMS:
        shown = [Security(signed_in), Security(bearer)] if form.right.permission is not None else []
        described = openapi_forms.form(_domain(form.name), form)
        ask = partial(at_form, identity, form)
        router.add_api_route(f"/{form.name}", ask, methods=["POST"], dependencies=shown, **described)
    return router


def _untold(untold: Untold) -> APIRouter:
    router = APIRouter(prefix=PREFIX, route_class=DirectRoute)
    for form in UNTOLD:
        described = openapi_forms.untold(_domain(form.name), form)
        router.add_api_route(f"/{form.name}", partial(untold.at_form, form), methods=["POST"], **described)
    return router


def _domain(type_: str) -> Domain:
    return next(domain for domain in DOMAINS if domain.name == type_.partition(".")[0])


def _one(identity: Identity, kind_of: type[Command]) -> Ask:
    async def ask(request: Request) -> Response:
        said = terms(request, openapi.JSON, BODY_BYTES)
        one = await behalf.allowed(identity, said.caller, asked(kind_of, await read(request), said))
        place, outcome = await identity.door.ask(one, said.wait)
        if outcome is None:
            headers = {"Location": location(one, place)}
            return Response(orjson.dumps(pending(one)), 202, headers, openapi.JSON)
        problem = refusal(outcome)
        if problem is not None:
            problem.headers.update(_applied(said))
            raise problem
        if outcome.position is not None:
            await identity.known.reach(Position.parse(outcome.position))
        return Response(outcome.model_dump_json(), 200, {**known(outcome), **_applied(said)}, openapi.JSON)

    return ask


def _many(identity: Identity) -> Ask:
    async def ask_many(request: Request) -> Response:
        said = terms(request, openapi.NDJSON, UPLOAD_BYTES)
        if said.expected_version is not None:
            raise Problem("header_invalid", "Leave out If-Match, and give each line its expected_version.")
        answers = await Upload(identity, said).answer(request)
        return Response(answers, 200, _applied(said), openapi.NDJSON)

    return ask_many


async def _none(request: Request) -> Response:
    raise Problem(
        "not_found", f"There is no command {request.path_params['type'][:100]!r}; the API document has them all."
    )


def _applied(said: Terms) -> dict[str, str]:
    return {"Preference-Applied": f"wait={said.wait:.0f}"} if said.wait else {}
