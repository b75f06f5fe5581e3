"""The read model of resources: one row each, as it is now, and how it is found."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import Boolean, Column, Computed, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.message import Recorded
from schemas.resource import (
    DOMAIN,
    ResourceChanged,
    ResourceFact,
    ResourceRegistered,
    ResourceRenamed,
    ResourceRestored,
    ResourceReverted,
    ResourceShared,
    ResourceTagged,
    ResourceTransferred,
    ResourceTrashed,
    ResourceUnshared,
    ResourceUntagged,
    merged,
)

_READERS = "array_prepend(owner, editors || viewers)"
_SEARCH = (
    "setweight(to_tsvector('simple'::regconfig, name), 'A') || setweight(array_to_tsvector(tags), 'B') || "
    "jsonb_to_tsvector('simple'::regconfig, attributes, '[\"string\"]')"
)

resource = Table(
    "resource",
    metadata,
    Column("resource_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("kind_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("owner", Text, nullable=False),
    Column("editors", ARRAY(Text), nullable=False),
    Column("viewers", ARRAY(Text), nullable=False),
    Column("trashed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_time", DateTime(timezone=True), nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
    Column("readers", ARRAY(Text), Computed(_READERS, persisted=True)),
    Column("search", TSVECTOR, Computed(_SEARCH, persisted=True)),
    Index("resource_updated", "updated_time", "resource_id"),
    Index("resource_created", "created_time", "resource_id"),
    Index("resource_name", "name", "resource_id"),
    # One inverted index answers every filter and any of them together; who may read is part of every question.
    Index("resource_found", "readers", "tags", "search", postgresql_using="gin"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    time = moment(meta.time)
    if row is None:
        row = {"resource_id": meta.subject, "created_time": time}
    changed = _changed(row, cast("ResourceFact", recorded.fact))
    return row | changed | {"version": meta.version, "updated_time": time, "position": position}


def _changed(row: Row, fact: ResourceFact) -> Row:  # noqa: C901, PLR0911 - one case for each fact
    match fact:
        case ResourceRegistered():
            return _registered(fact)
        case ResourceRenamed(name=name):
            return {"name": name}
        case ResourceChanged(patch=patch, kind_version=version):
            return {"attributes": merged(row["attributes"], patch), "kind_version": version}
        case ResourceTagged(tags=tags):
            return {"tags": sorted({*row["tags"], *tags})}
        case ResourceUntagged(tags=tags):
            return {"tags": [tag for tag in row["tags"] if tag not in tags]}
        case ResourceShared(account=account, role=role):
            return _roles(row, account, role)
        case ResourceUnshared(account=account):
            return _roles(row, account, None)
        case ResourceTransferred(owner=owner, former_owner=former):
            return {"owner": owner} | _roles(row | _roles(row, owner, None), former, "editor")
        case ResourceTrashed():
            return {"trashed": True}
        case ResourceRestored():
            return {"trashed": False}
        case ResourceReverted(name=name, attributes=attributes, kind_version=version, tags=tags):
            return {"name": name, "attributes": attributes, "kind_version": version, "tags": sorted(tags)}


def _registered(fact: ResourceRegistered) -> Row:
    return {
        "kind": fact.kind,
        "kind_version": fact.kind_version,
        "name": fact.name,
        "attributes": fact.attributes,
        "tags": sorted(fact.tags),
        "owner": fact.owner,
        "editors": [],
        "viewers": [],
        "trashed": False,
    }


def _roles(row: Row, account: str, role: str | None) -> Row:
    """Give who edits and who views once an account has this role and no other."""
    editors = set(row["editors"]) - {account}
    viewers = set(row["viewers"]) - {account}
    if role == "editor":
        editors.add(account)
    elif role == "viewer":
        viewers.add(account)
    return {"editors": sorted(editors), "viewers": sorted(viewers)}


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    resource, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SORTS = {"updated": "updated_time", "created": "created_time", "name": "name"}

_COLUMNS = sql.SQL(", ").join(sql.Identifier(column.name) for column in resource.columns if column.computed is None)
_FIND = sql.SQL("SELECT {} FROM resource WHERE resource_id = %s").format(_COLUMNS)
# A fact that is held back may be the one that took a right away.
_KNOWN_NOW = """NOT EXISTS (
    SELECT FROM public.held_fact WHERE projection = 'resource' AND subject = convert_to(resource_id, 'UTF8')
)"""
_READABLE = f"SELECT FROM public.resource WHERE resource_id = %s AND readers @> ARRAY[%s::text] AND {_KNOWN_NOW}"
_READERS_OF = f"SELECT resource_id, readers FROM resource WHERE resource_id = ANY(%s) AND {_KNOWN_NOW}"  # noqa: S608 - constants
_READABLE_NOW = f"SELECT resource_id FROM public.resource WHERE readers @> ARRAY[%(reader_now)s::text] AND {_KNOWN_NOW}"  # noqa: S608 - constants
_PAGE = "SELECT {columns} FROM resource WHERE {conditions} ORDER BY {by} {way}, resource_id {way} LIMIT %(limit)s"
_FILTERS = {
    "reader": "readers @> ARRAY[%(reader)s::text]",
    # Of the past that is told which may be read now.
    "reader_now": f"resource_id IN ({_READABLE_NOW})",
    "trashed": "trashed = %(trashed)s",
    "kind": "kind = %(kind)s",
    "owner": "owner = %(owner)s",
    "tag": "tags @> %(tag)s::text[]",
    "q": "search @@ websearch_to_tsquery('simple', %(q)s)",
}


async def find(connection: Connection, resource_id: str) -> Row | None:
    """Give a resource as it is now."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [resource_id], prepare=True)
        return await cursor.fetchone()


async def readable(connection: Connection, resource_id: str, reader: str) -> bool:
    """Say whether there is such a resource and an account may read it."""
    found = await connection.execute(_READABLE, [resource_id, reader], prepare=True)
    return found.rowcount > 0


async def readers(connection: Connection, resource_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Give who may read resources, by their ids; nobody what is not there, or of which facts are held back."""
    found = await connection.execute(_READERS_OF, [list(resource_ids)], prepare=True)
    return {resource_id: frozenset(may) for resource_id, may in await found.fetchall()}


async def page(
    connection: Connection, filters: Mapping[str, Any], sort: str, after: Sequence[Any] | None, limit: int
) -> list[Row]:
    """Give the resources that all filters let through, from where the page before ended.

    `filters` must name the reader, or who may read them now. `sort` is one of SORTS, with a minus before it for the
    greatest first; `after` holds that column and the id of the last resource of the page before.
    """
    way, beyond = ("DESC", "<") if sort.startswith("-") else ("ASC", ">")
    column = SORTS[sort.removeprefix("-")]
    conditions: list[sql.Composable] = [sql.SQL(_FILTERS[name]) for name in filters]
    values = {**filters, "limit": limit}
    if after is not None:
        values["after"], values["after_id"] = after
        kind = "text" if column == "name" else "timestamptz"
        last = "({by}, resource_id) {beyond} (%(after)s::{kind}, %(after_id)s)"
        conditions.append(sql.SQL(last).format(by=sql.Identifier(column), beyond=sql.SQL(beyond), kind=sql.SQL(kind)))
    query = sql.SQL(_PAGE).format(
        columns=_COLUMNS, conditions=sql.SQL(" AND ").join(conditions), by=sql.Identifier(column), way=sql.SQL(way)
    )
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
