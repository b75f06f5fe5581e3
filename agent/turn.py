"""A turn: a message is understood, what it asks for is done in the person's name, and it is answered. Once.

Every step is recorded as a command of the conversation before its effect is relied on. Whoever takes a turn up again
after a crash finds what was recorded, and goes on from there.
"""

from asyncio import ensure_future, gather
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp

from agent import acting, conversing, telling
from agent.actions.action import Action, offered
from agent.at import At, Said
from agent.characters.character import Character
from agent.dialogue import read, written
from agent.doors import Answer, Doors, passes
from agent.knowledge.passage import Search
from agent.moves import Heard
from agent.recording import Ask, Recording
from agent.slots import Gazetteer
from agent.telling import Event
from agent.tokens import tokens
from agent.understanding.classifier import Ranking
from infra.auth import Caller, Cause
from infra.auth.vault import Person
from schemas.conversation import AssembleContext, Assembled, MessageReceived, Reply, Slot, Understood
from schemas.message import Actor, FactMeta, Recorded
from schemas.problems import Problem

MOST_USED = 200
"""So much is on record of what a turn rests on."""

ANSWERED = "turn_answered"
"""What is said of a step of a turn that needs no answer any more."""

Again = Callable[[Actor], Awaitable[Caller]]
"""Says what somebody may now who asked a while ago. Raises Problem."""

Persons = Callable[[str], Awaitable[Person | None]]
Stands = Callable[[Doors, FactMeta], Awaitable[Answer]]
"""Gives the conversation of a message with all that is on record of it; the doors know as much from then on."""

Rank = Callable[[str], Awaitable[Ranking]]
"""Says what a text is like by its words alone."""

Seen = Callable[[Doors], Awaitable[Gazetteer]]
"""Gives what whoever asks the doors may see."""

Hears = Callable[[At, Ranking], Awaitable[Heard]]
Characters = Callable[[Doors, Mapping[str, Any]], Awaitable[Character]]
Tell = Callable[[str, Sequence[Event]], None]
"""Tells whoever listens to a conversation what goes on in it."""

After = Callable[[At], Awaitable[None]]
"""Looks at a turn after it is over."""


