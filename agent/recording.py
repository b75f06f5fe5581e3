"""What the agent records of a turn: commands about the conversation, whose ids are made of the message's.

A step that is taken again, by whoever takes the turn up after a crash, is the same command, and counts once.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import uuid_utils

from infra.auth.vault import Person, Unsealable
from schemas.conversation import Assembled, Understand, Understood
from schemas.message import Actor, Asked, Command, CommandMeta, FactMeta, Outcome
from schemas.problems import Problem

Ask = Callable[[Asked], Awaitable[Outcome]]
"""Asks a command and waits for its outcome. Raises Problem, also while that is not known."""

AGENT = "agent"
"""The actor of what the agent records, on behalf of the person it speaks with."""


@dataclass
class Recording:
    """Records steps of the turn that a message begins; `person` seals, and is None once they were erased.

    `understood` and `assembled` wait to go on record with the step that follows from them: one command instead of two.
    """

    ask: Ask
    message: FactMeta
    account_id: str
    turn: int
    person: Person | None
    understood: Understood | None = None
    assembled: Assembled | None = None

    def id(self, step: str) -> str:
        """Give an id that this turn has for something, whoever makes it."""
        return str(uuid_utils.uuid5(uuid_utils.UUID(self.message.id), step))

    async def record(self, step: str, kind_of: Callable[..., Command], **said: Any) -> Outcome:
        """Ask a command about this turn. Raises Problem for a refusal."""
        return await self.take(step, kind_of(conversation_id=self.message.subject, turn=self.turn, **said))

    async def follow(self, step: str, kind_of: Callable[..., Command], **said: Any) -> Outcome:
        """Ask a command that follows from how the message was understood. Raises Problem for a refusal."""
        outcome = await self.record(step, kind_of, understood=self.understood, **said)
        self.understood = None
        return outcome

    async def learn(self) -> None:
        """Put on record how the message was understood, before something that is no step. Raises Problem."""
        if self.understood is not None:
            await self.record("understand", Understand, **dict(self.understood))
            self.understood = None

    async def take(self, step: str, command: Command) -> Outcome:
        """Ask a command about this conversation. Raises Problem for a refusal."""
        outcome = await self.ask(Asked(self._meta(step, command), command))
        if outcome.code is not None:
            raise Problem(outcome.code, outcome.reason or "The conversation took no such step.")
        return outcome

    def seal(self, field: str, text: str) -> str | None:
        """Seal text for the person; None when they were erased."""
        return self.person.seal(field, text) if self.person is not None else None

    def opened(self, field: str, sealed: str) -> str:
        """Give what was sealed for the person; nothing if it cannot be read any more."""
        try:
            return self.person.open(field, sealed) if self.person is not None else ""
        except Unsealable:
            return ""

    def sealed(self, field: str, value: Any) -> str | None:
        """Seal what JSON says, in its one form; None when the person was erased."""
        return self.seal(field, msgspec.json.encode(value, order="deterministic").decode())

    def fingerprint(self, field: str, value: Any) -> str:
        """Give the SHA-256 of what the person said, sealed: who has not their key cannot guess what it is of."""
        return fingerprint(self.sealed(field, value))

    def _meta(self, step: str, command: Command) -> CommandMeta:
        return CommandMeta(
            id=self.id(step),
            type=command.type,
            subject=command.subject,
            time=self.message.time,
            actor=Actor(id=AGENT, on_behalf_of=self.account_id),
            correlation_id=self.message.correlation_id,
            causation_id=self.message.id,
            digest=hashlib.blake2b(f"{self.message.id} {step}".encode(), digest_size=16).hexdigest(),
        )


def understood_in(command: Command) -> Understood | None:
    """Give what a step says of how the message was understood, if it does."""
    return command if isinstance(command, Understood) else getattr(command, "understood", None)


def fingerprint(sealed: str | None) -> str:
    """Give the SHA-256 of what is sealed."""
    return hashlib.sha256((sealed or "").encode()).hexdigest()


def digest(value: Any) -> str:
    """Give the SHA-256 of what JSON says, in the one form in which equal values are equal."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
