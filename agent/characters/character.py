"""A character as the agent has it: what was read of a document, beside the document itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.concealing import revealed
from schemas.message import JsonObject

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an example; `actions` name what was done with it, `content` is all that the document says."""

    speaker: str
    text: str
    actions: Texts
    content: JsonObject


Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """Rules for how to write: always, in conversations, in posts."""

    all: Texts = ()
    chat: Texts = ()
    post: Texts = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A text to know; `path` is of the file that it was read from, if it was. What is `shared` is no secret of one."""

    text: str
    path: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """Whom the agent speaks as. Texts hold placeholders, which `expand` fills in when they are used.

    `extra` are the members of the document that nothing here knows. In `document`, `settings` and `extra` references
    stand in place of secrets, which `secrets` holds, as JSON, if they are at hand.
    """

    id: str
    name: str
    username: str
    system: str
    bio: Texts
    lore: Texts
    adjectives: Texts
    topics: Texts
    style: Style
    message_examples: tuple[Conversation, ...]
    post_examples: Texts
    knowledge: tuple[Knowledge, ...]
    templates: Mapping[str, str]
    plugins: Texts
    settings: JsonObject
    extra: JsonObject
    document: JsonObject
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def background(self) -> Texts:
        """All lines about the character: who it is, then what it went through."""
        return (*self.bio, *self.lore)


def export(character: Character, *, secrets: bool = False) -> JsonObject:
    """Give the document that a character was read from; with `secrets`, as it was, instead of with references."""
    return revealed(character.document, character.secrets) if secrets else character.document