@dataclass(frozen=True)
class Turns:
    """Answers messages. All that it works with is given: it knows no server by itself."""

    app: ASGIApp
    ask: Ask
    again: Again
    person: Persons
    stands: Stands
    rank: Rank
    seen: Seen
    hears: Hears
    character: Characters
    actions: Sequence[Action]
    search: Search
    tell: Tell
    after: After

    async def take(self, recorded: Recorded) -> None:
        """Answer a message, if it is to be answered still. Raises Problem when that cannot be done for now."""
        meta, fact = recorded.meta, recorded.fact
        if not isinstance(fact, MessageReceived) or fact.taken_over:
            return
        recording = await self._recording(meta, fact)
        if recording.person is None:
            await _reply(recording, Said("", read(None)))
            return
        try:
            caller = await self.again(meta.actor)
        except Problem as problem:
            if passes(problem.status):
                raise
            await _reply(recording, Said(problem.detail, read(None)))
            return
        # Reading a message takes a while, and so does what must be known before it is understood.
        ranking = ensure_future(self.rank(recording.opened("message", fact.text)))
        try:
            await self._answer(recording, fact, caller, ranking)
        finally:
            ranking.cancel()

    async def give_up(self, recorded: Recorded, error: Exception) -> None:
        """Answer a message that something of ours fails at: it must not keep all others from being answered."""
        meta, fact = recorded.meta, recorded.fact
        assert isinstance(fact, MessageReceived)  # noqa: S101 - nothing else is taken
        recording = await self._recording(meta, fact)
        told = f"Something failed here ({type(error).__name__}); tell whoever runs this service, naming {meta.id}."
        await _reply(recording, Said(told, read(None)))
        self.tell(meta.subject, telling.failed(recording, "rule_failed", told))

    async def _recording(self, meta: FactMeta, fact: MessageReceived) -> Recording:
        return Recording(self.ask, meta, fact.account_id, fact.turn, await self.person(fact.account_id))

    async def _answer(
        self, recording: Recording, fact: MessageReceived, caller: Caller, ranking: Awaitable[Ranking]
    ) -> None:
        meta = recording.message
        doors = Doors(self.app, caller, Cause(meta.correlation_id, meta.id), waits=True)
        conversation = await self.stands(doors, meta)
        begun = conversation.good and conversation.body["version"] > meta.version
        path = f"/v1/conversations/{meta.subject}/turns/{fact.turn}"
        turn = await doors.get(path) if begun else Answer(200, {}, _new(recording, fact))
        if not (conversation.good and turn.good):
            await _reply(recording, Said(conversation.detail or turn.detail, read(None)))
        elif conversation.body["answered"] < fact.turn:
            await self._take_up(await self._at(recording, doors, conversation.body, turn.body), ranking)

    async def _take_up(self, at: At, ranking: Awaitable[Ranking]) -> None:
        recording, subject = at.recording, at.recording.message.subject
        self.tell(subject, telling.started(recording))
        said = await self._said(at, ranking)
        said = replace(said, dialogue=said.dialogue.knowing(at.doors.reached))
        self.tell(subject, [*telling.called(said), *telling.message(recording, said.text)])
        await _reply(recording, said)
        self.tell(subject, telling.finished(recording, said))
        await self.after(at)

    async def _at(
        self, recording: Recording, doors: Doors, conversation: Mapping[str, Any], turn: Mapping[str, Any]
    ) -> At:
        dialogue = read(conversation["dialogue"])
        # What was done in the turns before is known to all that is read in this one.
        doors.reached += dialogue.reached
        may = {action.name: action for action in offered(self.actions, doors.caller)}
        known, character = await gather(self.seen(doors), self.character(doors, conversation))
        return At(
            text=turn["text"] or "",
            now=datetime.fromtimestamp(recording.message.time / 1000, UTC),
            conversation=conversation,
            turn=turn,
            dialogue=dialogue,
            actions=may,
            forbidden={action.name: action for action in self.actions if action.name not in may},
            known=known,
            character=character,
            search=self.search,
            doors=doors,
            recording=recording,
        )

    async def _said(self, at: At, ranking: Awaitable[Ranking]) -> Said:
        """Understand and do; what the doors refuse is the answer."""
        if at.turn["posted"]:
            return await acting.resume(at)
        if at.turn["proposal"] is not None:
            return acting.shown(at, at.turn["proposal"])
        if at.turn["consent"] is not None:
            return await _consented(at)
        heard = await self.hears(at, await ranking)
        at = await _resting(at, heard)
        self.tell(at.recording.message.subject, telling.understood(heard.intent))
        _note(at, heard)
        try:
            said = await conversing.follow(at, heard)
        except Problem as problem:
            if passes(problem.status):
                raise
            said = Said(problem.detail, at.dialogue.end())
        used = (*heard.used, *said.used)
        if used and not at.turn["foreign"]:
            read = heard.read + tokens(said.text)
            at.recording.assembled = Assembled(used=used[:MOST_USED], tokens=read)
        return said


def _new(recording: Recording, fact: MessageReceived) -> Mapping[str, Any]:
    """Give a turn of which nothing is on record but its message, as it is read from the doors."""
    return {
        "text": recording.opened("message", fact.text),
        "answered": fact.answered,
        "foreign": False,
        "calls": [],
        "proposal": None,
        "consent": None,
        "posted": [],
    }


async def _resting(at: At, heard: Heard) -> At:
    """Record, before anything is done, that it rests on what the person did not say, if it does."""
    if not any(used.foreign for used in heard.used):
        return at
    await at.recording.record("context", AssembleContext, used=heard.used[:MOST_USED], tokens=heard.read)
    return replace(at, turn={**at.turn, "foreign": True})


async def _consented(at: At) -> Said:
    """Do what a message agrees to that named the proposal itself."""
    if at.turn["consent"] == "expired":
        return acting.expired(at)
    return await acting.consent(at, approved=at.turn["consent"] == "confirmed", noted=True)


def _note(at: At, heard: Heard) -> None:
    """Have it put on record how a message was understood, with what comes of it or before."""
    slots = []
    for name, value in heard.values.items():
        before = _sealed(at, heard.before[name]) if name in heard.before else None
        slots.append(Slot(name=name, value=_sealed(at, value), before=before))
    at.recording.understood = Understood(
        ranking=heard.ranking,
        intent=heard.intent,
        tier=heard.tier,
        model=heard.model,
        slots=tuple(slots),
    )


def _sealed(at: At, value: Any) -> str:
    return at.recording.sealed("slot", value) or "-"


async def _reply(recording: Recording, said: Said) -> None:
    """Answer, unless somebody took the conversation over meanwhile: then the message needs no answer any more."""
    try:
        await recording.follow(
            "reply",
            Reply,
            assembled=recording.assembled,
            text=recording.seal("message", said.text or "…"),
            dialogue=recording.seal("dialogue", written(said.dialogue)),
            citations=said.citations,
            receipts=said.receipts,
            remembered=said.remembered,
            handover=said.handover,
        )
    except Problem as problem:
        if problem.code != ANSWERED:
            raise
