"""A conversation over a WebSocket (RFC 6455): what is said goes in, and the events of AG-UI come out.

Each message of a client is {"say": text}, with a `consent` where it answers an interrupt, and a `key` where it may be
sent twice and is to count once.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from time import monotonic
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from agent.channels import Words, wrong
from agent.line import BEAT, Line, Switchboard
from agent.telling import Event
from infra.auth import BEARER_PROTOCOL
from infra.auth.origins import require_origin
from infra.depth import require_shallow
from infra.ending import ended
from schemas.conversation import Consent
from schemas.problems import Problem, pointer

PATH = "/v1/conversations/{conversation_id}/socket"

PROTOCOL = "annal.conversation"

OVER = 1000
"""Why it is closed (RFC 6455 §7.4.1); the last message says more."""

Heard = AsyncGenerator[Event | None]


class Sent(BaseModel):
    """A message of a client."""

    model_config = ConfigDict(extra="forbid")
    say: str
    consent: Consent | None = None
    key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")] | None = None


class Talk:
    """The WebSocket of somebody in a conversation."""

    def __init__(self, board: Switchboard, origins: Sequence[str]) -> None:
        self._board = board
        self._origins = origins

    async def attend(self, socket: WebSocket) -> None:
        require_origin(socket, self._origins)
        line = self._board.line(socket)
        self._board.require_room(line.caller.actor.id)
        await line.require_own()
        with self._board.seat(line.caller.actor.id):
            async with aclosing(line.hear()) as heard:
                await anext(heard)
                await socket.accept(_protocol(socket))
                await self._talk(socket, line, heard)
            if socket.application_state is WebSocketState.CONNECTED and socket.client_state is WebSocketState.CONNECTED:
                await socket.close(OVER)

    async def _talk(self, socket: WebSocket, line: Line, heard: Heard) -> None:
        """Let the caller say and hear until they go, or may do so no more."""
        tasks = [asyncio.create_task(each) for each in (self._hear(socket, heard), self._say(socket, line))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(*tasks)
        for task in done:
            task.result()

    async def _hear(self, socket: WebSocket, heard: Heard) -> None:
        """Send what goes on, and look every while whether the caller may hear it still."""
        looked = monotonic()
        try:
            async for event in heard:
                if monotonic() - looked >= BEAT:
                    await self._board.again(socket)
                    looked = monotonic()
                if event is not None:
                    await _send(socket, event)
        except WebSocketDisconnect:
            return
        except Problem as problem:
            await _send(socket, wrong(problem))

    async def _say(self, socket: WebSocket, line: Line) -> None:
        """Say what the caller sends until they go; what the doors refuse is told, and ends nothing."""
        while True:
            try:
                sent = _read(await socket.receive_text())
                words = Words(sent.say, "websocket", sent.key, sent.consent)
                await replace(line, caller=await self._board.again(socket)).say(words)
            except (WebSocketDisconnect, KeyError):
                return
            except Problem as problem:
                await _send(socket, wrong(problem))


def routes(board: Switchboard, origins: Sequence[str]) -> list[WebSocketRoute]:
    """Give the route of sockets."""
    return [WebSocketRoute(PATH, Talk(board, origins).attend)]


async def _send(socket: WebSocket, event: Event) -> None:
    await socket.send_text(orjson.dumps(event).decode())


def _read(text: str) -> Sent:
    """Read a message. Raises Problem."""
    require_shallow(text.encode())
    try:
        return Sent.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        told = f'{pointer(first["loc"])}: {first["msg"]}. Send {{"say": "…"}}.'
        raise Problem("body_invalid", told) from None


def _protocol(socket: WebSocket) -> str | None:
    """Choose among the protocols that a client offers; browsers insist on one of theirs."""
    offered: list[str] = socket.scope["subprotocols"]
    if PROTOCOL in offered:
        return PROTOCOL
    return next((each for each in offered if each.startswith(BEARER_PROTOCOL)), None)
