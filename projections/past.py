"""The read model of what was: every subject as it was after each of its facts, one row each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections import account, address, apikey, character, resource, role, session, totp
from projections.projection import Key, Projection, Row, happened, moment
from projections.reading import Place
from projections.tables import metadata
from schemas.message import Recorded

past = Table(
    "past",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("read_at", BigInteger, nullable=False, comment="Offset of the fact"),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("state", JSONB, nullable=False, comment="The row of the subject's own read model after the fact"),
    Index("past_place", "domain", "partition", "read_at"),
)

SUBJECTS: dict[str, Projection] = {
    each.domains[0].name: each
    for each in (
        resource.projection,
        account.projection,
        address.projection,
        totp.projection,
        session.projection,
        apikey.projection,
        role.projection,
        character.projection,
    )
}
"""The read models with one row for each subject, which later facts change; rows of all others stay as they are."""


def project(before: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    if before is None and meta.version > 1:
        raise ValueError(f"the version before {meta.version} is not known")
    domain, partition, offset = position.split(":")
    state = SUBJECTS[domain].project(before and before["state"], recorded, position)
    return {
        "domain": domain,
        "subject": meta.subject,
        "version": meta.version,
        "partition": int(partition),
        "read_at": int(offset),
        "time": moment(meta.time),
        "state": state,
    }


def _key(recorded: Recorded) -> Key | None:
    meta = recorded.meta
    return (_domain(recorded), meta.subject, meta.version) if happened(recorded) else None


def _follows(recorded: Recorded) -> Key:
    return (_domain(recorded), recorded.meta.subject, recorded.meta.version - 1)


def _domain(recorded: Recorded) -> str:
    return recorded.meta.type.partition(".")[0]


projection = Projection(
    past,
    tuple(each.domains[0] for each in SUBJECTS.values()),
    key=_key,
    begins=lambda recorded: recorded.meta.version == 1,
    project=project,
    follows=_follows,
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_NEWEST_OF = """
    SELECT max(newest.time) FROM unnest(%(domain)s::text[], %(partition)s::int[], %(offset)s::bigint[])
        AS place (domain, partition, "offset")
    CROSS JOIN LATERAL (
        (SELECT time FROM public.past
        WHERE past.domain = place.domain AND past.partition = place.partition AND past.read_at <= place."offset"
        ORDER BY read_at DESC LIMIT 1)
        UNION ALL
        SELECT max(defined_time) FROM public.kind
        WHERE place.domain = 'kind' AND split_part(position, ':', 3)::bigint <= place."offset"
    ) AS newest
"""
_AT = """
    SELECT version, time, state FROM public.past
    WHERE domain = %(domain)s AND subject = %(subject)s AND version <= %(version)s
        AND past.seen(time, domain || ':' || partition, read_at)
    ORDER BY version DESC LIMIT 1
"""
_CHANGES = """
    SELECT version, time, before, after, type, history.actor - 'address' AS actor, command_id, correlation_id,
        causation_id, position
    FROM (
        SELECT version, state #> %(path)s AS after, lag(state #> %(path)s) OVER (ORDER BY version) AS before
        FROM public.past WHERE domain = %(domain)s AND subject = %(subject)s AND version <= %(to)s
    ) AS seen
    JOIN public.history USING (version)
    WHERE domain = %(domain)s AND subject = %(subject)s AND after IS DISTINCT FROM before AND version > %(since)s
    ORDER BY version DESC LIMIT %(limit)s
"""
_CHANGED_LAST = """
    SELECT DISTINCT ON (field) field, version, time, type, history.actor - 'address' AS actor, command_id,
        correlation_id, causation_id, position
    FROM (
        SELECT version, field, state #> path AS after,
            lag(state #> path) OVER (PARTITION BY field ORDER BY version) AS before
        FROM public.past CROSS JOIN jsonb_to_recordset(%(fields)s) AS wanted (field text, path text[])
        WHERE domain = %(domain)s AND subject = %(subject)s AND version <= %(to)s
    ) AS seen
    JOIN public.history USING (version)
    WHERE domain = %(domain)s AND subject = %(subject)s AND after IS DISTINCT FROM before AND version > %(since)s
    ORDER BY field, version DESC
"""
_NEWEST_TOLD = "SELECT max(version) FROM public.history WHERE domain = %s AND subject = %s"
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""After all facts."""


async def newest_told(connection: Connection, domain: str, subject: str) -> int:
    """Give the newest version of a subject that its history tells of."""
    found: Any = await (await connection.execute(_NEWEST_TOLD, [domain, subject])).fetchone()
    return found[0] or 0


async def changed_last(  # noqa: PLR0913 - fields and the span that is looked at
    connection: Connection, domain: str, subject: str, fields: Mapping[str, Sequence[str]], *, since: int, to: int
) -> dict[str, Row]:
    """Give the last fact after version `since`, up to `to`, that changed each field; `fields` are paths by name."""
    wanted = orjson.dumps([{"field": field, "path": path} for field, path in fields.items()]).decode()
    named = {"domain": domain, "subject": subject, "fields": wanted, "since": since, "to": to}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CHANGED_LAST, named)
        return {row.pop("field"): row for row in await cursor.fetchall()}


async def newest_of(connection: Connection, places: Mapping[Place, int]) -> datetime | None:
    """Give the time of the newest fact at or before any of these offsets; None if there is none."""
    named = {
        "domain": [place.domain for place in places],
        "partition": [place.partition for place in places],
        "offset": list(places.values()),
    }
    found: Any = await (await connection.execute(_NEWEST_OF, named)).fetchone()
    return found[0] if found else None


async def at(connection: Connection, domain: str, subject: str, version: int) -> Row | None:
    """Give version, time and state of a subject, of a version at the most, as of what is looked back to."""
    named = {"domain": domain, "subject": subject, "version": version}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_AT, named)
        return await cursor.fetchone()


async def changes(  # noqa: PLR0913 - the path of a field and the span that is looked at
    connection: Connection, domain: str, subject: str, path: Sequence[str], *, since: int, to: int, limit: int
) -> list[Row]:
    """Give the facts after version `since`, up to `to`, that changed a field, the newest first."""
    named = {"domain": domain, "subject": subject, "path": list(path), "since": since, "to": to, "limit": limit}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CHANGES, named)
        return await cursor.fetchall()
