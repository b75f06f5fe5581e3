"""What may be said about a session: a sign-in that goes on, refreshed with tokens each of which is worth one step.

The subject is the session, which alone decides about its tokens: two who refresh at once get the same next one. Tokens
are known here by their digests only.
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field

from schemas.account import Generation
from schemas.message import Command, Domain, Fact, Subject, Time
from schemas.person import AccountId, Digest, Sealed

SessionId = Annotated[
    Subject, Field(description="The session: a random UUID.", examples=["0192f0c1-2d3e-7000-8000-000000000002"])
]

IDLE_MS = 30 * 24 * 3600 * 1000
"""How long a session lives without being refreshed, in milliseconds."""

LONGEST_MS = 90 * 24 * 3600 * 1000
"""How long a session lives at the most."""

GRACE_MS = 10_000
"""How long a token that was just replaced may still be shown, by requests on their way at the same time."""

LATE_REPEATS = 3
"""So many steps in a row of which the token was shown again late: two have the tokens, and the session ends."""

Method = Literal["password", "totp", "recovery_code"]
Reason = Literal["revoked", "reused", "shared", "expired"]


class _AboutOneSession(Command):
    model_config = ConfigDict(json_schema_extra={"examples": [{"session_id": "0192f0c1-2d3e-7000-8000-000000000002"}]})
    session_id: SessionId

    @property
    def subject(self) -> str:
        return self.session_id


class OpenSession(_AboutOneSession):
    """Begin a session of an account, whose sign-in the door has checked as of this generation."""

    type: ClassVar[str] = "session.open"
    account_id: AccountId
    generation: Generation
    methods: Annotated[tuple[Method, ...], Field(max_length=3)]
    refresh: Digest
    device: Sealed | None = None


class RefreshSession(_AboutOneSession):
    """Show a token, and have the next one. One step behind, or just replaced, the same next one is given again."""

    type: ClassVar[str] = "session.refresh"
    shown: Digest
    following: Digest


class RevokeSession(_AboutOneSession):
    """End a session of one's own."""

    type: ClassVar[str] = "session.revoke"


class SessionOpened(Fact):
    """There is a session."""

    type: ClassVar[str] = "session.opened"
    account_id: str
    generation: int
    methods: tuple[Method, ...]
    refresh: str
    opened: Time
    device: str | None = None


class SessionRefreshed(Fact):
    """The session goes on, and takes a token of this digest now; it is the `step`-th since it was opened."""

    type: ClassVar[str] = "session.refreshed"
    refresh: str
    step: int
    refreshed: Time


class SessionRepeated(Fact):
    """The token before was shown again, late: an answer was lost, or somebody else has it. `late` counts such steps."""

    type: ClassVar[str] = "session.repeated"
    step: int
    late: int


class SessionEnded(Fact):
    """The session is over: revoked, expired, or its tokens were seen where they cannot be (reused, shared)."""

    type: ClassVar[str] = "session.ended"
    account_id: str
    reason: Reason


SessionCommand = OpenSession | RefreshSession | RevokeSession
SessionFact = SessionOpened | SessionRefreshed | SessionRepeated | SessionEnded

DOMAIN = Domain(
    name="session",
    commands=get_args(SessionCommand),
    facts=get_args(SessionFact),
    refusals={
        "session_unknown": 404,
        "session_exists": 409,
        "session_ended": 401,
    },
    partitions=4,
)
