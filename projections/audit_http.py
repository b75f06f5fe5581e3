"""The audit door, over HTTP: who asked what, what came of it, requests followed, subjects looked back at, exports."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, Security
from fastapi.responses import StreamingResponse

from infra.auth import Caller, bearer, signed_in
from infra.direct import DirectRoute
from projections import openapi
from projections.answering import JSON, Listing, possible
from projections.answers import Changes, Difference
from projections.audit_answers import Commands, Followed, Subject
from projections.audited import Audit
from projections.documents import json_body
from projections.history import NEWEST
from projections.queries import AuditQuery, FieldQuery, Filter, Span
from projections.terms import Terms, terms, version_or_moment
from schemas.message import Position
from schemas.problems import answers

Note = Callable[[Caller, str, Mapping[str, Sequence[str]]], Awaitable[None]]
"""Puts on record that a caller reads a path, and with which parameters. Raises Problem."""

Export = Callable[[Iterable[Position], dict[str, Any]], AsyncIterator[bytes]]
"""Gives the lines of an export of the facts at some positions, with their proof."""

NDJSON = "application/x-ndjson"

SubjectId = Annotated[str, Path(examples=["invoice-7"])]
DomainName = Annotated[str, Path(examples=["resource"])]


def routes(audit: Audit, note: Note, export: Export) -> APIRouter:
    """Give the routes; whatever they tell is noted first."""
    router = APIRouter(prefix="/v1/audit", dependencies=[Security(signed_in), Security(bearer)])

    async def noted(request: Request) -> Terms:
        said = terms(request, "audit:read")
        asked = {name: request.query_params.getlist(name) for name in request.query_params}
        await note(said.caller, request.url.path, asked)
        return said

    _commands(router, audit, noted)
    _subjects(router, audit, noted)
    _exports(router, audit, noted, export)
    return router


Noted = Callable[[Request], Awaitable[Terms]]


def _commands(router: APIRouter, audit: Audit, noted: Noted) -> None:
    @router.get("", **_noting(openapi.page("Who asked what, and what came of it", Commands)))
    async def commands(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
        filters, said = query.filters(), await noted(request)
        listing = Listing(request, said, query, audit.cursors)
        rows, position = await audit.commands(said, filters, listing.after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["time"], row["command_id"]])

    async def followed(request: Request) -> Response:
        said = await noted(request)
        return _told(await audit.request(possible(request.path_params["command_id"]), said))

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    add("/commands/{command_id}", followed, **_noting(openapi.whole("Follow a request", Followed, "command_id")))


def _subjects(router: APIRouter, audit: Audit, noted: Noted) -> None:
    async def subject(request: Request) -> Response:
        said, path = await noted(request), request.path_params
        return _told(await audit.subject(path["domain"], possible(path["subject"]), said))

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    described = _noting(openapi.whole("A subject as it is or was", Subject, "domain", "subject", looks_back=True))
    add("/subjects/{domain}/{subject}", subject, **described)

    described = _noting(openapi.compared("What changed of a subject", Difference))

    @router.get("/subjects/{domain}/{subject}/diff", **described)
    async def difference(
        domain: DomainName, subject: SubjectId, request: Request, query: Annotated[Span, Query()]
    ) -> Response:
        since = version_or_moment(query.since)
        to = version_or_moment(query.to) if query.to is not None else NEWEST
        return _told(await audit.difference(domain, possible(subject), await noted(request), since, to))

    described = _noting(openapi.page("Who changed a field of a subject", Changes))

    @router.get("/subjects/{domain}/{subject}/changes", **described)
    async def changes(
        domain: DomainName, subject: SubjectId, request: Request, query: Annotated[FieldQuery, Query()]
    ) -> Response:
        said = await noted(request)
        listing = Listing(request, said, query, audit.cursors)
        (before,) = listing.after or [NEWEST]
        rows, position = await audit.changes(domain, possible(subject), said, query.field, before, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["version"]])


def _exports(router: APIRouter, audit: Audit, noted: Noted, export: Export) -> None:
    @router.get("/export", **_noting(openapi.streamed("Export facts with their proof", NDJSON)))
    async def exported(request: Request, query: Annotated[Filter, Query()]) -> Response:
        filters, said = query.filters(), await noted(request)
        positions = await audit.positions(said, filters)
        headers = {"Content-Disposition": 'attachment; filename="facts.ndjson"'}
        asked = {name: value for name, value in query.model_dump(mode="json").items() if value not in (None, [])}
        # The first line is made before the answer begins, for only until then it can be a problem.
        lines = export(positions, asked)
        first = await anext(lines)
        return StreamingResponse(_after(first, lines), 200, headers, NDJSON)


async def _after(first: bytes, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for line in lines:
        yield line


def _noting(described: dict[str, Any]) -> dict[str, Any]:
    """Say for the API document what any audit route may answer."""
    responses = {**described["responses"]}
    for status, said in answers("domain_unknown", "not_found", "query_invalid", "reading_not_noted").items():
        responses.setdefault(status, said)
    return described | {"tags": ["audit"], "responses": responses}


def _told(said: Any) -> Response:
    return Response(json_body(said), 200, None, JSON)
