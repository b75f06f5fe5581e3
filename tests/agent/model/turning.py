"""A turn that is heard with a model: on paper but for the endpoint, each step decided by the conversation's rules."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from agent.actions.action import Action
from agent.actions.plugin import Provider
from agent.at import At, Said
from agent.dialogue import Dialogue
from agent.hearing import hear
from agent.model.asking import Endpoint as Client
from agent.model.budget import Budget
from agent.model.listening import Listening
from agent.moves import Heard
from agent.recording import understood_in
from agent.slots import Thing
from agent.turn import Turns, _reply
from agent.understanding.classifier import Ranking, Scored
from commands.conversation import Conversation, decider
from commands.decider import Asking, Refused, step
from infra.agent.endpoint import Endpoint
from schemas.conversation import Assembled, ConversationCommand, NoteModel
from schemas.message import Asked, Fact, Outcome
from tests.agent.actions.catalogue import everything
from tests.agent.at import ADA, Answers, at

ACTIONS = everything()
SECONDS = 0.6

seven = Thing("resource", "invoice-7", "Rossi", "invoice")
eight = Thing("resource", "invoice-8", "Bianchi", "invoice")
bob = Thing("account", "0192f0c1-2d3e-7000-8000-000000000001", "bob")


def sounding(scores: Sequence[tuple[str, float]]) -> Ranking:
    """Rank intents as a message is told to sound."""
    return Ranking(tuple(Scored(*each) for each in scores), in_scope=True, model="words")


@dataclass
class Turned:
    """What came of a turn: what was said, recorded, and posted to the doors."""

    said: Said
    steps: list[ConversationCommand]
    facts: list[Fact]
    asked: list[tuple[str, Any]]

    def the(self, kind: type[Any]) -> Any:
        """Give the one step of a kind."""
        (found,) = self.all(kind)
        return found

    def all(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.steps if isinstance(each, kind)]

    @property
    def understood(self) -> tuple[str, str]:
        """By whom, and as what."""
        (found,) = [each for step in self.steps if (each := understood_in(step)) is not None]
        return found.tier, found.intent

    @property
    def assembled(self) -> Assembled:
        """What the answer rests on."""
        found = [getattr(each, "assembled", each) for each in self.steps]
        (assembled,) = [each for each in found if isinstance(each, Assembled)]
        return assembled

    @property
    def failures(self) -> list[str | None]:
        return [each.failure for each in self.all(NoteModel)]


@dataclass
class Person:
    """Somebody who says things, what they see, and the model that helps to understand them."""

    endpoint: Endpoint
    client: Client
    known: Sequence[Thing] = (seven, eight, bob)
    budget: Budget = field(default_factory=Budget)
    providers: Sequence[Provider] = ()
    seconds: float = SECONDS
    told: dict[str, Any] = field(default_factory=dict)
    more: Sequence[Action] = ()
    forbidden: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset({"*"})
    spent: Mapping[str, int] = field(default_factory=lambda: {"tokens": 0, "cost": 0})
    memories: Sequence[Mapping[str, Any]] = ()
    turns: Sequence[Mapping[str, Any]] = ()
    turn: int = 1
    summary: Mapping[str, Any] | None = None

    async def says(
        self,
        text: str,
        *words: tuple[str, float],
        dialogue: Dialogue | None = None,
        state: Conversation | None = None,
        proposal: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Turned:
        """Say something that sounds like these intents."""
        doors = Answers(
            {
                "/v1/memories": {"items": self.memories, "spent": self.spent},
                "/v1/conversations/c/turns": {"items": self.turns, "next": None},
                **self.told,
            }
        )
        steps: list[ConversationCommand] = []
        rules = _Rules(state or Conversation(owner=ADA, turn=self.turn, answered=self.turn - 1), steps)
        here = at(
            text,
            doors,
            known=self.known,
            dialogue=dialogue,
            actions=[*(action for name, action in ACTIONS.items() if name not in self.forbidden), *self.more],
            forbidden=[ACTIONS[name] for name in self.forbidden],
            **more,
        )
        here = replace(
            here,
            recording=replace(here.recording, ask=rules.ask, turn=self.turn),
            doors=replace(here.doors, caller=replace(here.doors.caller, grants=(self.permissions,))),
            conversation={**here.conversation, "proposal": proposal, "summary": self.summary},
        )
        ranking = asyncio.get_running_loop().create_future()
        ranking.set_result(sounding(words or [("talk.greet", 0.01)]))
        said = await self._turns()._said(here, ranking)
        await _reply(here.recording, said)
        return Turned(said, steps, rules.facts, doors.asked)

    def _turns(self) -> Turns:
        listening = Listening(self.client, self.seconds, self.budget, self.providers)

        async def hears(here: At, ranking: Ranking) -> Heard:
            return await listening.hear(here, hear(here, ranking))

        def tell(_: str, __: Iterable[Any]) -> None: ...

        needless = cast("Any", None)
        return Turns(
            app=needless,
            ask=needless,
            again=needless,
            person=needless,
            stands=needless,
            rank=needless,
            seen=needless,
            hears=hears,
            character=needless,
            actions=(),
            search=needless,
            tell=tell,
            after=needless,
        )


class _Rules:
    """Decides the steps of a turn by the rules of conversations, in memory."""

    def __init__(self, state: Conversation, steps: list[ConversationCommand]) -> None:
        self._state = state
        self._steps = steps
        self.facts: list[Fact] = []

    async def ask(self, asked: Asked) -> Outcome:
        said = {"command_id": asked.meta.id, "type": asked.meta.type}
        self._steps.append(cast("ConversationCommand", asked.command))
        try:
            self._state, facts = step(decider, self._state, asked.command, Asking(asked.meta.actor, asked.meta.time))
        except Refused as refused:
            return Outcome(**said, status="rejected", code=refused.code, reason=refused.reason)
        self.facts += facts
        return Outcome(**said, status="accepted", facts=tuple(fact.type for fact in facts))
