"""The read model of memories: what the agent remembers of each person, sealed, and where it was said."""

from typing import cast

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, Table, Text

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, moment
from projections.tables import metadata
from schemas.conversation import DOMAIN, MemoryForgotten, MemorySuperseded, MemoryWritten
from schemas.message import Recorded

MemoryFact = MemoryWritten | MemorySuperseded | MemoryForgotten

memory = Table(
    "memory",
    metadata,
    Column("memory_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("turn", Integer, nullable=False, comment="In which it was said"),
    Column("account_id", Text, nullable=False),
    Column("text", Text, comment="Sealed; none once it is forgotten"),
    Column("scope", Text, nullable=False, comment="person: in all their conversations; conversation: in this one"),
    Column("until", DateTime(timezone=True), comment="From when on it does not hold any more"),
    Column("superseded_by", Text),
    Column("written_time", DateTime(timezone=True), nullable=False),
    Column("forgotten_time", DateTime(timezone=True)),
    Column("position", Text, nullable=False),
    Index("memory_account", "account_id", "written_time"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta, fact = recorded.meta, cast("MemoryFact", recorded.fact)
    match fact:
        case MemoryWritten():
            return _written(recorded, fact) | {"position": position}
        case MemorySuperseded():
            return (row or {}) | {"superseded_by": fact.by, "position": position}
        case MemoryForgotten():
            return (row or {}) | {"text": None, "forgotten_time": moment(meta.time), "position": position}


def _written(recorded: Recorded, fact: MemoryWritten) -> Row:
    meta = recorded.meta
    return {
        "memory_id": fact.memory_id,
        "conversation_id": meta.subject,
        "turn": fact.turn,
        "account_id": fact.account_id,
        "text": fact.text,
        "scope": fact.scope,
        "until": moment(fact.until) if fact.until is not None else None,
        "superseded_by": None,
        "written_time": moment(meta.time),
        "forgotten_time": None,
    }


def _key(recorded: Recorded) -> Key | None:
    fact = recorded.fact
    return (fact.memory_id,) if isinstance(fact, MemoryFact) else None


projection = Projection(
    memory,
    (DOMAIN,),
    key=_key,
    begins=lambda recorded: isinstance(recorded.fact, MemoryWritten),
    project=project,
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_OF = """
    SELECT * FROM memory
    WHERE account_id = %s AND forgotten_time IS NULL AND superseded_by IS NULL AND (until IS NULL OR until > now())
    ORDER BY written_time DESC, memory_id LIMIT %s
"""


async def of(connection: Connection, account_id: str, limit: int) -> list[Row]:
    """Give what is remembered of an account now, the newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, [account_id, limit], prepare=True)
        return await cursor.fetchall()
