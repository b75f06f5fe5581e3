"""The read door of conversations, over HTTP: they are told to whom they belong, and to whoever may take them over.

What is sealed is opened with the key of the person whose conversation it is.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import Field

from infra.auth import Caller, bearer, signed_in
from infra.direct import DirectRoute
from projections import conversation, memory, openapi, turn
from projections import conversation_opened as shown
from projections.answering import JSON, Listing, possible, unless_had
from projections.conversation_answers import Conversation, Conversations, Memories, Turn, Turns
from projections.documents import json_body
from projections.door import ReadDoor, unknown
from projections.history import NEWEST
from projections.projection import Row
from projections.queries import Page
from projections.terms import Terms, terms

MOST_MEMORIES = 500

OWN, OTHERS = "conversation:own", "conversation:read"


class ConversationQuery(Page):
    """Which conversations; the newest first."""

    wanted: bool = Field(False, description="Of anybody those in which a person is wanted, instead of one's own.")


def routes(door: ReadDoor) -> APIRouter:
    """Give the routes to conversations, their turns, and what is remembered."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    _conversations(router, door)
    _turns(router, door)
    _memories(router, door)
    return router


def _conversations(router: APIRouter, door: ReadDoor) -> None:
    async def one(request: Request) -> Response:
        said = terms(request)
        row = await _find(door, request.path_params["conversation_id"], said)
        told = shown.conversation(row, await door.vault.known(row["account_id"]))
        return unless_had(said, row["version"], row["position"], json_body(told))

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    add(
        "/conversations/{conversation_id}", one, **openapi.by_id("Read a conversation", Conversation, "conversation_id")
    )

    @router.get("/conversations", **openapi.page("Conversations", Conversations))
    async def many(request: Request, query: Annotated[ConversationQuery, Query()]) -> Response:
        said = terms(request, OTHERS if query.wanted else None)
        if not said.caller.may(OTHERS):
            said.caller.require(OWN)
        listing = Listing(request, said, query, door.cursors)
        await door.reach(said, conversation.projection)
        position = door.position(said, conversation.projection)
        account_id = None if query.wanted else said.actor.id
        rows = await door.ask(
            lambda connection: conversation.of(connection, account_id, listing.after, query.limit + 1)
        )
        told = [shown.conversation(row, await door.vault.known(row["account_id"])) for row in rows]
        return listing.answer(told, position, lambda row: [row["opened_time"], row["conversation_id"]])


def _turns(router: APIRouter, door: ReadDoor) -> None:
    async def one(request: Request) -> Response:
        said, number = terms(request), request.path_params["turn"]
        owner = await _find(door, request.path_params["conversation_id"], said)
        await door.reach(said, turn.projection)
        if not number.isdecimal() or len(number) > len(str(NEWEST)):
            raise unknown("turn")
        row = await door.ask(lambda connection: turn.find(connection, owner["conversation_id"], int(number)))
        if row is None:
            raise unknown("turn")
        told = shown.turn(row, await door.vault.known(owner["account_id"]))
        return Response(json_body(told), 200, {"Annal-Position": row["position"]}, JSON)

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    described = openapi.whole("Read a turn of a conversation", Turn, "conversation_id", "turn")
    add("/conversations/{conversation_id}/turns/{turn}", one, **described)

    @router.get("/conversations/{conversation_id}/turns", **openapi.page("Turns of a conversation", Turns, "not_found"))
    async def many(conversation_id: str, request: Request, query: Annotated[Page, Query()]) -> Response:
        said = terms(request)
        owner = await _find(door, conversation_id, said)
        listing = Listing(request, said, query, door.cursors)
        await door.reach(said, turn.projection)
        position = door.position(said, turn.projection)
        (before,) = listing.after or [NEWEST]
        rows = await door.ask(lambda connection: turn.page(connection, conversation_id, before, query.limit + 1))
        person = await door.vault.known(owner["account_id"])
        return listing.answer([shown.turn(row, person) for row in rows], position, lambda row: [row["turn"]])


def _memories(router: APIRouter, door: ReadDoor) -> None:
    async def mine(request: Request) -> Response:
        said = terms(request, OWN)
        await door.reach(said, memory.projection, turn.projection)
        position = door.position(said, memory.projection, turn.projection)
        account_id, today = said.actor.id, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        rows = await door.ask(lambda connection: memory.of(connection, account_id, MOST_MEMORIES))
        spent = await door.ask(lambda connection: turn.spent(connection, account_id, today))
        person = await door.vault.known(account_id)
        told = {"items": [shown.memory(row, person) for row in rows], "spent": spent}
        return Response(json_body(told), 200, {"Annal-Position": position} if position else {}, JSON)

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    add("/memories", mine, **openapi.whole("What the agent remembers of the caller", Memories))


async def _find(door: ReadDoor, conversation_id: str, said: Terms) -> Row:
    """Give a conversation that the caller may read. Raises Problem."""
    await door.reach(said, conversation.projection)
    name = possible(conversation_id)
    row = await door.ask(lambda connection: conversation.find(connection, name))
    if row is None or not readable(said.caller, row["account_id"]):
        raise unknown("conversation")
    return row


def readable(caller: Caller, account_id: str) -> bool:
    return (account_id == caller.actor.id and caller.may(OWN)) or caller.may(OTHERS)
