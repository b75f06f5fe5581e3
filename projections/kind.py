"""The read model of kinds: every version of every kind, with its JSON Schema."""

from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.kind import DOMAIN, KindDefined
from schemas.message import Recorded

kind = Table(
    "kind",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("kind_version", Integer, primary_key=True),
    Column("json_schema", JSONB, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("defined_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
)


def project(_: Row | None, recorded: Recorded, position: str) -> Row:
    defined: Any = recorded.fact
    return {
        "kind": recorded.meta.subject,
        "kind_version": defined.kind_version,
        "json_schema": defined.json_schema,
        "description": defined.description,
        "owner": defined.owner,
        "defined_time": moment(recorded.meta.time),
        "position": position,
    }


def _key(recorded: Recorded) -> Key | None:
    fact = recorded.fact
    return (recorded.meta.subject, fact.kind_version) if isinstance(fact, KindDefined) else None


projection = Projection(kind, (DOMAIN,), key=_key, begins=happened, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_NEWEST = "SELECT * FROM kind WHERE kind = %s ORDER BY kind_version DESC LIMIT 1"
_VERSION = "SELECT * FROM kind WHERE kind = %s AND kind_version = %s"
_PAGE = "SELECT DISTINCT ON (kind) * FROM kind WHERE kind > %s ORDER BY kind, kind_version DESC LIMIT %s"


async def find(connection: Connection, name: str, version: int | None = None) -> Row | None:
    """Give a version of a kind, the newest if none is named."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        if version is None:
            await cursor.execute(_NEWEST, [name], prepare=True)
        else:
            await cursor.execute(_VERSION, [name, version], prepare=True)
        return await cursor.fetchone()


async def page(connection: Connection, after: str, limit: int) -> list[Row]:
    """Give the newest version of each kind, by name."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, [after, limit])
        return await cursor.fetchall()
