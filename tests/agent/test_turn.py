"""What becomes of a message whatever happens on its way: one answer, and no journal that stands still."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.actions.action import Action
from agent.at import At
from agent.characters.character import Character
from agent.dialogue import Dialogue, written
from agent.doors import Answer, Doors
from agent.hearing import hear
from agent.moves import Heard
from agent.persona import own
from agent.things import seen
from agent.turn import Turns
from agent.understanding.classifier import Ranking, Scored
from commands.conversation import Conversation, decider
from commands.decider import Asking, Refused, step
from infra.auth import Caller
from infra.auth.vault import Person
from schemas.conversation import AgentReplied, CommandPosted, HandoverTaken, MessageReceived
from schemas.message import Actor, Asked, Fact, FactMeta, Outcome, Recorded
from schemas.problems import Problem
from tests.agent.actions.catalogue import everything
from tests.agent.at import ADA, MESSAGE, Answers

RENAME: Action = everything()["resource.rename"]
KEY = b"\x07" * 64
THING = {"resource_id": "invoice-7", "name": "Rossi", "kind": "invoice", "version": 3, "position": "resource:1:2"}


async def sure(text: str) -> Ranking:
    assert text == "rename invoice-7 to Verdi"
    return Ranking((Scored("resource.rename", 0.95), Scored("talk.help", 0.05)), in_scope=True, model="sure/1")


def received(text: str = "rename invoice-7 to Verdi") -> MessageReceived:
    sealed = Person(ADA, KEY).seal("message", text)
    return MessageReceived(account_id=ADA, message_id="m", turn=1, text=sealed, channel="http")


@dataclass
class World:
    """A conversation decided by its rules, in memory, and doors that answer as they are told."""

    state: Conversation = field(default_factory=lambda: Conversation(owner=ADA, turn=1))
    facts: list[Fact] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    person: Person | None = field(default_factory=lambda: Person(ADA, KEY))
    may: Problem | None = None
    seen: list[At] = field(default_factory=list)
    dies_after: str = ""

    async def ask(self, asked: Asked) -> Outcome:
        said = {"command_id": asked.meta.id, "type": asked.meta.type}
        try:
            self.state, facts = step(decider, self.state, asked.command, Asking(asked.meta.actor, asked.meta.time))
        except Refused as refused:
            return Outcome(**said, status="rejected", code=refused.code, reason=refused.reason)
        self.facts += facts
        if asked.meta.type == self.dies_after:
            self.dies_after = ""
            raise ConnectionResetError
        return Outcome(**said, status="accepted", facts=tuple(fact.type for fact in facts))

    def doors(self) -> Answers:
        posted = [
            {**vars(fact), "body": {"resource_id": "invoice-7", "name": "Verdi"}}
            for fact in self.facts
            if isinstance(fact, CommandPosted)
        ]
        turn = {"text": "rename invoice-7 to Verdi", "posted": posted, "consent": None, "proposal": None, "answered": 0}
        version = message().version + len(self.facts)
        conversation = {
            "version": version,
            "character": None,
            "proposal": None,
            "dialogue": None,
            "answered": self.state.answered,
        }
        return Answers(
            {
                "/v1/conversations/c": {
                    **conversation,
                    "character_version": None,
                    "version": message().version + len(self.facts),
                },
                "/v1/conversations/c/turns/1": {**turn, "foreign": False, "replied": self.state.answered > 0},
                "/v1/resources": {"items": [THING], "next": None},
                "/v1/kinds": {"items": [], "next": None},
                "/v1/accounts": {"items": [], "next": None},
                "/v1/characters": {"items": [], "next": None},
                **self.told,
            }
        )

    async def take(self, doors: Answers | None = None) -> Answers:
        doors = doors or self.doors()

        async def again(actor: Actor) -> Caller:
            if self.may is not None:
                raise self.may
            return Caller(actor, (frozenset({"*"}),))

        async def person(_: str) -> Person | None:
            return self.person

        async def stands(doors: Doors, message: FactMeta) -> Answer:
            return await doors.get(f"/v1/conversations/{message.subject}")

        async def hears(at: At, ranking: Ranking) -> Heard:
            return hear(at, ranking)

        async def character(*_: Any) -> Character:
            return own()

        async def search(*_: Any) -> Sequence[Any]:
            return ()

        def tell(*_: Any) -> None: ...

        async def after(at: At) -> None:
            self.seen.append(at)

        turns = Turns(
            doors, self.ask, again, person, stands, sure, seen, hears, character, (RENAME,), search, tell, after
        )
        await turns.take(Recorded(message(), received()))
        return doors

    def replies(self) -> list[AgentReplied]:
        return [fact for fact in self.facts if isinstance(fact, AgentReplied)]

    def said(self) -> str:
        (reply,) = self.replies()
        return Person(ADA, KEY).open("message", reply.text or "")


def message() -> FactMeta:
    return FactMeta(
        id=MESSAGE,
        type=MessageReceived.type,
        subject="c",
        version=2,
        time=1_795_771_800_000,
        actor=Actor(id=ADA, via="session:s"),
        command_id=MESSAGE,
        command_type="conversation.say",
        command_offset=1,
        correlation_id=MESSAGE,
    )


async def test_a_message_is_understood_done_and_answered() -> None:
    world = World()
    doors = await world.take()
    assert doors.asked == [("resource.rename", {"resource_id": "invoice-7", "name": "Verdi"})]
    assert world.said().startswith("Done: ")
    assert [receipt.status for receipt in world.replies()[0].receipts] == ["accepted"]
    assert len(world.seen) == 1


@pytest.mark.parametrize("after", ["conversation.post_command", "conversation.reply"])
async def test_a_turn_that_is_cut_short_goes_on_and_does_nothing_twice(after: str) -> None:
    world = World(dies_after=after)
    with pytest.raises(ConnectionResetError):
        await world.take()
    again = await world.take()
    posted = [fact for fact in world.facts if isinstance(fact, CommandPosted)]
    assert len(posted) == len(world.replies()) == 1
    # What was on record to be asked is asked again with its key, and a turn that has its answer asks nothing.
    assert len(again.asked) == (0 if after == "conversation.reply" else 1)


async def test_a_message_that_was_answered_is_left_alone() -> None:
    world = World(state=Conversation(owner=ADA, turn=1, answered=1))
    await world.take()
    assert world.facts == []


async def test_a_message_whose_conversation_was_taken_over_meanwhile_needs_no_answer() -> None:
    world = World(may=Problem("session_ended", "Sign in again."))
    world.state = decider.evolve(world.state, HandoverTaken(by="bo"))
    await world.take()
    assert world.replies() == []


async def test_a_read_model_that_is_behind_is_waited_for() -> None:
    behind = 503, {"code": "read_model_behind", "detail": "It lacks some facts."}
    doors = Answers({})
    doors.refuses = behind
    world = World()
    with pytest.raises(Problem) as told:
        await world.take(doors)
    assert (told.value.code, world.facts) == ("read_model_behind", [])


async def test_who_may_do_nothing_any_more_is_told_so() -> None:
    world = World(may=Problem("session_ended", "The sign-in that this was said in has ended."))
    doors = await world.take()
    assert doors.asked == []
    assert world.said() == "The sign-in that this was said in has ended."


async def test_of_an_erased_person_nothing_is_said_or_done() -> None:
    world = World(person=None)
    doors = await world.take()
    assert doors.asked == []
    assert [(reply.text, reply.dialogue) for reply in world.replies()] == [(None, None)]


async def test_a_dialogue_that_an_earlier_version_wrote_is_begun_anew() -> None:
    world = World()
    conversation = world.doors().by_path["/v1/conversations/c"]
    world.told["/v1/conversations/c"] = {**conversation, "dialogue": {"doing": "something else"}}
    await world.take()
    assert world.said().startswith("Done: ")
    assert written(Dialogue()) == "{}"
