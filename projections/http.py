"""The read door: what is known, over HTTP."""

import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, Security

from infra.auth import bearer, signed_in
from infra.direct import DirectRoute, ListRoute
from projections import looking_back, openapi
from projections.answering import JSON, Listing, possible, unless_had
from projections.answers import Changes, Difference, History, Kind, Kinds, Resource, Resources
from projections.documents import json_body
from projections.door import ReadDoor, require_readable, unknown
from projections.history import NEWEST
from projections.queries import FieldQuery, PastPage, ResourceQuery, Span
from projections.resource import SORTS
from projections.terms import digest_of, position_of, terms, version_or_moment
from schemas.message import Outcome

ResourceId = Annotated[str, Path(examples=["invoice-7"])]
_NUMBER = re.compile("[0-9]{1,9}")


def routes(door: ReadDoor) -> APIRouter:
    """Give the routes of the read door."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    _by_id(router, door)
    _lists(router, door)
    return router


def _by_id(router: APIRouter, door: ReadDoor) -> None:
    async def resource(request: Request) -> Response:
        said = terms(request, "resource:read")
        found = await door.resource(possible(request.path_params["resource_id"]), said)
        return unless_had(said, found.version, found.position, found.body)

    async def kind(request: Request) -> Response:
        said = terms(request, "kind:read")
        row = await door.kind(possible(request.path_params["kind"]), version_of(request), said)
        return unless_had(said, row["kind_version"], row["position"], json_body(row))

    async def outcome(request: Request) -> Response:
        said = terms(request)
        place = request.query_params.get("position")
        command_id = possible(request.path_params["command_id"])
        digest = digest_of(request.query_params.get("digest"))
        told = await door.outcome(command_id, position_of(place) if place is not None else None, digest, said)
        headers = {"Annal-Position": told.position} if told.position is not None else {}
        return Response(told.model_dump_json(), 200, headers, JSON)

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    by_id, one_version = openapi.by_id, "/kinds/{kind}/versions/{version}"
    add("/resources/{resource_id}", resource, **by_id("Read a resource", Resource, "resource_id"))
    add("/kinds/{kind}", kind, **by_id("Read a kind", Kind, "kind"))
    add(one_version, kind, **by_id("Read a version of a kind", Kind, "kind", "version"))
    add("/commands/{command_id}", outcome, **openapi.outcome("What became of a command", Outcome))


def _lists(router: APIRouter, door: ReadDoor) -> None:
    async def resources(request: Request, query: Annotated[ResourceQuery, Query()]) -> Response:
        said = terms(request, "resource:read")
        listing = Listing(request, said, query, door.cursors)
        column = SORTS[query.sort.removeprefix("-")]
        rows, position = await door.resources(said, query.filters(), query.sort, listing.after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row[column], row["resource_id"]])

    add = partial(router.add_api_route, route_class_override=ListRoute)
    add("/resources", resources, **openapi.page("Find resources", Resources))

    @router.get("/resources/{resource_id}/history", **openapi.page("What happened to a resource", History, "not_found"))
    async def happened(resource_id: ResourceId, request: Request, query: Annotated[PastPage, Query()]) -> Response:
        said = terms(request, "resource:read")
        listing = Listing(request, said, query, door.cursors)
        (before,) = listing.after or [NEWEST]
        rows, position = await door.history(possible(resource_id), said, before, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["version"]])

    @router.get("/resources/{resource_id}/diff", **openapi.compared("What changed of a resource", Difference))
    async def difference(resource_id: ResourceId, request: Request, query: Annotated[Span, Query()]) -> Response:
        said = terms(request, "resource:read")
        since = version_or_moment(query.since)
        to = version_or_moment(query.to) if query.to is not None else NEWEST
        may = partial(require_readable, resource_id=possible(resource_id), terms=said)
        told = await looking_back.difference(door, "resource", resource_id, said, since=since, to=to, may=may)
        return Response(json_body(told), 200, None, JSON)

    @router.get("/resources/{resource_id}/changes", **openapi.page("Who changed a field", Changes, "not_found"))
    async def changes(resource_id: ResourceId, request: Request, query: Annotated[FieldQuery, Query()]) -> Response:
        said = terms(request, "resource:read")
        listing = Listing(request, said, query, door.cursors)
        (before,) = listing.after or [NEWEST]
        may = partial(require_readable, resource_id=possible(resource_id), terms=said)
        span = {"field": query.field, "before": before, "limit": query.limit + 1}
        rows, position = await looking_back.page_of_changes(door, "resource", resource_id, said, **span, may=may)
        return listing.answer(rows, position, lambda row: [row["version"]])

    async def kinds(request: Request, query: Annotated[PastPage, Query()]) -> Response:
        said = terms(request, "kind:read")
        listing = Listing(request, said, query, door.cursors)
        (after,) = listing.after or [""]
        rows, position = await door.kinds(said, after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["kind"]])

    add("/kinds", kinds, **openapi.page("All kinds", Kinds))


def version_of(request: Request) -> int | None:
    """Give the version that the path names, if it does. Raises Problem for what can be none."""
    said = request.path_params.get("version")
    if said is None:
        return None
    if _NUMBER.fullmatch(said) is None:
        raise unknown("version")
    return int(said)
