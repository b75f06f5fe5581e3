"""The read door of people, over HTTP: accounts, sessions, keys, failed sign-ins and roles."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, Security

from infra.auth import Caller, bearer, signed_in
from infra.direct import DirectRoute
from projections import openapi
from projections.answering import JSON, Listing, possible, unless_had
from projections.documents import json_body
from projections.door import ReadDoor, unknown
from projections.history import NEWEST
from projections.people_answers import (
    Account,
    AccountHistory,
    Accounts,
    Everything,
    Failures,
    Keys,
    Role,
    Roles,
    Sessions,
)
from projections.people_known import People
from projections.queries import AccountQuery, OfAccount, PastPage
from projections.terms import Terms, terms

AccountId = Annotated[str, Path(examples=["0192f0c1-2d3e-7000-8000-000000000001"])]


def routes(door: ReadDoor) -> APIRouter:
    """Give the routes to what is known of people."""
    people = People(door)
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    _accounts(router, people)
    _of_accounts(router, people)
    _roles(router, people)
    return router


def _accounts(router: APIRouter, people: People) -> None:
    async def mine(request: Request) -> Response:
        said = terms(request, "account:own")
        row = await people.account(said.actor.id, said)
        return unless_had(said, row["version"], row["position"], json_body(row))

    async def account(request: Request) -> Response:
        said = terms(request)
        row = await people.account(_readable(said.caller, request.path_params["account_id"]), said)
        return unless_had(said, row["version"], row["position"], json_body(row))

    async def everything(request: Request) -> Response:
        said = terms(request)
        told, position = await people.everything(_readable(said.caller, request.path_params["account_id"]), said)
        headers = {"Annal-Position": position, "Content-Disposition": 'attachment; filename="account.json"'}
        return Response(json_body(told), 200, headers, JSON)

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    add("/accounts/me", mine, **openapi.by_id("Read one's own account", Account))
    add("/accounts/{account_id}", account, **openapi.by_id("Read an account", Account, "account_id"))
    add(
        "/accounts/{account_id}/export",
        everything,
        **openapi.whole("Everything known of a person", Everything, "account_id"),
    )

    @router.get("/accounts", **openapi.page("All accounts", Accounts))
    async def accounts(request: Request, query: Annotated[AccountQuery, Query()]) -> Response:
        said = terms(request, "account:read")
        listing = Listing(request, said, query, people.cursors)
        rows, position = await people.accounts(said, query.status, listing.after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["opened_time"], row["account_id"]])

    @router.get(
        "/accounts/{account_id}/history", **openapi.page("What happened to an account", AccountHistory, "not_found")
    )
    async def happened(account_id: AccountId, request: Request, query: Annotated[PastPage, Query()]) -> Response:
        said = terms(request)
        listing = Listing(request, said, query, people.cursors)
        (before,) = listing.after or [NEWEST]
        rows, position = await people.history(_readable(said.caller, account_id), said, before, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["version"]])


def _of_accounts(router: APIRouter, people: People) -> None:
    @router.get("/sessions", **openapi.page("Sessions of an account", Sessions))
    async def sessions(request: Request, query: Annotated[OfAccount, Query()]) -> Response:
        said = terms(request)
        account_id = _whose(said, query, "session:own", "session:read")
        listing = Listing(request, said, query, people.cursors)
        rows, position = await people.sessions(account_id, said, listing.after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["opened_time"], row["session_id"]])

    @router.get("/apikeys", **openapi.page("API keys of an account, and those it made", Keys))
    async def keys(request: Request, query: Annotated[OfAccount, Query()]) -> Response:
        said = terms(request)
        account_id = _whose(said, query, "apikey:own", "apikey:read")
        listing = Listing(request, said, query, people.cursors)
        rows, position = await people.keys(account_id, said, listing.after, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["created_time"], row["key_id"]])

    @router.get("/logins", **openapi.page("Failed sign-ins to an account", Failures))
    async def failures(request: Request, query: Annotated[OfAccount, Query()]) -> Response:
        said = terms(request)
        account_id = _whose(said, query, "account:own", "audit:read")
        listing = Listing(request, said, query, people.cursors)
        (before,) = listing.after or [NEWEST]
        rows, position = await people.failures(account_id, said, before, query.limit + 1)
        return listing.answer(rows, position, lambda row: [row["failures"]])


def _roles(router: APIRouter, people: People) -> None:
    async def role(request: Request) -> Response:
        said = terms(request, "role:read")
        row = await people.role(possible(request.path_params["role"]), said)
        if row["position"] is None:
            return Response(json_body(row), 200, None, JSON)
        return unless_had(said, row["version"], row["position"], json_body(row))

    async def roles(request: Request) -> Response:
        rows, position = await people.roles(terms(request, "role:read"))
        return Response(json_body({"items": rows}), 200, {"Annal-Position": position} if position else {}, JSON)

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    add("/roles", roles, **openapi.whole("All roles", Roles))
    add("/roles/{role}", role, **openapi.by_id("Read a role", Role, "role"))


def _readable(caller: Caller, account_id: str) -> str:
    """Give the id of an account that the caller may read. Raises Problem."""
    own = account_id == caller.actor.id and caller.may("account:own")
    if not own and not caller.may("account:read"):
        raise unknown("account")
    return possible(account_id)


def _whose(said: Terms, query: OfAccount, own: str, others: str) -> str:
    """Give the account that is asked about, the caller's own if none is named. Raises Problem."""
    mine, account_id = said.actor.id, query.account or said.actor.id
    if account_id != mine:
        said.caller.require(others)
    elif not said.caller.may(others):
        said.caller.require(own)
    return account_id
