"""Turns of a conversation decided anew, with what the log says in the doors' place.

Nothing is asked of anybody but of a model, if one is given. A command is answered only if this turn asked just that
when it was had; reads are those of the moment at which the message came. What neither knows stops the turn there, and
that is shown.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
import orjson
from starlette.types import Receive, Scope, Send

from agent.actions.action import Action
from agent.at import At
from agent.comparing import Decided, in_one_line
from agent.doors import Answer, Doors
from agent.hearing import hear
from agent.knowledge.passage import Passage
from agent.model.listening import Listening
from agent.moves import Heard
from agent.persona import persona
from agent.promoting import Log
from agent.recording import understood_in
from agent.things import seen
from agent.turn import Turns
from agent.understanding.classifier import Classifier, Ranking
from agent.understanding.ids import understood
from infra.agent.options import Door
from infra.agent.remote import Refused, ask
from infra.auth import Caller
from infra.auth.vault import Person
from schemas.conversation import (
    MessageReceived,
    NoteConsent,
    NoteModel,
    PostCommand,
    Propose,
    Reply,
    Summarise,
    ToolExpired,
)
from schemas.message import Actor, Asked, FactMeta, Outcome, Recorded
from schemas.rights import permitted

MEMBER = ("member",)
KEY = b"\x00" * 64
"""What a replay seals with, and opens itself; it leaves nothing behind."""

_DATED = {"/changes": "time", "/v1/memories": "written_time"}
"""Lists that are not read as of a moment, by how their paths end, and what says when each item came to be."""


class NotOnRecord(Exception):  # noqa: N818 - it says what is wanted
    """A turn wants what the log does not know; the sentence says what."""


@dataclass
class Replaying:
    """Decides the turns of one conversation anew, one after the other, each after what the one before came to now."""

    door: Door
    log: Log
    actions: Sequence[Action]
    classifier: Classifier
    person: Person
    model: Listening | None = None
    dialogue: Any = None
    proposal: Any = None
    summary: Any = None
    turn: Mapping[str, Any] = field(default_factory=dict)
    steps: list[Any] = field(default_factory=list)

    async def decide(self, turn: Mapping[str, Any]) -> Decided:
        """Take a turn as if it came now. Raises Unusable while a door that is read does not answer."""
        self.turn, self.steps = turn, []
        stopped = ""
        try:
            await self._turns().take(_recorded(turn, self.person))
        except NotOnRecord as error:
            stopped = str(error)
        self._keep()
        return self._decided(stopped)

    def _turns(self) -> Turns:
        caller = Caller(Actor(id=self.person.account_id), (permitted(self.log.roles or MEMBER, {}),))

        async def again(_actor: Actor) -> Caller:
            return caller

        async def person(_account_id: str) -> Person:
            return self.person

        async def stands(doors: Doors, message: FactMeta) -> Answer:
            return await doors.get(f"/v1/conversations/{message.subject}")

        async def rank(text: str) -> Ranking:
            return understood(self.classifier, text)

        async def hears(at: At, ranking: Ranking) -> Heard:
            words = hear(at, ranking)
            return await self.model.hear(at, words) if self.model is not None else words

        async def search(*_: Any) -> Sequence[Passage]:
            raise NotOnRecord("looks something up in documents, whose texts are not on record")

        def tell(*_: Any) -> None:
            """Nobody listens to a replay."""

        async def after(_at: At) -> None:
            """Nobody looks at it afterwards either."""

        asked = (self._answer, self._ask, again, person, stands)
        return Turns(*asked, rank, seen, hears, persona, self.actions, search, tell, after)

    async def _ask(self, asked: Asked) -> Outcome:
        """Record a step here, and nowhere else."""
        self.steps.append(asked.command)
        late = isinstance(asked.command, NoteConsent) and self.turn["consent"] == "expired"
        facts = (ToolExpired.type,) if late else ()
        return Outcome(command_id=asked.meta.id, status="accepted", type=asked.meta.type, facts=facts)

    # ── in the doors' place ──────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, query = scope["path"], scope["query_string"].decode()
        if scope["method"] == "GET":
            status, said = await self._read(path, query)
        else:
            status, said = self._posted(path.rpartition("/")[2], orjson.loads((await receive())["body"]))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(said)})

    def _posted(self, type_: str, body: Any) -> tuple[int, Any]:
        """Answer a command as it was answered in this turn. Raises NotOnRecord for another one."""
        for posted in self.turn["posted"]:
            if (posted["action"], posted["body"]) == (type_, body):
                outcome = self.log.outcomes.get(posted["command_id"])
                if outcome:
                    return 200 if outcome["status"] == "accepted" else 409, {**outcome, "detail": outcome["reason"]}
        raise NotOnRecord(f"asks {type_} {in_one_line(body)}, which this turn never asked")

    async def _read(self, path: str, query: str) -> tuple[int, Any]:
        own = f"/v1/conversations/{self.log.conversation['conversation_id']}"
        if path == own:
            confirmed = self.turn["consent"] == "confirmed"
            proposal = self.proposal and {**self.proposal, "confirmed": confirmed}
            kept = {"dialogue": self.dialogue, "proposal": proposal, "answered": self.turn["turn"] - 1}
            return 200, {**self.log.conversation, **kept, "turn": self.turn["turn"], "summary": self.summary}
        if path == f"{own}/turns/{self.turn['turn']}":
            consent = self.turn["consent"] if self.turn["intent"] is None else None
            return 200, {
                **self.turn, "posted": [], "proposal": None, "consent": consent, "foreign": False, "replied": False,
                "calls": [],
            }  # fmt: skip
        if path == f"{own}/turns":
            return 200, {"items": [row for row in self.log.turns[::-1] if row["turn"] <= self.turn["turn"]]}
        return await self._read_as_it_was(path, query)

    async def _read_as_it_was(self, path: str, query: str) -> tuple[int, Any]:
        """Read as of the moment of the message. Raises NotOnRecord for what cannot be."""
        moment, said = self.turn["said_time"], dict(parse_qsl(query))
        dated = next((name for end, name in _DATED.items() if path.endswith(end)), None)
        if dated is None and not any("as_of" in each.properties for each in self.actions if _is(each.path, path)):
            raise NotOnRecord(f"reads {path}, of which the past is not kept")
        asked = urlencode(said if dated else {"as_of": moment, **said})
        try:
            body = await ask(*self.door, "GET", f"{quote(path)}?{asked}")
        except Refused as refused:
            return refused.status, {"detail": str(refused)}
        if dated is not None:
            body["items"] = [row for row in body["items"] if row[dated] < moment]
        return 200, body

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────

    def _keep(self) -> None:
        """Let the next turn know what this one came to."""
        for step in self.steps:
            if isinstance(step, Propose):
                said = {
                    name: getattr(step, name)
                    for name in ("turn", "proposal_id", "action", "about", "digest", "version")
                }
                self.proposal = {**said, "body": self._opened("command", step.body)}
            if isinstance(step, PostCommand) and step.proposal_id is not None:
                self.proposal = None
            if isinstance(step, Summarise):
                text = self.person.open("summary", step.text)
                self.summary = {"first": step.first, "last": step.last, "text": text}
            if isinstance(step, Reply) and step.dialogue is not None:
                self.dialogue = self._opened("dialogue", step.dialogue)

    def _decided(self, stopped: str) -> Decided:
        meant = next((found for step in self.steps if (found := understood_in(step))), None)
        slots = {each.name: self._opened("slot", each.value) for each in meant.slots} if meant else {}
        proposed = next((step for step in self.steps if isinstance(step, Propose)), None)
        posted = next((step for step in self.steps if isinstance(step, PostCommand)), None)
        reply = next((step for step in self.steps if isinstance(step, Reply)), None)
        calls = [step for step in self.steps if isinstance(step, NoteModel)]
        return Decided(
            meant.intent if meant else None,
            slots,
            [proposed.action, self._opened("command", proposed.body)] if proposed else None,
            [posted.action, self._opened("command", posted.body)] if posted else None,
            self.person.open("message", reply.text) if reply is not None and reply.text else "",
            sum(call.tokens_in + call.tokens_out for call in calls),
            sum(call.cost for call in calls),
            stopped,
            ", ".join(call.failure for call in calls if call.failure),
        )

    def _opened(self, place: str, sealed: str) -> Any:
        return msgspec.json.decode(self.person.open(place, sealed))


def _recorded(turn: Mapping[str, Any], person: Person) -> Recorded:
    """Give the fact of a message as a turn has it."""
    id_, subject = turn["fact_id"], turn["conversation_id"]
    meta = FactMeta(
        id=id_,
        type=MessageReceived.type,
        subject=subject,
        version=1,
        time=int(datetime.fromisoformat(turn["said_time"]).timestamp() * 1000),
        actor=Actor(id=person.account_id),
        command_id=id_,
        command_type="conversation.say",
        command_offset=0,
        correlation_id=id_,
    )
    fact = MessageReceived(
        account_id=person.account_id,
        message_id=id_,
        turn=turn["turn"],
        text=person.seal("message", turn["text"] or ""),
        channel=turn["channel"],
    )
    return Recorded(meta, fact)


def _is(template: str, path: str) -> bool:
    """Say whether a path is one of a template's, such as /v1/resources/{resource_id}."""
    return bool(template) and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) is not None
