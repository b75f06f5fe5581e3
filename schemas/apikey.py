"""What may be said about an API key: a long secret with which a program asks as an account, within limits of its own.

The secret is shown once, when it is made, and known here by its digest only.
"""

from typing import Annotated, ClassVar, get_args

from pydantic import ConfigDict, Field, StringConstraints

from schemas.message import Command, Domain, Fact, Subject, Time
from schemas.person import AccountId, Digest
from schemas.role import Permission

KeyId = Annotated[
    Subject, Field(description="The key: a random UUID.", examples=["0192f0c1-2d3e-7000-8000-000000000003"])
]

KeyName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
    ),
    Field(description="What the key is for, as people read it; nothing personal.", examples=["nightly import"]),
]

Start = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9A-HJ-NP-Za-km-z]{4}$"),
    Field(description="The first four characters of the secret, to know the key by."),
]

Scopes = Annotated[
    tuple[Permission, ...],
    Field(
        min_length=1,
        max_length=50,
        description="What may be done with the key, of what its account may do.",
        examples=[["resource:*", "kind:read"]],
    ),
]

PerMinute = Annotated[int, Field(ge=1, le=1_000_000, description="Requests a minute.", examples=[600])]

LONGEST_OVERLAP_MS = 30 * 24 * 3600 * 1000
Overlap = Annotated[
    int,
    Field(ge=0, le=LONGEST_OVERLAP_MS, description="How long the secret before still works, in milliseconds."),
]

USE_NOTED_EVERY_MS = 60_000
"""How exactly it is known when a key was used last."""


class _AboutOneKey(Command):
    model_config = ConfigDict(json_schema_extra={"examples": [{"key_id": "0192f0c1-2d3e-7000-8000-000000000003"}]})
    key_id: KeyId

    @property
    def subject(self) -> str:
        return self.key_id


class CreateKey(_AboutOneKey):
    """Have a key to ask as this account."""

    type: ClassVar[str] = "apikey.create"
    account_id: AccountId
    secret: Digest
    start: Start
    name: KeyName
    scopes: Scopes
    expires: Time | None = None
    per_minute: PerMinute | None = None


class RerollKey(_AboutOneKey):
    """Have another secret for the same key; the one before works for a while yet."""

    type: ClassVar[str] = "apikey.reroll"
    secret: Digest
    start: Start
    overlap: Overlap = 0


class RevokeKey(_AboutOneKey):
    """Let a key work no more."""

    type: ClassVar[str] = "apikey.revoke"


class NoteUse(_AboutOneKey):
    """Note when a key was used last; doors do it, at most once a minute."""

    type: ClassVar[str] = "apikey.note_use"
    used: Time


class KeyCreated(Fact):
    """There is a key; `maker` may reroll and revoke it, as its account may."""

    type: ClassVar[str] = "apikey.created"
    account_id: str
    maker: str
    secret: str
    start: str
    name: str
    scopes: tuple[str, ...]
    expires: Time | None = None
    per_minute: int | None = None


class KeyRerolled(Fact):
    """The key has another secret; the one before works until `before_until`."""

    type: ClassVar[str] = "apikey.rerolled"
    secret: str
    start: str
    before: str
    before_until: Time


class KeyRevoked(Fact):
    """The key works no more."""

    type: ClassVar[str] = "apikey.revoked"


class KeyUsed(Fact):
    """The key was used at this time, and perhaps at times before."""

    type: ClassVar[str] = "apikey.used"
    used: Time


ApikeyCommand = CreateKey | RerollKey | RevokeKey | NoteUse
ApikeyFact = KeyCreated | KeyRerolled | KeyRevoked | KeyUsed

DOMAIN = Domain(
    name="apikey",
    commands=get_args(ApikeyCommand),
    facts=get_args(ApikeyFact),
    refusals={
        "apikey_unknown": 404,
        "apikey_exists": 409,
        "apikey_revoked": 409,
        "apikey_expired": 422,
    },
    partitions=2,
)
