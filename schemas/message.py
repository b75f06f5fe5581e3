"""What every command and fact is made of, and what travels with it."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$")]
"""The id of the thing a message is about; the Kafka key, as UTF-8."""

_new, _put = object.__new__, object.__setattr__
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python takes for JSON and others do not: NaN, integers beyond 64 bits, half a character, NUL."""
    try:
        text = orjson.dumps(value)
    except TypeError as error:
        raise ValueError(f"it holds what JSON cannot carry: {error}") from None
    if b"\\u0000" in text and _NUL.search(text):
        raise ValueError("it holds the character NUL, which a database cannot store")
    if b"null" in text and orjson.loads(text) != value:
        raise ValueError("it holds NaN or an infinity, which are no JSON")
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A JSON object; on the wire a string of JSON with sorted keys, so that equal values are equal bytes."""

Time = Annotated[int, Field(ge=0, le=253402300799999), "timestamp-millis"]
"""A moment before the year 10000, in milliseconds since 1970 UTC; the word is its logical type in Avro."""


class Message(BaseModel):
    """A value that never changes and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def unchecked(cls, **fields: Any) -> Self:
        """Make a message of all its fields, known to be right: checking them takes nearly twice as long."""
        made = _new(cls)
        _put(made, "__dict__", fields)
        _put(made, "__pydantic_fields_set__", set(fields))
        _put(made, "__pydantic_extra__", None)
        _put(made, "__pydantic_private__", None)
        return made


class Command(Message):
    """A request to change one subject; may be refused. Its `type` on the wire is `<domain>.<verb>`."""

    type: ClassVar[str]

    @property
    def subject(self) -> str:
        """The id of the one thing this command would change."""
        raise NotImplementedError


class Fact(Message):
    """What happened to one subject; never changed. Its `type` on the wire is `<domain>.<past participle>`."""

    type: ClassVar[str]


class Actor(Message):
    """Who asks: the account, through which client or key, on whose behalf, from which address."""

    id: str
    via: str | None = None
    on_behalf_of: str | None = None
    address: str | None = None


class CommandMeta(Message):
    """What travels with a command.

    `time` is when it was asked, by the asker's clock. `digest` is a fingerprint of what is asked (32 hex digits), so
    that an id used twice for different things is noticed. `causation_id` names the fact that made a policy ask; a
    person's own request has none.
    """

    id: str
    type: str
    subject: str
    time: Time
    actor: Actor
    expected_version: int | None = None
    correlation_id: str
    causation_id: str | None = None
    digest: str | None = None


class FactMeta(Message):
    """What travels with a fact.

    `version` counts the facts of the subject from 1; a refusal or an unchanged command leaves it as it was. `time` is
    when the broker stored the command: a fact decided twice has the same time. `command_offset` is the command's place
    in the commands partition of the same number. `causation_id` is the command's.
    """

    id: str
    type: str
    subject: str
    version: int
    time: Time
    actor: Actor
    command_id: str
    command_type: str
    command_offset: int
    command_digest: str | None = None
    correlation_id: str
    causation_id: str | None = None


class CommandUnchanged(Fact):
    """A command was accepted and had nothing to add: what it asked for was so already."""

    type: ClassVar[str] = "command.unchanged"


class CommandRejected(Fact):
    """A command was refused: a stable code, the reason as a sentence, and the bytes that no one could read (base64)."""

    type: ClassVar[str] = "command.rejected"
    code: str
    reason: str
    undecodable: str | None = None


class Recorded(NamedTuple):
    """A fact as it stands in a journal: what happened, and what travels with it."""

    meta: FactMeta
    fact: Fact


class Asked(NamedTuple):
    """A command as it stands on its topic: what is asked, and what travels with it."""

    meta: CommandMeta
    command: Command


@dataclass(frozen=True, slots=True)
class Position:
    """Where a fact stands: `resource:3:1234` is offset 1234 of partition 3 of the topic `resource.facts`."""

    domain: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.domain}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read what `str` wrote. Raises ValueError for anything else."""
        domain, partition, offset = text.split(":")
        if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
            raise ValueError(text)
        return cls(domain, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain: its one word, what may be asked, what may happen, and its refusals as code → HTTP status."""

    name: str
    commands: tuple[type[Command], ...]
    facts: tuple[type[Fact], ...]
    refusals: dict[str, int]
    partitions: int = 8


class Outcome(Message):
    """What became of a command; the answer of the write door, of `GET /v1/commands/{id}`, and of a repeated command.

    `status` is pending, accepted, rejected or expired. `position` is that of the last record the command left;
    `version` that of the subject after it. `facts` are the types of the facts it left (none: it was so already).
    """

    command_id: str
    status: str
    type: str
    subject: str | None = None
    version: int | None = None
    position: str | None = None
    facts: tuple[str, ...] = ()
    code: str | None = None
    reason: str | None = None

    @classmethod
    def reused(cls, command_id: str, type_: str, subject: str | None) -> "Outcome":
        """Give the outcome of a command whose id another command has: one key was used to ask for two things."""
        return cls(
            command_id=command_id,
            status="rejected",
            type=type_,
            subject=subject,
            code="idempotency_key_reused",
            reason="This Idempotency-Key was used for another request; use a new key for a new request.",
        )
