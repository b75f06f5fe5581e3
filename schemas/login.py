"""What may be said about failed sign-ins: each is a fact, so that an audit sees who was tried, when and from where.

The subject is the account that was tried, or the keyed digest of an address that nobody has. Where it came from is the
actor's address, sealed.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.message import Command, Domain, Fact, Subject

Tried = Annotated[Subject, Field(description="The account that was tried, or the digest of an address nobody has.")]
Attempt = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f-]{36}$"), Field(description="The attempt: a random UUID.")
]
Why = Literal["address", "password", "code", "not_verified", "not_active"]


class RecordFailure(Command):
    """Put on record that somebody could not sign in."""

    type: ClassVar[str] = "login.record_failure"
    tried: Tried
    attempt: Attempt
    why: Why

    @property
    def subject(self) -> str:
        return self.tried


class LoginFailed(Fact):
    """Somebody could not sign in; it was the `failures`-th time for this subject."""

    type: ClassVar[str] = "login.failed"
    attempt: str
    why: Why
    failures: int


LoginCommand = RecordFailure
LoginFact = LoginFailed

DOMAIN = Domain(name="login", commands=(RecordFailure,), facts=(LoginFailed,), refusals={}, partitions=2)
