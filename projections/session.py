"""The read model of sessions: one row each, with where it was opened from and where it was refreshed last, sealed."""

from collections.abc import Sequence
from typing import Any, cast

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.message import FactMeta, Recorded
from schemas.session import (
    DOMAIN,
    IDLE_MS,
    LONGEST_MS,
    SessionEnded,
    SessionFact,
    SessionOpened,
    SessionRefreshed,
    SessionRepeated,
)

session = Table(
    "session",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("generation", Integer, nullable=False, comment="Of the account, when it was opened"),
    Column("methods", ARRAY(Text), nullable=False),
    Column("refresh", Text, nullable=False, comment="Digest of the token that is to be shown next"),
    Column("device", Text, comment="Sealed"),
    Column("network", Text, comment="Where it was opened from, sealed"),
    Column("last_network", Text, comment="Where it was refreshed from last, sealed"),
    Column("version", Integer, nullable=False),
    Column("opened_time", DateTime(timezone=True), nullable=False),
    Column("refreshed_time", DateTime(timezone=True), nullable=False),
    Column("ended_time", DateTime(timezone=True)),
    Column("reason", Text, comment="Why it ended"),
    Column("position", Text, nullable=False),
    Index("session_account", "account_id", "opened_time", "session_id"),
    Index("session_ended", "ended_time"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    changed = _changed(meta, cast("SessionFact", recorded.fact))
    return (row or {"session_id": meta.subject}) | changed | {"version": meta.version, "position": position}


def _changed(meta: FactMeta, fact: SessionFact) -> Row:
    match fact:
        case SessionOpened():
            return _opened(meta, fact)
        case SessionRefreshed(refresh=refresh, refreshed=time):
            return {"refresh": refresh, "refreshed_time": moment(time), "last_network": meta.actor.address}
        case SessionRepeated():
            return {}
        case SessionEnded(reason=reason):
            return {"ended_time": moment(meta.time), "reason": reason}


def _opened(meta: FactMeta, fact: SessionOpened) -> Row:
    time, network = moment(fact.opened), meta.actor.address
    return {
        "account_id": fact.account_id,
        "generation": fact.generation,
        "methods": list(fact.methods),
        "refresh": fact.refresh,
        "device": fact.device,
        "network": network,
        "last_network": network,
        "opened_time": time,
        "refreshed_time": time,
        "ended_time": None,
        "reason": None,
    }


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    session, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# A sign-in that was not refreshed in time has no fact that says so until somebody tries.
_SESSIONS = f"""
    SELECT session.*, COALESCE(
        session.ended_time IS NULL AND account.status = 'active' AND session.generation >= account.generation
            AND session.refreshed_time > now() - interval '{IDLE_MS} ms'
            AND session.opened_time > now() - interval '{LONGEST_MS} ms',
        false
    ) AS live
    FROM session LEFT JOIN account USING (account_id)
"""  # noqa: S608 - constants
_FIND = _SESSIONS + "WHERE session_id = %s"
_OF = (
    _SESSIONS
    + """
    WHERE account_id = %(account_id)s
        AND (%(time)s::timestamptz IS NULL OR (session.opened_time, session_id) < (%(time)s, %(id)s))
    ORDER BY session.opened_time DESC, session_id DESC LIMIT %(limit)s
"""
)


async def find(connection: Connection, session_id: str) -> Row | None:
    """Give a session, and say with `live` whether it can go on."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [session_id], prepare=True)
        return await cursor.fetchone()


async def of(connection: Connection, account_id: str, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give the sessions of an account as `find` does, the newest first; `after` is opened_time and id of the last."""
    time, session_id = after or (None, None)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, {"account_id": account_id, "time": time, "id": session_id, "limit": limit})
        return await cursor.fetchall()


async def ended_since(connection: Connection, milliseconds: int) -> list[str]:
    """Give the ids of the sessions that ended at this time, in milliseconds since 1970, or later."""
    found = await connection.execute("SELECT session_id FROM session WHERE ended_time >= %s", [moment(milliseconds)])
    return [session_id for (session_id,) in await found.fetchall()]
