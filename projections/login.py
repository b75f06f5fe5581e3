"""The read model of failed sign-ins: one row each, for those who were tried and for the audit."""

from typing import cast

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Integer, Table, Text

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.login import DOMAIN, LoginFact, LoginFailed
from schemas.message import Recorded

login = Table(
    "login",
    metadata,
    Column("tried", Text, primary_key=True, comment="The account, or the digest of an address that nobody has"),
    Column("failures", Integer, primary_key=True, comment="How often it had failed with this time"),
    Column("attempt", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("asker", Text, nullable=False, comment="With whose key the network is sealed"),
    Column("network", Text, comment="Where it was tried from, sealed"),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
)


def project(_: Row | None, recorded: Recorded, position: str) -> Row:
    meta, failed = recorded.meta, cast("LoginFact", recorded.fact)
    return {
        "tried": meta.subject,
        "failures": failed.failures,
        "attempt": failed.attempt,
        "why": failed.why,
        "asker": meta.actor.id,
        "network": meta.actor.address,
        "time": moment(meta.time),
        "position": position,
    }


def _key(recorded: Recorded) -> Key | None:
    fact = recorded.fact
    return (recorded.meta.subject, fact.failures) if isinstance(fact, LoginFailed) else None


projection = Projection(login, (DOMAIN,), key=_key, begins=happened, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_OF = "SELECT * FROM login WHERE tried = %s AND failures < %s ORDER BY failures DESC LIMIT %s"


async def of(connection: Connection, tried: str, before: int, limit: int) -> list[Row]:
    """Give the failed sign-ins of an account before one of them, by its number, the newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, [tried, before, limit], prepare=True)
        return await cursor.fetchall()
