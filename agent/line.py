"""The channel of whoever asks over HTTP: Redis tells what the agent says, and the doors are asked for the rest.

One process has one switchboard, which gives each caller a line to a conversation of theirs.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from agent import telling
from agent.channels import Words
from agent.doors import Answer, Doors
from agent.telling import Event
from infra.auth import Caller, caller, shown
from infra.auth.doorkeeper import network_of
from infra.ends import Ends
from schemas import topics
from schemas.conversation import DOMAIN
from schemas.message import JsonObject
from schemas.partition import partition_of
from schemas.problems import Problem

BEAT = 15.0
"""Seconds after which something is said to whoever listens while nothing goes on."""

MOST = 2_000
"""Lines of one process that are listened to."""

OF_ONE = 50
"""Of them those of one account."""

RECALLED = 100
"""Turns among which a run is looked for, the newest first."""

OWN = "conversation:own"

Who = Callable[[str, str | None], Awaitable[Caller]]
"""Says who shows credentials, from which network address. Raises Problem."""

FactId = Callable[[str, int, int], str]
"""Gives the id of one of the facts of a command: by the command's id, which of them, and of how many."""


class Switchboard:
    """Gives lines. `app` are the doors as those ask them who have passed the gate."""

    def __init__(self, app: ASGIApp, cache: Redis, ends: Ends, fact_id: FactId, who: Who) -> None:
        self.app = app
        self.cache = cache
        self.ends = ends
        self.fact_id = fact_id
        self._who = who
        self._taken: Counter[str] = Counter()

    def line(self, connection: HTTPConnection) -> "Line":
        """Give a line to the conversation that a request names. Raises Problem."""
        asking, conversation_id = caller(connection), connection.path_params["conversation_id"]
        asking.require(OWN)
        if "\0" in conversation_id:
            raise _unknown()
        return Line(self, asking, conversation_id)

    async def again(self, connection: HTTPConnection) -> Caller:
        """Say what the caller may by now. Raises Problem if it is nothing any more."""
        authorization = shown(connection.scope)
        network = network_of(connection.scope)
        asking = caller(connection) if authorization is None else await self._who(authorization, network)
        asking.require(OWN)
        return asking

    def require_room(self, account_id: str) -> None:
        """Raise Problem unless there is room for another listener of an account."""
        if self._taken.total() >= MOST:
            raise Problem("too_many_listeners", "This door has as many listeners as it takes; ask another one.")
        if self._taken[account_id] >= OF_ONE:
            raise Problem("too_many_listeners", f"You listen here {OF_ONE} times already; close some.")

    @contextmanager
    def seat(self, account_id: str) -> Iterator[None]:
        """Count a listener while the block runs."""
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]


@dataclass(frozen=True)
class Line:
    """Leads a caller to one conversation."""

    board: Switchboard
    caller: Caller
    conversation_id: str

    async def require_own(self) -> None:
        """Raise Problem unless it is the caller's own conversation."""
        answer = await (await self._doors()).get(self._path)
        if not answer.good and answer.status != _unknown().status:
            raise _problem(answer)
        if not answer.good or answer.body["account_id"] != self.caller.actor.id:
            raise _unknown()

    async def hear(self) -> AsyncGenerator[Event | None]:
        try:
            async with self.board.cache.pubsub() as heard:
                await heard.subscribe(telling.CHANNEL + self.conversation_id)
                await heard.get_message(timeout=BEAT)  # that it is
                yield None
                while True:
                    message = await heard.get_message(ignore_subscribe_messages=True, timeout=BEAT)
                    for event in orjson.loads(message["data"]) if message is not None else (None,):
                        yield event
        except RedisError:
            raise Problem("not_ready", "Nothing can be heard for now; listen again in a moment.") from None

    async def say(self, words: Words) -> str:
        said: JsonObject = {
            "conversation_id": self.conversation_id,
            "text": words.text,
            "channel": words.channel,
        }
        if words.consent is not None:
            said["consent"] = words.consent.model_dump()
        answer = await Doors(self.board.app, self.caller, None).post("conversation.say", said, words.key)
        if not answer.good:
            raise _problem(answer)
        if answer.body["status"] != "accepted":
            raise Problem("too_busy", "It is not known yet whether this was heard; say it again as the same run.")
        return self.board.fact_id(answer.body["command_id"], 0, len(answer.body["facts"]))

    async def recall(self, run: str) -> Sequence[Event] | None:
        doors = await self._doors()
        conversation = await doors.get(self._path)
        turns = await doors.get(f"{self._path}/turns", {"limit": RECALLED})
        if not (conversation.good and turns.good):
            return None
        turn = next((each for each in turns.body["items"] if each["fact_id"] == run), None)
        if turn is None:
            raise Problem("not_found", "This was answered long ago; read it among the turns of the conversation.")
        if turn["replied"]:
            return telling.recalled(turn)
        taken_by = conversation.body["taken_by"]
        return telling.taken_over(turn, taken_by) if taken_by is not None else None

    @property
    def _path(self) -> str:
        return f"/v1/conversations/{self.conversation_id}"

    async def _doors(self) -> Doors:
        """Give doors that know all that is in the journal of the conversation now, if Kafka says what that is."""
        try:
            reached = await newest(self.board.ends, self.conversation_id)
        except (KafkaError, OSError):
            reached = []
        return Doors(self.board.app, self.caller, None, reached)


async def newest(ends: Ends, conversation_id: str) -> list[str]:
    """Give the position up to which the journal of a conversation goes now; none of one without a record.

    Raises KafkaError and OSError.
    """
    partition = partition_of(conversation_id.encode(), DOMAIN.partitions)
    (end,) = await ends.of(topics.facts(DOMAIN.name), [partition])
    return [f"{DOMAIN.name}:{partition}:{end - 1}"] if end else []


def _problem(answer: Answer) -> Problem:
    """Give what a door refused as it said it."""
    headers = {name: value for name, value in answer.headers.items() if name == "retry-after"}
    members: dict[str, Any] = {name: answer.body[name] for name in ("command_id", "errors") if name in answer.body}
    return Problem(answer.code or "unexpected", answer.detail, headers=headers, **members)


def _unknown() -> Problem:
    return Problem("not_found", "There is no such conversation, or none that you may read.")
