"""The read model of accounts: one row each, as it is now. What is personal is sealed here as it is on the topic."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from psycopg.rows import class_row, dict_row
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.account import (
    DOMAIN,
    AccountClosed,
    AccountErased,
    AccountFact,
    AccountOpened,
    AccountReinstated,
    AccountSuspended,
    AccountVerified,
    AddressChangeAsked,
    AddressChangeConfirmed,
    AddressChanged,
    AddressChangeDropped,
    PasswordRehashed,
    PasswordReset,
    PasswordResetAsked,
    PasswordSet,
    ProfileChanged,
    RoleGiven,
    RoleTaken,
    ServiceAccountOpened,
    SessionsRevoked,
)
from schemas.message import Recorded
from schemas.person import NOTHING

account = Table(
    "account",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("status", Text, nullable=False, comment="active, suspended, closed or erased"),
    Column("service", Boolean, nullable=False),
    Column("name", Text, nullable=False, comment="Of a service; empty for a person"),
    Column("address", Text, comment="A keyed digest"),
    Column("sealed_address", Text),
    Column("verified", Boolean, nullable=False),
    Column("password", Text, comment="Its hash, sealed"),
    Column("profile", JSONB, nullable=False, comment="Sealed parts by name"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("change", JSONB, comment="The address that it changes to: address, a digest, and sealed_address"),
    Column("version", Integer, nullable=False),
    Column("opened_time", DateTime(timezone=True), nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
    Index("account_address", "address"),
    Index("account_updated", "updated_time"),
    Index("account_opened", "opened_time", "account_id"),
)

_NOBODY: Row = {
    "service": False,
    "name": "",
    "address": None,
    "sealed_address": None,
    "verified": False,
    "password": None,
    "profile": {},
    "change": None,
}


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    time = moment(meta.time)
    if row is None:
        row = {"account_id": meta.subject, "opened_time": time}
    changed = _changed(row, cast("AccountFact", recorded.fact))
    return row | changed | {"version": meta.version, "updated_time": time, "position": position}


def _changed(row: Row, fact: AccountFact) -> Row:  # noqa: C901, PLR0911, PLR0912 - one case for each fact
    match fact:
        case AccountOpened():
            return _opened(fact)
        case ServiceAccountOpened(name=name, roles=roles):
            return _NOBODY | _active(roles) | {"service": True, "name": name}
        case AccountVerified():
            return {"verified": True}
        case AddressChangeAsked(address=address, changing=changing):
            return {"change": {"address": address, "sealed_address": changing.sealed_address}}
        case AddressChanged(address=address, sealed_address=sealed):
            return {"address": address, "sealed_address": sealed, "verified": True, "change": None}
        case AddressChangeDropped():
            return {"change": None}
        case ProfileChanged(profile=profile):
            return {"profile": _without_nothing(row["profile"] | profile)}
        case (
            PasswordSet(password=password, generation=generation)
            | PasswordReset(password=password, generation=generation)
        ):
            return {"password": password, "generation": generation}
        case PasswordRehashed(password=password):
            return {"password": password}
        case SessionsRevoked(generation=generation):
            return {"generation": generation}
        case AccountSuspended(generation=generation):
            return {"status": "suspended", "generation": generation}
        case AccountReinstated():
            return {"status": "active"}
        case AccountClosed(generation=generation):
            return _gone(row) | {"status": "closed", "generation": generation}
        case AccountErased(generation=generation):
            return _gone(row) | {"status": "erased", "generation": generation}
        case RoleGiven(role=role):
            return {"roles": sorted({*row["roles"], role})}
        case RoleTaken(role=role):
            return {"roles": [each for each in row["roles"] if each != role]}
        case AddressChangeConfirmed() | PasswordResetAsked():
            return {}


def _opened(fact: AccountOpened) -> Row:
    opening = fact.opening
    personal = {
        "address": fact.address,
        "sealed_address": opening.sealed_address,
        "verified": opening.verified,
        "password": opening.password,
        "profile": _without_nothing(opening.profile),
    }
    return _NOBODY | _active(opening.roles) | personal


def _active(roles: Sequence[str]) -> Row:
    return {"status": "active", "roles": sorted(set(roles)), "generation": 0}


def _gone(row: Row) -> Row:
    """Leave nothing of a person, and no role; what a service was called is not personal."""
    return _NOBODY | {"service": row["service"], "name": row["name"], "roles": []}


def _without_nothing(profile: dict[str, str]) -> dict[str, str]:
    return {name: sealed for name, sealed in profile.items() if sealed != NOTHING}


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    account, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = "SELECT * FROM account WHERE account_id = %s"
_BY_ADDRESS = "SELECT * FROM account WHERE address = %s ORDER BY opened_time DESC LIMIT 1"
_PAGE = """
    SELECT * FROM account
    WHERE (%(status)s::text IS NULL OR status = %(status)s)
        AND (%(time)s::timestamptz IS NULL OR (opened_time, account_id) < (%(time)s, %(id)s))
    ORDER BY opened_time DESC, account_id DESC LIMIT %(limit)s
"""
_CHANGED = "SELECT account_id, status, roles, generation, version FROM account WHERE updated_time >= %s"


class Changed(NamedTuple):
    """What doors must know of an account that changed."""

    account_id: str
    status: str
    roles: list[str]
    generation: int
    version: int


async def find(connection: Connection, account_id: str) -> Row | None:
    """Give an account as it is now."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [account_id], prepare=True)
        return await cursor.fetchone()


async def by_address(connection: Connection, digest: str) -> Row | None:
    """Give the account that has an address, the newest if a claim has just moved it from one that never proved it."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_BY_ADDRESS, [digest], prepare=True)
        return await cursor.fetchone()


async def any(connection: Connection) -> bool:  # noqa: A001 - read as account.any
    """Say whether there is any account, or ever was."""
    found = await connection.execute("SELECT FROM account LIMIT 1")
    return found.rowcount > 0


async def page(connection: Connection, status: str | None, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give accounts, those of a status if one is named, the newest first; `after` is opened_time and id of the last."""
    time, account_id = after or (None, None)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, {"status": status, "time": time, "id": account_id, "limit": limit})
        return await cursor.fetchall()


async def changed_since(connection: Connection, milliseconds: int) -> list[Changed]:
    """Give what doors must know of the accounts that changed at this time, in milliseconds since 1970, or later."""
    async with connection.cursor(row_factory=class_row(Changed)) as cursor:
        await cursor.execute(_CHANGED, [moment(milliseconds)])
        return await cursor.fetchall()
