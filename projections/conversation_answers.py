"""What the read door answers with about conversations, for those who read the API document."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from projections.answers import Moment, Next, Position

ConversationId = Annotated[str, Field(examples=["0192f0c1-2d3e-7000-8000-00000000000c"])]


class Conversation(BaseModel):
    """A conversation as it is now. What was sealed for somebody who was erased is null."""

    conversation_id: ConversationId
    account_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000001"])
    character: str | None = Field(description="With whom; null is the agent's own.", examples=[None])
    character_version: int | None = Field(examples=[None])
    turn: int = Field(description="How many messages its person sent.", examples=[3])
    answered: int = Field(description="How many of them need no answer any more.", examples=[3])
    dialogue: dict[str, Any] | None = Field(description="What the agent must know at the next message.", examples=[{}])
    proposal: dict[str, Any] | None = Field(description="The change that waits to be confirmed.", examples=[None])
    summary: dict[str, Any] | None = Field(description="Earlier turns in short.", examples=[None])
    wanted: bool = Field(description="Whether a person is wanted instead of the agent.", examples=[False])
    taken_by: str | None = Field(description="Who answers instead of the agent.", examples=[None])
    tokens: int = Field(description="That models read and wrote.", examples=[0])
    cost: int = Field(description="Of models, in millionths.", examples=[0])
    version: int = Field(description="How many facts there are about it; its ETag.", examples=[12])
    opened_time: Moment
    updated_time: Moment
    position: Position


class Conversations(BaseModel):
    """A page of conversations, the newest first."""

    items: list[Conversation]
    next: Next


class Turn(BaseModel):
    """A message, what the agent made of it, and the answer."""

    conversation_id: ConversationId
    turn: int = Field(examples=[3])
    fact_id: str = Field(description="Of the message.", examples=["5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11"])
    text: str | None = Field(examples=["Call it Rossi & Sons"])
    answered: int = Field(description="How many messages had an answer when it was said.", examples=[2])
    channel: str = Field(examples=["http"])
    intent: str | None = Field(examples=["resource.rename"])
    tier: str | None = Field(description="Who understood it: lexical or model.", examples=["lexical"])
    model: str | None = Field(examples=["minilm-int8-1.0.0+tfidf"])
    ranking: list[dict[str, Any]] = Field(examples=[[{"intent": "resource.rename", "score": 0.93}]])
    slots: list[dict[str, Any]] = Field(examples=[[{"name": "name", "value": "Rossi & Sons", "before": None}]])
    used: list[dict[str, Any]] = Field(description="What the answer rests on, by digests.", examples=[[]])
    foreign: bool = Field(description="Whether some of it was not said by the person.", examples=[False])
    calls: list[dict[str, Any]] = Field(description="Calls of models.", examples=[[]])
    proposal: dict[str, Any] | None = Field(description="What was proposed.", examples=[None])
    consent: str | None = Field(description="confirmed, declined or expired", examples=[None])
    posted: list[dict[str, Any]] = Field(description="Commands asked for the person.", examples=[[]])
    reply: str | None = Field(examples=["Done: invoice-7 is called Rossi & Sons."])
    replied: bool = Field(examples=[True])
    answers: list[dict[str, Any]] = Field(description="Of whoever took the conversation over.", examples=[[]])
    citations: list[dict[str, Any]] = Field(examples=[[{"kind": "fact", "id": "invoice-7", "place": "resource:6:3"}]])
    receipts: list[dict[str, Any]] = Field(
        examples=[[{"command_id": "5e0b5a31-…", "status": "accepted", "position": "resource:6:3"}]]
    )
    tokens: int = Field(examples=[0])
    cost: int = Field(examples=[0])
    said_time: Moment
    replied_time: datetime | None = Field(examples=["2026-01-05T09:30:00.250000Z"])
    position: Position


class Turns(BaseModel):
    """A page of turns, the newest first."""

    items: list[Turn]
    next: Next


class Memory(BaseModel):
    """Something that the agent remembers of the caller."""

    memory_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-00000000000e"])
    conversation_id: ConversationId
    turn: int = Field(description="In which it was said.", examples=[2])
    text: str | None = Field(examples=["prefers short answers"])
    scope: str = Field(description="person: in all their conversations; conversation: in this one", examples=["person"])
    until: datetime | None = Field(description="From when on it does not hold any more.", examples=[None])
    written_time: Moment
    position: Position


class Memories(BaseModel):
    """All that the agent remembers of the caller, and what models read, wrote and cost for them today (UTC)."""

    items: list[Memory]
    spent: dict[str, int] = Field(examples=[{"tokens": 0, "cost": 0}])
