"""The read model of roles: what each that was ever defined permits. Those built in stand in schemas/role.py."""

from typing import cast

from psycopg.rows import dict_row
from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.message import Recorded
from schemas.role import DOMAIN, RoleDefined, RoleFact, RoleRetired

role = Table(
    "role",
    metadata,
    Column("role", Text, primary_key=True),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
)


def project(_: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    place = {"version": meta.version, "updated_time": moment(meta.time), "position": position}
    return {"role": meta.subject} | _permitting(cast("RoleFact", recorded.fact)) | place


def _permitting(fact: RoleFact) -> Row:
    match fact:
        case RoleDefined(permissions=permissions):
            return {"permissions": sorted(set(permissions)), "retired": False}
        case RoleRetired():
            return {"permissions": [], "retired": True}


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(role, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find(connection: Connection, name: str) -> Row | None:
    """Give a role that was defined."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM role WHERE role = %s", [name], prepare=True)
        return await cursor.fetchone()


async def all(connection: Connection) -> list[Row]:  # noqa: A001 - read as role.all
    """Give every role that was ever defined, by name; those retired permit nothing."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM role ORDER BY role")
        return await cursor.fetchall()
