"""What the read door answers with, for those who read the API document."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from schemas.kind import INVOICE

Position = Annotated[
    str,
    Field(
        description="Where the newest fact about it stands; a read given it as `min-position` knows that fact.",
        examples=["resource:3:57"],
    ),
]
Moment = Annotated[datetime, Field(examples=["2026-01-05T09:30:00.250000Z"])]
Next = Annotated[
    str | None,
    Field(
        description="The address of the next page; null on the last.", examples=["/v1/resources?limit=50&cursor=8SkQ"]
    ),
]


class Resource(BaseModel):
    """A resource as it is now."""

    resource_id: str = Field(examples=["invoice-7"])
    kind: str = Field(examples=["invoice"])
    kind_version: int = Field(examples=[1])
    name: str = Field(examples=["Invoice 7, Rossi"])
    attributes: dict[str, Any] = Field(examples=[{"amount": 1250, "currency": "EUR"}])
    tags: list[str] = Field(examples=[["overdue"]])
    owner: str = Field(examples=["alice"])
    editors: list[str] = Field(examples=[["bob"]])
    viewers: list[str] = Field(examples=[[]])
    trashed: bool = Field(examples=[False])
    version: int = Field(description="How many facts there are about it; its ETag.", examples=[3])
    created_time: Moment
    updated_time: Moment
    position: Position


class Resources(BaseModel):
    """A page of resources."""

    items: list[Resource]
    next: Next


class Who(BaseModel):
    """Who asked for what happened."""

    id: str = Field(examples=["alice"])
    via: str | None = Field(description="Through which client or key.", examples=[None])
    on_behalf_of: str | None = Field(examples=[None])


class Happened(BaseModel):
    """A fact about a resource."""

    version: int = Field(description="The resource's version after it.", examples=[3])
    fact_id: str = Field(examples=["5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11"])
    type: str = Field(examples=["resource.changed"])
    time: Moment
    actor: Who
    command_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    correlation_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    causation_id: str | None = Field(description="The fact that made a policy ask.", examples=[None])
    data: dict[str, Any] = Field(
        examples=[{"patch": {"amount": 1250}, "kind_version": 1, "kind_position": 0}],
        description="What the fact says, by its type.",
    )
    position: Position


class History(BaseModel):
    """A page of what happened to a resource, the newest first."""

    items: list[Happened]
    next: Next


class By(BaseModel):
    """The fact that changed something, and who asked for it."""

    version: int = Field(description="The resource's version after it.", examples=[3])
    time: Moment
    type: str = Field(examples=["resource.changed"])
    actor: Who
    command_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    correlation_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    causation_id: str | None = Field(description="The fact that made a policy ask.", examples=[None])
    position: Position


class Change(By):
    """A fact that changed a field: what it was, and what it became; null where there was or is none."""

    before: Any = Field(examples=[1200])
    after: Any = Field(examples=[1250])


class Changes(BaseModel):
    """A page of the facts that changed a field, the newest first."""

    items: list[Change]
    next: Next


class FieldDifference(BaseModel):
    """A field that differs, and what changed it last."""

    field: str = Field(description="A JSON pointer (RFC 6901).", examples=["/attributes/amount"])
    before: Any = Field(examples=[1200])
    after: Any = Field(examples=[1250])
    changed: By


class Difference(BaseModel):
    """What changed of a resource between two of its versions; 0 is before the first."""

    from_: int = Field(alias="from", examples=[1])
    to: int = Field(examples=[3])
    changes: list[FieldDifference]


class Kind(BaseModel):
    """A version of a kind."""

    kind: str = Field(examples=["invoice"])
    kind_version: int = Field(examples=[1])
    json_schema: dict[str, Any] = Field(description="What the attributes of its resources satisfy.", examples=[INVOICE])
    description: str = Field(examples=["What a customer owes us."])
    owner: str = Field(description="The account that may define the next version.", examples=["alice"])
    defined_time: Moment
    position: Position


class Kinds(BaseModel):
    """A page of kinds, each in its newest version, by name."""

    items: list[Kind]
    next: Next
