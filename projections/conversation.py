"""The read model of conversations: one row each, with what the agent must know at the next message, sealed."""

from collections.abc import Sequence
from typing import Any, cast

from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, happened, moment
from projections.tables import metadata
from schemas.conversation import (
    DOMAIN,
    AgentReplied,
    CommandPosted,
    ConversationFact,
    ConversationOpened,
    ConversationSummarised,
    HandoverRequested,
    HandoverReturned,
    HandoverTaken,
    MessageReceived,
    ModelAnswered,
    ToolConfirmed,
    ToolDeclined,
    ToolExpired,
    ToolProposed,
)
from schemas.message import Recorded

conversation = Table(
    "conversation",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("character", Text),
    Column("character_version", Integer),
    Column("turn", Integer, nullable=False, comment="How many messages its person sent"),
    Column("answered", Integer, nullable=False, comment="How many of them need no answer any more"),
    Column("dialogue", Text, comment="What the agent must know at the next message, sealed"),
    Column("proposal", JSONB, comment="The change that waits to be confirmed; its body is sealed"),
    Column("summary", JSONB, comment="Turns in short; their text is sealed"),
    Column("wanted", Boolean, nullable=False, comment="Whether a person is wanted instead of the agent"),
    Column("taken_by", Text, comment="Who answers instead of the agent"),
    Column("tokens", BigInteger, nullable=False, comment="That models read and wrote"),
    Column("cost", BigInteger, nullable=False, comment="In millionths"),
    Column("version", Integer, nullable=False),
    Column("opened_time", DateTime(timezone=True), nullable=False),
    Column("updated_time", DateTime(timezone=True), nullable=False),
    Column("position", Text, nullable=False),
    Index("conversation_account", "account_id", "opened_time", "conversation_id"),
    Index("conversation_wanted", "wanted", "updated_time"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    meta, fact = recorded.meta, cast("ConversationFact", recorded.fact)
    time = moment(meta.time)
    before = row or {"conversation_id": meta.subject, "opened_time": time}
    return before | _changed(before, fact) | {"version": meta.version, "updated_time": time, "position": position}


def _changed(row: Row, fact: ConversationFact) -> Row:  # noqa: C901, PLR0911, PLR0912 - one line for each fact
    match fact:
        case ConversationOpened():
            return _opened(fact)
        case MessageReceived():
            return {"turn": fact.turn} | ({"answered": fact.turn} if fact.taken_over else {})
        case ToolProposed():
            return {"proposal": vars(fact) | {"confirmed": False}}
        case ToolConfirmed():
            return {"proposal": row["proposal"] and row["proposal"] | {"confirmed": True}}
        case ToolDeclined() | ToolExpired():
            return {"proposal": None}
        case CommandPosted():
            return {"proposal": None} if fact.proposal_id is not None else {}
        case ModelAnswered():
            return {"tokens": row["tokens"] + fact.tokens_in + fact.tokens_out, "cost": row["cost"] + fact.cost}
        case AgentReplied():
            return {"answered": fact.turn, "dialogue": fact.dialogue}
        case ConversationSummarised():
            return {"summary": vars(fact)}
        case HandoverRequested():
            return {"wanted": True}
        case HandoverTaken():
            return {"taken_by": fact.by, "answered": row["turn"], "proposal": None}
        case HandoverReturned():
            return {"taken_by": None, "wanted": False}
        case _:
            return {}


def _opened(fact: ConversationOpened) -> Row:
    return {
        "account_id": fact.account_id,
        "character": fact.character,
        "character_version": fact.character_version,
        "turn": 0,
        "answered": 0,
        "dialogue": None,
        "proposal": None,
        "summary": None,
        "wanted": False,
        "taken_by": None,
        "tokens": 0,
        "cost": 0,
    }


def _key(recorded: Recorded) -> Key | None:
    return (recorded.meta.subject,) if happened(recorded) else None


projection = Projection(
    conversation, (DOMAIN,), key=_key, begins=lambda recorded: recorded.meta.version == 1, project=project
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = "SELECT * FROM conversation WHERE conversation_id = %s"
_OF = """
    SELECT * FROM conversation
    WHERE (account_id = %(account_id)s OR (%(account_id)s::text IS NULL AND wanted))
        AND (%(time)s::timestamptz IS NULL OR (opened_time, conversation_id) < (%(time)s, %(id)s))
    ORDER BY opened_time DESC, conversation_id DESC LIMIT %(limit)s
"""


async def find(connection: Connection, conversation_id: str) -> Row | None:
    """Give a conversation as it is now."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [conversation_id], prepare=True)
        return await cursor.fetchone()


async def of(connection: Connection, account_id: str | None, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give the conversations of an account, or of anybody those in which a person is wanted; the newest first.

    `after` is opened_time and id of the last one of the page before.
    """
    time, conversation_id = after or (None, None)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, {"account_id": account_id, "time": time, "id": conversation_id, "limit": limit})
        return await cursor.fetchall()
