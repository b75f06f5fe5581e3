"""The read model of history: every fact of every domain, one row each, for whoever asks what happened to a subject."""

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.domains import DOMAINS
from schemas.message import Recorded

history = Table(
    "history",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("fact_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text),
    Column("data", JSONB, nullable=False),
    Column("position", Text, nullable=False),
    Column("known_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("history_command", "command_id"),
)


def project(_: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    return {
        "domain": _domain(meta.type),
        "subject": meta.subject,
        "version": meta.version,
        "fact_id": meta.id,
        "type": meta.type,
        "time": moment(meta.time),
        "actor": vars(meta.actor),
        "command_id": meta.command_id,
        "correlation_id": meta.correlation_id,
        "causation_id": meta.causation_id,
        "data": vars(recorded.fact),
        "position": position,
    }


def _domain(fact_type: str) -> str:
    return fact_type.partition(".")[0]


def _key(recorded: Recorded) -> Key | None:
    meta = recorded.meta
    return (_domain(meta.type), meta.subject, meta.version) if happened(recorded) else None


projection = Projection(history, DOMAINS, key=_key, begins=happened, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_PAGE = """
    SELECT version, fact_id, type, time, actor - 'address' AS actor, command_id, correlation_id, causation_id, data,
        position
    FROM history WHERE domain = %s AND subject = %s AND version < %s ORDER BY version DESC LIMIT %s
"""
NEWEST = 2**31 - 1


async def page(connection: Connection, domain: str, subject: str, before: int, limit: int) -> list[Row]:
    """Give what happened to a subject before a version, the newest first. Where it was asked from is for auditors."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, [domain, subject, before, limit], prepare=True)
        return await cursor.fetchall()
