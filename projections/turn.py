"""The read model of turns: each message of a conversation with all that the agent recorded of it, and the answer."""

from collections.abc import Sequence
from typing import Any, cast

from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from infra.postgres import Connection
from projections.projection import Key, Projection, Row, moment
from projections.tables import metadata
from schemas.conversation import (
    DOMAIN,
    AgentReplied,
    CommandPosted,
    ContextAssembled,
    IntentRecognised,
    MessageReceived,
    ModelAnswered,
    ModelCalled,
    PersonReplied,
    SlotCorrected,
    SlotFilled,
    ToolConfirmed,
    ToolDeclined,
    ToolExpired,
    ToolProposed,
)
from schemas.message import Recorded

TurnFact = (
    MessageReceived
    | IntentRecognised
    | SlotFilled
    | SlotCorrected
    | ContextAssembled
    | ModelCalled
    | ModelAnswered
    | ToolProposed
    | ToolConfirmed
    | ToolDeclined
    | ToolExpired
    | CommandPosted
    | AgentReplied
    | PersonReplied
)

turn = Table(
    "turn",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("turn", Integer, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("fact_id", Text, nullable=False, comment="Of the message"),
    Column("actor", JSONB, nullable=False, comment="Who sent the message"),
    Column("correlation_id", Text, nullable=False),
    Column("text", Text, nullable=False, comment="The message, sealed"),
    Column("answered", Integer, nullable=False, comment="How many messages had an answer when it was said"),
    Column("channel", Text, nullable=False),
    Column("intent", Text),
    Column("tier", Text),
    Column("model", Text),
    Column("ranking", JSONB, nullable=False),
    Column("slots", JSONB, nullable=False, comment="Name, value and value before, sealed"),
    Column("used", JSONB, nullable=False, comment="What the answer rests on"),
    Column("foreign", Boolean, nullable=False, comment="Whether some of it was not said by the person"),
    Column("calls", JSONB, nullable=False, comment="Calls of models; answers are sealed"),
    Column("proposal", JSONB, comment="What was proposed; its body is sealed"),
    Column("consent", Text, comment="What the message said of a proposal: confirmed, declined or expired"),
    Column("posted", JSONB, nullable=False, comment="Commands asked for the person"),
    Column("reply", Text, comment="Sealed"),
    Column("replied", Boolean, nullable=False),
    Column("answers", JSONB, nullable=False, comment="Of whoever took the conversation over, sealed"),
    Column("citations", JSONB, nullable=False),
    Column("receipts", JSONB, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("said_time", DateTime(timezone=True), nullable=False),
    Column("replied_time", DateTime(timezone=True)),
    Column("position", Text, nullable=False),
    Index("turn_account", "account_id", "said_time"),
)


def project(row: Row | None, recorded: Recorded, position: str) -> Row:
    fact = cast("TurnFact", recorded.fact)
    if isinstance(fact, MessageReceived):
        return _said(recorded, fact) | {"position": position}
    row = row or {}
    return row | _changed(row, fact, recorded) | {"position": position}


def _changed(row: Row, fact: TurnFact, recorded: Recorded) -> Row:  # noqa: C901, PLR0911, PLR0912 - one line for each fact
    match fact:
        case MessageReceived():
            return _said(recorded, fact)
        case IntentRecognised():
            ranking = [vars(each) for each in fact.ranking]
            return {"intent": fact.intent, "tier": fact.tier, "model": fact.model, "ranking": ranking}
        case SlotFilled():
            return {"slots": [*row["slots"], {"name": fact.name, "value": fact.value, "before": None}]}
        case SlotCorrected():
            return {"slots": [*row["slots"], {"name": fact.name, "value": fact.value, "before": fact.before}]}
        case ContextAssembled():
            used = [*row["used"], *(vars(each) for each in fact.used)]
            return {"used": used, "foreign": row["foreign"] or fact.foreign}
        case ModelCalled():
            return {"calls": [*row["calls"], _without_turn(fact)]}
        case ModelAnswered():
            return _answered(row, fact)
        case ToolProposed():
            return {"proposal": _without_turn(fact)}
        case ToolConfirmed():
            return {"consent": "confirmed"}
        case ToolExpired():
            return {"consent": "expired"}
        case ToolDeclined():
            return {"consent": "declined"}
        case CommandPosted():
            return {"posted": [*row["posted"], _without_turn(fact)]}
        case AgentReplied():
            return _replied(fact) | {"replied_time": moment(recorded.meta.time)}
        case PersonReplied():
            by = recorded.meta.actor.id
            answer = {"text": fact.text, "by": by, "time": moment(recorded.meta.time).isoformat()}
            return {"answers": [*row["answers"], answer], "replied": True}


def _said(recorded: Recorded, fact: MessageReceived) -> Row:
    meta = recorded.meta
    return {
        "conversation_id": meta.subject,
        "turn": fact.turn,
        "account_id": fact.account_id,
        "fact_id": meta.id,
        "actor": vars(meta.actor),
        "correlation_id": meta.correlation_id,
        "text": fact.text,
        "answered": fact.answered,
        "channel": fact.channel,
        "intent": None,
        "tier": None,
        "model": None,
        "ranking": [],
        "slots": [],
        "used": [],
        "foreign": False,
        "calls": [],
        "proposal": None,
        "consent": None,
        "posted": [],
        "reply": None,
        "replied": False,
        "answers": [],
        "citations": [],
        "receipts": [],
        "tokens": 0,
        "cost": 0,
        "said_time": moment(meta.time),
        "replied_time": None,
    }


def _answered(row: Row, fact: ModelAnswered) -> Row:
    told = _without_turn(fact)
    calls = [each | told if each["call"] == fact.call else each for each in row["calls"]]
    if all(each["call"] != fact.call for each in calls):
        calls.append(told)  # what is not called, for lack of money, is told all the same
    return {
        "calls": calls,
        "tokens": row["tokens"] + fact.tokens_in + fact.tokens_out,
        "cost": row["cost"] + fact.cost,
    }


def _replied(fact: AgentReplied) -> Row:
    return {
        "reply": fact.text,
        "replied": True,
        "citations": [vars(each) for each in fact.citations],
        "receipts": [vars(each) for each in fact.receipts],
    }


def _without_turn(fact: TurnFact) -> Row:
    return {name: value for name, value in vars(fact).items() if name != "turn"}


def _key(recorded: Recorded) -> Key | None:
    fact = recorded.fact
    return (recorded.meta.subject, fact.turn) if isinstance(fact, TurnFact) else None


projection = Projection(
    turn,
    (DOMAIN,),
    key=_key,
    begins=lambda recorded: isinstance(recorded.fact, MessageReceived),
    project=project,
)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIND = "SELECT * FROM turn WHERE conversation_id = %s AND turn = %s"
_PAGE = "SELECT * FROM turn WHERE conversation_id = %s AND turn < %s ORDER BY turn DESC LIMIT %s"
_OF = """
    SELECT * FROM turn
    WHERE account_id = %(account_id)s
        AND (%(time)s::timestamptz IS NULL OR (said_time, conversation_id, turn) < (%(time)s, %(id)s, %(turn)s))
    ORDER BY said_time DESC, conversation_id DESC, turn DESC LIMIT %(limit)s
"""
_SPENT = """
    SELECT coalesce(sum(tokens), 0)::bigint AS tokens, coalesce(sum(cost), 0)::bigint AS cost
    FROM turn WHERE account_id = %s AND said_time >= %s
"""


async def find(connection: Connection, conversation_id: str, number: int) -> Row | None:
    """Give one turn."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FIND, [conversation_id, number], prepare=True)
        return await cursor.fetchone()


async def page(connection: Connection, conversation_id: str, before: int, limit: int) -> list[Row]:
    """Give the turns before one, the newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, [conversation_id, before, limit], prepare=True)
        return await cursor.fetchall()


async def of(connection: Connection, account_id: str, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give the turns of an account in all its conversations, the newest first.

    `after` is said_time, conversation_id and turn of the last one of the page before.
    """
    time, conversation_id, number = after or (None, None, None)
    said = {"account_id": account_id, "time": time, "id": conversation_id, "turn": number, "limit": limit}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OF, said)
        return await cursor.fetchall()


async def spent(connection: Connection, account_id: str, since: Any) -> Row:
    """Give what models read, wrote and cost for an account since a time."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SPENT, [account_id, since], prepare=True)
        return await cursor.fetchone() or {}
