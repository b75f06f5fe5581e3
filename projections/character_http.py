"""The read door of characters, over HTTP: as they are, as they were, and as files to take along."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, Security

from infra.auth import bearer, characters, signed_in
from infra.direct import DirectRoute
from projections import character, openapi, past
from projections.answering import JSON, Listing, possible, unless_had
from projections.character_answers import Character, CharacterDocument, CharacterPage, Exporting
from projections.documents import json_body
from projections.door import ReadDoor, past_of, unknown
from projections.http import version_of
from projections.lens import AsOf
from projections.projection import Row
from projections.queries import PastPage
from projections.terms import Terms, terms
from schemas.concealing import revealed

CharacterId = Annotated[str, Path(examples=["6a2f7c1e-0b5d-5c39-8a41-2f1c5c0b7a10"])]


def routes(door: ReadDoor) -> APIRouter:
    """Give the routes to what is known of characters."""
    router = APIRouter(prefix="/v1", dependencies=[Security(signed_in), Security(bearer)])
    _by_id(router, door)
    _others(router, door)
    return router


def _by_id(router: APIRouter, door: ReadDoor) -> None:
    async def one(request: Request) -> Response:
        said = terms(request, "character:read")
        row = await _character(door, possible(request.path_params["character_id"]), said)
        return unless_had(said, row["version"], row["position"], json_body(row))

    async def version(request: Request) -> Response:
        said = terms(request, "character:read")
        character_id = possible(request.path_params["character_id"])
        row = await _version(door, character_id, version_of(request) or 0, said)
        return unless_had(said, row["version"], row["position"], json_body(row))

    add = partial(router.add_api_route, route_class_override=DirectRoute)
    one_version = "/characters/{character_id}/versions/{version}"
    add("/characters/{character_id}", one, **openapi.by_id("Read a character", Character, "character_id"))
    add(one_version, version, **openapi.by_id("Read a version of a character", Character, "character_id", "version"))


def _others(router: APIRouter, door: ReadDoor) -> None:
    @router.get("/characters", **openapi.page("All characters", CharacterPage))
    async def all_of_them(request: Request, query: Annotated[PastPage, Query()]) -> Response:
        said = terms(request, "character:read")
        listing = Listing(request, said, query, door.cursors)
        await door.reach(said, character.projection)
        position = door.position(said, character.projection)
        limit = query.limit + 1
        rows = await door.ask(lambda connection: character.page(connection, listing.after, limit), said.as_of)
        return listing.answer(rows, position, lambda row: [row["name"], row["character_id"]])

    @router.get("/characters/{character_id}/export", **openapi.compared("Take a character along", CharacterDocument))
    async def export(character_id: CharacterId, request: Request, query: Annotated[Exporting, Query()]) -> Response:
        said = terms(request)
        row = await _character(door, possible(character_id), said)
        own = row["owner"] == said.actor.id and said.caller.may("character:own")
        if not own and not said.caller.may("character:export"):
            raise unknown("character")
        document = row["document"]
        if query.secrets:
            document = revealed(document, await characters.secrets_of(door.vault, character_id, document))
        name = f'attachment; filename="{character_id}.character.json"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store", "Annal-Position": row["position"]}
        return Response(json_body(document), 200, headers, JSON)


async def _character(door: ReadDoor, character_id: str, said: Terms) -> Row:
    """Give a character as it is, or was. Raises Problem."""
    await door.reach(said, character.projection)
    row = await door.ask(lambda connection: character.find(connection, character_id), said.as_of)
    if row is None:
        raise unknown("character")
    return row


async def _version(door: ReadDoor, character_id: str, version: int, said: Terms) -> Row:
    """Give a version of a character. Raises Problem."""
    await door.reach(said, past_of(character.projection))
    as_of = said.as_of or AsOf(past.FOREVER)
    row = await door.ask(lambda connection: character.find_version(connection, character_id, version), as_of)
    if row is None:
        raise unknown("version")
    return row
