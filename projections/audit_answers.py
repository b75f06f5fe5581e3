"""What the audit door answers with, for those who read the API document."""

from typing import Any

from pydantic import BaseModel, Field

from projections.answers import Moment, Next, Position, Who

Uuid = "0192f0c1-2d3e-7000-8000-000000000000"


class Asker(Who):
    """Who asked, and from where."""

    address: str | None = Field(description="Null once the person is erased.", examples=["203.0.113.7"])


class Command(BaseModel):
    """A command and what came of it."""

    command_id: str = Field(examples=[Uuid])
    type: str = Field(examples=["resource.change"])
    subject: str = Field(examples=["invoice-7"])
    status: str = Field(description="accepted, rejected or expired", examples=["rejected"])
    code: str | None = Field(examples=["attributes_invalid"])
    reason: str | None = Field(examples=["/amount: it is no number."])
    version: int = Field(description="The subject's version after it.", examples=[3])
    time: Moment = Field(description="When it was stored, by Kafka's clock.")
    known_time: Moment = Field(description="When the read model of outcomes knew it.")
    actor: Asker
    correlation_id: str = Field(examples=[Uuid])
    causation_id: str | None = Field(description="The fact that made a policy ask.", examples=[None])
    command: str = Field(description="Its place on its topic.", examples=["resource:3:41"])
    position: Position
    facts: list[str] = Field(description="Types of the facts it left.", examples=[["resource.changed"]])


class Commands(BaseModel):
    """A page of commands, the newest first."""

    items: list[Command]
    next: Next


class Happened(BaseModel):
    """A fact that a command left; what is personal in it is sealed, as on its topic."""

    domain: str = Field(examples=["resource"])
    subject: str = Field(examples=["invoice-7"])
    version: int = Field(examples=[3])
    fact_id: str = Field(examples=[Uuid])
    type: str = Field(examples=["resource.changed"])
    time: Moment
    known_time: Moment = Field(description="When the read model of history knew it.")
    data: dict[str, Any]
    position: Position


class Knows(BaseModel):
    """A read model, and whether it has read the newest record of a command."""

    read_model: str = Field(examples=["resource"])
    knows: bool


class Followed(BaseModel):
    """A command with all that came of it; `because_of_it` are those that policies asked because of its facts."""

    command_id: str = Field(examples=[Uuid])
    type: str = Field(examples=["resource.change"])
    subject: str = Field(examples=["invoice-7"])
    status: str = Field(examples=["accepted"])
    code: str | None
    reason: str | None
    version: int
    asked_time: Moment | None = Field(
        description="When it was asked, by the door's clock; null once its topic lets it go."
    )
    time: Moment
    known_time: Moment
    actor: Asker
    correlation_id: str
    causation_id: str | None
    trace: str | None = Field(description="W3C `traceparent`, if it was traced.")
    command: str
    position: Position
    facts: list[Happened]
    read_models: list[Knows]
    because_of_it: list["Followed"]


class Subject(BaseModel):
    """A subject as it was; what is personal in it is sealed, as on its topic."""

    domain: str = Field(examples=["resource"])
    subject: str = Field(examples=["invoice-7"])
    version: int = Field(examples=[3])
    state: dict[str, Any]
