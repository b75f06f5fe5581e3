"""The read model of characters: one row each, as it was loaded last."""

from collections.abc import Sequence
from typing import Any, cast

from psycopg.rows import dict_row
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.character import DOMAIN, CharacterFact, CharacterLoaded, CharacterRetired
from schemas.message import Recorded

character = Table(
    "character",
    metadata,
    Column("character_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("files", JSONB, nullable=False, comment="Texts by the paths that the document names"),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_time", DateTime(timezone=True), nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
    Index("character_name", "name", "character_id"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta, time = recorded.meta, moment(recorded.meta.time)
    if row is None:
        row = {"character_id": meta.subject, "created_time": time}
    place = {"version": meta.version, "updated_time": time, "position": position}
    return row | _changed(cast("CharacterFact", recorded.fact)) | place


def _changed(fact: CharacterFact) -> Row:
    match fact:
        case CharacterLoaded(name=name, owner=owner, document=document, files=files):
            return {"name": name, "owner": owner, "document": document, "files": files, "retired": False}
        case CharacterRetired():
            return {"retired": True}


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    character, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = "SELECT * FROM character WHERE character_id = %s"
_VERSION = """
    SELECT (jsonb_populate_record(NULL::public.character, state)).* FROM public.past
    WHERE domain = 'character' AND subject = %s AND version = %s
        AND past.seen(time, domain || ':' || partition, read_at)
"""
_PAGE = """
    SELECT character_id, name, owner, retired, version, created_time, updated_time, position FROM character
    WHERE (%(owner)s::text IS NULL OR owner = %(owner)s)
        AND (%(name)s::text IS NULL OR (name, character_id) > (%(name)s, %(id)s))
    ORDER BY name, character_id LIMIT %(limit)s
"""


async def find(connection: Connection, character_id: str) -> Row | None:
    """Give a character as it was loaded last."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [character_id], prepare=True)
        return await cursor.fetchone()


async def find_version(connection: Connection, character_id: str, version: int) -> Row | None:
    """Give a character as it was after its version-th fact, if that is seen by what is looked back to."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_VERSION, [character_id, version])
        return await cursor.fetchone()


async def page(connection: Connection, after: Sequence[Any] | None, limit: int, owner: str | None = None) -> list[Row]:
    """Give characters by name, of all or of an owner, without their documents.

    `after` is name and id of the last of the page before.
    """
    name, character_id = after or (None, None)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, {"owner": owner, "name": name, "id": character_id, "limit": limit})
        return await cursor.fetchall()
