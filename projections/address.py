"""The read model of addresses: which account holds each, and whether it proved that it reads it. No address is here."""

from datetime import datetime
from typing import cast

from psycopg.rows import dict_row
from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.address import DOMAIN, AddressClaimed, AddressFact, AddressReleased, AddressVerified, ProofRenewed
from schemas.message import Recorded
from schemas.person import Proof

address = Table(
    "address",
    metadata,
    Column("digest", Text, primary_key=True, comment="A keyed digest"),
    Column("account_id", Text, comment="Who holds it"),
    Column("verified", Boolean, nullable=False),
    Column("claimed_time", DateTime(timezone=True), nullable=False),
    Column("proof_until", DateTime(timezone=True), comment="Until when the token that was sent there proves"),
    Column("version", Integer, nullable=False),
    Column("position", Text, nullable=False),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta = recorded.meta
    changed = _changed(cast("AddressFact", recorded.fact))
    return (row or {"digest": meta.subject}) | changed | {"version": meta.version, "position": position}


def _changed(fact: AddressFact) -> Row:
    match fact:
        case AddressClaimed():
            return _claimed(fact)
        case AddressVerified():
            return {"verified": True, "proof_until": None}
        case ProofRenewed(proof=proof):
            return {"proof_until": _until(proof)}
        case AddressReleased():
            return {"account_id": None, "verified": False, "proof_until": None}


def _claimed(fact: AddressClaimed) -> Row:
    opening, changing = fact.opening, fact.changing
    proof = opening.proof if opening is not None else changing.new if changing is not None else None
    verified = opening is not None and opening.verified
    return {
        "account_id": fact.account_id,
        "verified": verified,
        "claimed_time": moment(fact.claimed),
        "proof_until": None if verified else _until(proof),
    }


def _until(proof: Proof | None) -> datetime | None:
    return moment(proof.until) if proof is not None else None


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    address, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find(connection: Connection, digest: str) -> Row | None:
    """Give who holds an address."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM address WHERE digest = %s", [digest], prepare=True)
        return await cursor.fetchone()
