"""What may be said about a character: whom the agent speaks as, in a document as ElizaOS writes them.

What is secret in a document never stands on a topic: a door keeps it in the vault, and references stand in its place
(schemas/concealing.py).
"""

import re
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid5

from pydantic import AfterValidator, ConfigDict, Field

from schemas.message import Command, Domain, Fact, JsonObject, Subject

LARGEST = 200 * 1024
"""Bytes that a document and the texts of its files take at the most, as canonical JSON."""

MOST_FILES = 200

ELIZA: dict[str, Any] = {
    "name": "Ada",
    "bio": ["Ada keeps the books of a small shop."],
    "style": {"all": ["Say it in one sentence."]},
    "messageExamples": [
        [
            {"name": "{{user1}}", "content": {"text": "Who has not paid yet?"}},
            {"name": "Ada", "content": {"text": "Rossi: 1200 euros since March."}},
        ]
    ],
}
"""The document that the examples of the API documents share."""

_IDS = UUID("7c0b1c6e-3d0a-5f0e-9c55-51f2e1a4d9b7")
_TEXT: dict[str, Any] = {"type": "string", "pattern": r"^[^\x00]*$"}
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}")


def _texts(files: JsonObject) -> JsonObject:
    if not all(isinstance(text, str) for text in files.values()):
        raise ValueError("each file is a text")
    return files


CharacterId = Annotated[
    Subject,
    Field(
        description="The character: the `id` of its document, or one made of its name.",
        examples=["6a2f7c1e-0b5d-5c39-8a41-2f1c5c0b7a10"],
    ),
]

Document = Annotated[
    JsonObject,
    Field(
        description="A character as ElizaOS writes it, in any of its versions; with its files at most 200 KB as JSON.",
        examples=[ELIZA],
    ),
]

Files = Annotated[
    JsonObject,
    AfterValidator(_texts),
    Field(
        max_length=MOST_FILES,
        description="The texts of the files that the document names as knowledge, by their paths in its folder.",
        examples=[{"knowledge/prices.md": "A loaf is 3 euros."}],
        json_schema_extra={"additionalProperties": _TEXT, "propertyNames": _TEXT},
    ),
]


class _AboutOneCharacter(Command):
    character_id: CharacterId

    @property
    def subject(self) -> str:
        return self.character_id


class LoadCharacter(_AboutOneCharacter):
    """Let the agent speak as this; said differently again, it is the character's next version."""

    type: ClassVar[str] = "character.load"
    document: Document
    files: Files = Field(default_factory=dict)


class RetireCharacter(_AboutOneCharacter):
    """Let the agent speak as this no more, until it is loaded again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"character_id": "6a2f7c1e-0b5d-5c39-8a41-2f1c5c0b7a10"}]}
    )
    type: ClassVar[str] = "character.retire"


class CharacterLoaded(Fact):
    """A character is this from now on; `owner` is the account that loaded it first, and may load it again."""

    type: ClassVar[str] = "character.loaded"
    name: str
    owner: str
    document: JsonObject
    files: JsonObject


class CharacterRetired(Fact):
    """Nobody speaks as this character any more."""

    type: ClassVar[str] = "character.retired"


CharacterCommand = LoadCharacter | RetireCharacter
CharacterFact = CharacterLoaded | CharacterRetired

DOMAIN = Domain(
    name="character",
    commands=(LoadCharacter, RetireCharacter),
    facts=(CharacterLoaded, CharacterRetired),
    refusals={
        "character_unknown": 404,
        "character_not_yours": 403,
        "character_nameless": 422,
        "character_too_large": 422,
    },
    partitions=1,
)


def name_of(document: JsonObject) -> str:
    """Give the name in a document; empty if there is none."""
    name = document.get("name")
    return name.strip() if isinstance(name, str) else ""


def id_of(document: JsonObject) -> str:
    """Give the id in a document, or one made of its name: the same document is the same character."""
    said = document.get("id")
    return said if isinstance(said, str) and _SUBJECT.fullmatch(said) else str(uuid5(_IDS, name_of(document)))
