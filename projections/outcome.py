"""The read model of outcomes: what became of every command of every domain, for whoever asked it."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, moment
from projections.tables import metadata
from schemas.domains import DOMAINS
from schemas.message import CommandRejected, CommandUnchanged, Outcome, Recorded

EXPIRED = "command_expired"
"""The refusal of a command that came after its id could be forgotten; it says nothing of what the id got before."""

outcome = Table(
    "outcome",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("command", Text, nullable=False, comment="Place on the commands topic: domain:partition:offset"),
    Column("digest", Text, comment="Of what was asked: an id used for something else is noticed by it"),
    Column("actor", Text, nullable=False),
    Column("via", Text),
    Column("on_behalf_of", Text),
    Column("address", Text, comment="Where it was asked from, sealed with the actor's key"),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text, comment="The fact that made a policy ask"),
    Column("status", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", Text, nullable=False),
    Column("facts", ARRAY(Text), nullable=False),
    Column("code", Text),
    Column("reason", Text),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("known_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # What auditors look for, each the newest first.
    Index("outcome_time", "time", "command_id"),
    Index("outcome_actor", "actor", "time", "command_id"),
    Index("outcome_subject", "subject", "time", "command_id"),
    Index("outcome_correlation", "correlation_id"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta, fact = recorded.meta, recorded.fact
    refused = fact if isinstance(fact, CommandRejected) else None
    if row is not None and refused is not None and refused.code == EXPIRED:
        return row
    place = f"{position.rpartition(':')[0]}:{meta.command_offset}"
    # An id asked again after it was forgotten is a new command, at another place.
    earlier = row["facts"] if row is not None and row["command"] == place else []
    return {
        "command_id": meta.command_id,
        "command": place,
        "digest": meta.command_digest,
        "actor": meta.actor.id,
        "via": _text(meta.actor.via),
        "on_behalf_of": _text(meta.actor.on_behalf_of),
        "address": _text(meta.actor.address),
        "correlation_id": _text(meta.correlation_id),
        "causation_id": _text(meta.causation_id),
        "status": _status(refused),
        "type": meta.command_type,
        "subject": _text(meta.subject),
        "version": meta.version,
        "position": position,
        "facts": earlier if isinstance(fact, CommandRejected | CommandUnchanged) else [*earlier, meta.type],
        "code": refused and refused.code,
        "reason": _text(refused.reason if refused is not None else None),
        "time": moment(meta.time),
    }


def _status(refused: CommandRejected | None) -> str:
    if refused is None:
        return "accepted"
    return "expired" if refused.code == EXPIRED else "rejected"


def _text(said: str | None) -> str | None:
    """Give what PostgreSQL can keep of text that came from a command no rule has seen."""
    return said and said.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.command_id,)


def _begins(_: Recorded) -> bool:
    return False


projection = Projection(outcome, DOMAINS, key=_key, begins=_begins, project=project)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = """
    SELECT command_id, digest, actor, status, type, subject, version, position, facts, code, reason
    FROM outcome WHERE command_id = ANY(%s)
"""


class Answered(NamedTuple):
    """What became of a command: who asked it, a fingerprint of what was asked, and the outcome."""

    actor: str
    digest: str | None
    outcome: Outcome

    def to(self, digest: str | None) -> Outcome:
        """Give the outcome as it is told to who asked something with this fingerprint under the same id."""
        told = self.outcome
        same = digest is None or digest == self.digest
        return told if same else Outcome.reused(told.command_id, told.type, told.subject)


async def find(connection: Connection, command_ids: Sequence[str]) -> dict[str, Answered]:
    """Give what became of commands, by their ids."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [list(command_ids)], prepare=True)
        return {
            row["command_id"]: Answered(row.pop("actor"), row.pop("digest"), Outcome(**row))
            for row in await cursor.fetchall()
        }
