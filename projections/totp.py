"""The read model of second factors: one row for each account that ever had one."""

from typing import cast

from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.message import Recorded
from schemas.totp import (
    DOMAIN,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    TotpDisabled,
    TotpEnabled,
    TotpEnrolled,
    TotpFact,
    TotpUsed,
)

totp = Table(
    "totp",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("secret", Text, comment="Sealed"),
    Column("enabled", Boolean, nullable=False),
    Column("step", BigInteger, comment="Of the code that was used last"),
    Column("codes_left", Integer, nullable=False),
    Column("codes", ARRAY(Text), nullable=False, comment="Digests of the recovery codes that are left"),
    Column("version", Integer, nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    row = row or {"account_id": meta.subject}
    changed = _changed(row, cast("TotpFact", recorded.fact))
    return row | changed | {"version": meta.version, "updated_time": moment(meta.time), "position": position}


def _changed(row: Row, fact: TotpFact) -> Row:
    match fact:
        case TotpEnrolled(secret=secret):
            return {"secret": secret, "enabled": False, "step": None, **_codes([])}
        case TotpEnabled(step=step, codes=codes):
            return {"enabled": True, "step": step, **_codes(list(codes))}
        case TotpUsed(step=step):
            return {"step": step}
        case RecoveryCodeUsed(code=code):
            return _codes([each for each in row["codes"] if each != code])
        case RecoveryCodesRenewed(codes=codes):
            return _codes(list(codes))
        case TotpDisabled():
            return {"secret": None, "enabled": False, "step": None, **_codes([])}


def _codes(codes: list[str]) -> Row:
    return {"codes_left": len(codes), "codes": codes}


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(totp, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find(connection: Connection, account_id: str) -> Row | None:
    """Give the second factor of an account; it counts if it is `enabled`."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM totp WHERE account_id = %s", [account_id], prepare=True)
        return await cursor.fetchone()
