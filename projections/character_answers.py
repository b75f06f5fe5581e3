"""What the read door answers with about characters, for those who read the API document."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from projections.answers import Moment, Next, Position
from projections.openapi import AS_OF, MIN_POSITION, POSITIONS
from schemas.character import ELIZA


class CharacterNamed(BaseModel):
    """A character without its document."""

    character_id: str = Field(examples=["6a2f7c1e-0b5d-5c39-8a41-2f1c5c0b7a10"])
    name: str = Field(examples=["Ada"])
    owner: str = Field(description="The account that loads its next versions.", examples=["alice"])
    retired: bool = Field(description="Whether nobody speaks as it any more.", examples=[False])
    version: int = Field(description="How many facts there are about it; its ETag.", examples=[1])
    created_time: Moment
    updated_time: Moment
    position: Position


class Character(CharacterNamed):
    """A character; in its document references stand for secrets."""

    document: dict[str, Any] = Field(examples=[ELIZA])
    files: dict[str, str] = Field(description="Texts by the paths that the document names.", examples=[{}])


class CharacterPage(BaseModel):
    """A page of characters, by name."""

    items: list[CharacterNamed]
    next: Next


class CharacterDocument(RootModel[dict[str, Any]]):
    """A character as ElizaOS reads it."""


class Exporting(BaseModel):
    """What is taken along."""

    model_config = ConfigDict(extra="forbid")
    secrets: bool = Field(False, description="With its secrets, instead of references to them.")
    as_of: Annotated[str, Field(max_length=4000)] | None = Field(None, description=AS_OF)
    min_position: list[Annotated[str, Field(json_schema_extra={"pattern": POSITIONS})]] = Field(
        [], alias="min-position", description=MIN_POSITION
    )
