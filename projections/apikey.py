"""The read model of API keys: one row each, found by the digest of its secret."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from psycopg.rows import class_row, dict_row
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.apikey import DOMAIN, ApikeyFact, KeyCreated, KeyRerolled, KeyRevoked, KeyUsed
from schemas.message import Recorded

apikey = Table(
    "apikey",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="Its digest"),
    Column("before", Text, comment="Digest of the secret before"),
    Column("before_until", DateTime(timezone=True), comment="Until when the secret before works"),
    Column("start", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("expires", DateTime(timezone=True)),
    Column("per_minute", Integer),
    Column("revoked", Boolean, nullable=False),
    Column("used", DateTime(timezone=True), comment="When it was used last, to the minute"),
    Column("version", Integer, nullable=False),
    Column("created_time", DateTime(timezone=True), nullable=False),
    Column("changed_time", DateTime(timezone=True), nullable=False, comment="Being used changes no key"),
    Column("position", Text, nullable=False),
    Index("apikey_secret", "secret", unique=True),
    Index("apikey_before", "before"),
    Index("apikey_account", "account_id"),
    Index("apikey_maker", "maker"),
    Index("apikey_changed", "changed_time"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta, fact = recorded.meta, cast("ApikeyFact", recorded.fact)
    time = moment(meta.time)
    changed = _changed(fact)
    if row is None:
        row = {"key_id": meta.subject, "created_time": time}
    if not isinstance(fact, KeyUsed):
        changed["changed_time"] = time
    return row | changed | {"version": meta.version, "position": position}


def _changed(fact: ApikeyFact) -> Row:
    match fact:
        case KeyCreated():
            return _created(fact)
        case KeyRerolled(secret=secret, start=start, before=before, before_until=until):
            return {"secret": secret, "start": start, "before": before, "before_until": moment(until)}
        case KeyRevoked():
            return {"revoked": True}
        case KeyUsed(used=used):
            return {"used": moment(used)}


def _created(fact: KeyCreated) -> Row:
    return {
        "account_id": fact.account_id,
        "maker": fact.maker,
        "secret": fact.secret,
        "before": None,
        "before_until": None,
        "start": fact.start,
        "name": fact.name,
        "scopes": list(fact.scopes),
        "expires": moment(fact.expires) if fact.expires is not None else None,
        "per_minute": fact.per_minute,
        "revoked": False,
        "used": None,
    }


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    apikey, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = "SELECT * FROM apikey WHERE key_id = %s"
_FIND_BY_DIGEST = "SELECT * FROM apikey WHERE secret = %(digest)s OR before = %(digest)s LIMIT 1"
_OF = """
    SELECT * FROM apikey
    WHERE (account_id = %(account_id)s OR maker = %(account_id)s)
        AND (%(time)s::timestamptz IS NULL OR (created_time, key_id) < (%(time)s, %(id)s))
    ORDER BY created_time DESC, key_id DESC LIMIT %(limit)s
"""
_CHANGED = """
    SELECT key_id, revoked, secret, before, (extract(epoch FROM before_until) * 1000)::bigint AS before_until
    FROM apikey WHERE changed_time >= %s
"""


class Changed(NamedTuple):
    """What doors must know of a key that changed; `before_until` is in milliseconds since 1970."""

    key_id: str
    revoked: bool
    secret: str
    before: str | None
    before_until: int | None


async def find(connection: Connection, key_id: str) -> Row | None:
    """Give a key as it is now."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [key_id], prepare=True)
        return await cursor.fetchone()


async def find_by_secret(connection: Connection, digest: str) -> Row | None:
    """Give the key of a secret, by its digest, or of the one `before`; until when that works says `before_until`."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND_BY_DIGEST, {"digest": digest}, prepare=True)
        return await cursor.fetchone()


async def of(connection: Connection, account_id: str, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give the keys of an account and those it made for others, the newest first.

    `after` is created_time and id of the last key of the page before.
    """
    time, key_id = after or (None, None)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, {"account_id": account_id, "time": time, "id": key_id, "limit": limit})
        return await cursor.fetchall()


async def changed_since(connection: Connection, milliseconds: int) -> list[Changed]:
    """Give the keys that were made, rerolled or revoked at this time, in milliseconds since 1970, or later."""
    async with connection.cursor(row_factory=class_row(Changed)) as cursor:
        await cursor.execute(_CHANGED, [moment(milliseconds)])
        return await cursor.fetchall()
