"""Forms: what people send where a door makes the command, because something of it must not stand on a topic.

A form is asked like a command, at the same kind of path. Passwords are hashed, what is personal is sealed and secrets
are digested here, before anything is stored; what they were is said nowhere again.
"""

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from pydantic import BaseModel, ConfigDict

from infra.auth.doorkeeper import Doorkeeper
from infra.auth.known import Known
from infra.auth.passwords import Passwords
from infra.auth.refresh import RefreshTokens
from infra.auth.tarpit import Tarpit
from infra.auth.tokens import AccessTokens
from infra.auth.vault import Vault
from infra.limits import Limits
from infra.settings import Settings
from schemas.asking import named
from schemas.message import Actor, Asked, Command, CommandMeta, FactMeta, Outcome, Position
from schemas.rights import Right
from streams.answer import refusal
from streams.door import WriteDoor
from streams.policies import asked_by
from streams.records import fact_id
from streams.request import Body, Terms, random_id

WAIT = 10.0
"""Seconds that a form waits for its outcome, unless the request says otherwise."""

FORM_BYTES = 64 * 1024
"""What people send at a form, unless it says otherwise."""

Row = dict[str, Any]


class People(Protocol):
    """What is known of people, as the read models have it. Each may raise Problem while they cannot be asked."""

    async def account(self, account_id: str) -> Row | None: ...
    async def by_address(self, digest: str) -> Row | None: ...
    async def any(self) -> bool: ...
    async def totp(self, account_id: str) -> Row | None: ...
    async def session(self, session_id: str, *, newest: bool = False) -> Row | None: ...
    async def apikey(self, key_id: str) -> Row | None: ...
    async def character(self, character_id: str) -> Row | None: ...
    async def talks(self, conversation_id: str) -> str | None: ...

    async def reach(self, position: str) -> None:
        """Wait until all that forms read knows a position."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """All that forms work with."""

    settings: Settings
    door: WriteDoor
    people: People
    vault: Vault
    known: Known
    doorkeeper: Doorkeeper
    passwords: Passwords
    tarpit: Tarpit
    limits: Limits
    tokens: AccessTokens

    async def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(await self.vault.secret("refresh"))


class Sent(BaseModel):
    """What people send: nothing but its own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Unanswered(Exception):  # noqa: N818 - an answer that is late
    """A command is stored, and its outcome not known yet."""

    def __init__(self, asked: Asked, place: Position) -> None:
        super().__init__(asked.meta.id)
        self.asked = asked
        self.place = place


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at a form: who asks, from where, and a keyed fingerprint of what they sent."""

    identity: Identity
    terms: Terms
    network: str | None
    digest: str

    def new_id(self, word: str) -> str:
        """Give an id for something that begins; the same when the same is asked with one Idempotency-Key."""
        key = self.terms.idempotency_key
        return named(self.terms.actor.id, key, self.digest, word) if key else random_id()

    async def chance(self, word: str, size: int) -> bytes:
        """Give so many random bytes, at most 32; the same when the same is asked with one Idempotency-Key."""
        key = self.terms.idempotency_key
        if key is None:
            return secrets.token_bytes(size)
        secret = await self.identity.vault.secret("chance")
        return hmac.digest(secret, f"{self.terms.actor.id}\n{key}\n{self.digest}\n{word}".encode(), "sha256")[:size]

    def once(self) -> "Visit":
        """Give this visit for what counts each time, under whatever key and of whatever version the rest is asked."""
        return replace(self, terms=replace(self.terms, idempotency_key=None, expected_version=None))

    async def actor(self, account_id: str) -> Actor:
        """Give an account as the one who asks, from where this request came."""
        return await self.identity.doorkeeper.actor(account_id, self.terms.actor.via, self.network)

    async def ask(self, command: Command, actor: Actor) -> Outcome:
        """Ask a command and wait for its outcome. Raises Problem for a refusal, and Unanswered when time is over."""
        return await self._outcome(self.asked(command, actor))

    async def _outcome(self, asked: Asked) -> Outcome:
        place, outcome = await self.identity.door.ask(asked, self.terms.wait or WAIT)
        if outcome is None:
            raise Unanswered(asked, place)
        problem = refusal(outcome)
        if problem is not None:
            raise problem
        return outcome

    async def follow(self, outcome: Outcome, command: Command, actor: Actor) -> Outcome:
        """Ask what a policy would ask because of the one fact of an outcome, with the same id, and so only once."""
        if not outcome.facts:
            return outcome
        fact = FactMeta(
            id=fact_id(outcome.command_id, 0, 1),
            type=outcome.facts[0],
            subject=outcome.subject or "",
            version=outcome.version or 0,
            time=now(),
            actor=actor,
            command_id=outcome.command_id,
            command_type=outcome.type,
            command_offset=0,
            correlation_id=outcome.command_id,
        )
        return await self._outcome(asked_by(fact, 0, command))

    def asked(self, command: Command, actor: Actor) -> Asked:
        """Give a command what travels with it."""
        key, type_ = self.terms.idempotency_key, type(command).type
        command_id = named(actor.id, key, type_, command.subject) if key else random_id()
        meta = CommandMeta(
            id=command_id,
            type=type_,
            subject=command.subject,
            time=now(),
            actor=actor,
            expected_version=self.terms.expected_version,
            correlation_id=command_id,
            digest=self.digest,
        )
        return Asked(meta, command)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a form answers: the outcome, and what is told only once, to who asked."""

    outcome: Outcome
    told: dict[str, Any]


@dataclass(frozen=True)
class Form(Generic[Body]):
    """A form by its name, `<domain>.<verb>`: what is sent, the right it takes, what is done with it, and answered.

    `limit` is how many bytes may be sent.
    """

    name: str
    body: type[Body]
    right: Right
    ask: Callable[[Visit, Body], Awaitable[Answer]]
    outcome: type[Outcome] = Outcome
    limit: int = FORM_BYTES

    @property
    def domain(self) -> str:
        return self.name.partition(".")[0]


class OfAccount(Outcome):
    """An outcome, and whose account it is about."""

    account_id: str


@dataclass(frozen=True)
class UntoldForm(Generic[Body]):
    """A form that anybody may send, and that is answered alike at once, whatever comes of it."""

    name: str
    body: type[Body]
    ask: Callable[[Visit, Body], Awaitable[None]]


def now() -> int:
    return time.time_ns() // 1_000_000
