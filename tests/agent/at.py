"""A turn on its way, made by hand: who says what, what they may, what the doors answer, and what was recorded of it.

at("who renamed invoice-7?", Answers({"/v1/resources/invoice-7": {...}}), known=[seven])
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from agent.actions.action import Action
from agent.at import At
from agent.dialogue import Dialogue
from agent.doors import Doors
from agent.knowledge.passage import Passage
from agent.persona import own
from agent.recording import Recording
from agent.slots import Gazetteer, Thing
from infra.auth import Caller, Cause
from infra.auth.vault import Person
from schemas.message import Actor, Asked, Command, FactMeta, Outcome

ADA = "ada"
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)  # a Friday
MESSAGE = "5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11"
"""The id of the fact that somebody said something."""

Told = Callable[[Mapping[str, str]], Any]
"""Gives what a path answers to a query."""


@dataclass
class Answers:
    """Doors that answer by path, with what is said here or what a function says of the query; they know nothing else.

    `asked` are the commands that were posted, each by its type with its body; all are accepted, unless a status and
    what goes with it stand here for the path. With `refuses` all reads are answered so.
    """

    by_path: Mapping[str, Any]
    asked: list[tuple[str, Any]] = field(default_factory=list)
    refuses: tuple[int, Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            accepted = 200, self._posted(scope["path"], orjson.loads((await receive())["body"]))
            status, said = self.by_path.get(scope["path"], accepted)
        else:
            status, said = self._told(scope["path"], scope["query_string"].decode())
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(said)})

    def _posted(self, path: str, body: Any) -> Any:
        type_ = path.rpartition("/")[2]
        self.asked.append((type_, body))
        place = f"{type_.partition('.')[0]}:0:{len(self.asked)}"
        return {"status": "accepted", "type": type_, "position": place, "facts": [f"{type_}d"], "code": None}

    def _told(self, path: str, query: str) -> tuple[int, Any]:
        if self.refuses is not None:
            return self.refuses
        if path not in self.by_path:
            return 404, {"code": "not_found", "detail": "There is no such thing, or none that you may read."}
        said = self.by_path[path]
        return 200, said({name: values[-1] for name, values in parse_qs(query).items()}) if callable(said) else said


def at(  # noqa: PLR0913 - all that a turn can be about, each by its name
    text: str,
    doors: Answers | None = None,
    *,
    known: Sequence[Thing] = (),
    dialogue: Dialogue | None = None,
    actions: Iterable[Action] = (),
    forbidden: Iterable[Action] = (),
    passages: Sequence[Passage] = (),
    steps: list[Command] | None = None,
    account_id: str = ADA,
    **more: Any,
) -> At:
    """Give the turn of a message; `more` is said of the turn's row. What it records is put into `steps`."""

    async def found(_doors: Doors, _text: str) -> Sequence[Passage]:
        return passages

    caller = Caller(Actor(id=account_id), (frozenset({"*"}),))
    return At(
        text=text,
        now=NOW,
        conversation={"conversation_id": "c", "character": None, "character_version": None, "proposal": None},
        turn={"text": text, "posted": [], "consent": None, "proposal": None, "foreign": False, "answered": 1} | more,
        dialogue=dialogue or Dialogue(),
        actions={action.name: action for action in actions},
        forbidden={action.name: action for action in forbidden},
        known=Gazetteer(known),
        character=own(),
        search=found,
        doors=Doors(doors or Answers({}), caller, Cause(MESSAGE, MESSAGE)),
        recording=recording(steps if steps is not None else [], account_id),
    )


def recording(steps: list[Command], account_id: str = ADA) -> Recording:
    """Give what puts each step of a turn into a list, where all are accepted."""

    async def ask(asked: Asked) -> Outcome:
        steps.append(asked.command)
        return Outcome(command_id=asked.meta.id, status="accepted", type=asked.meta.type)

    return Recording(ask, _message(account_id), account_id, 1, Person(account_id, b"\x07" * 64))


def _message(account_id: str) -> FactMeta:
    return FactMeta(
        id=MESSAGE,
        type="conversation.message_received",
        subject="c",
        version=2,
        time=int(NOW.timestamp() * 1000),
        actor=Actor(id=account_id),
        command_id=MESSAGE,
        command_type="conversation.say",
        command_offset=1,
        correlation_id=MESSAGE,
    )
