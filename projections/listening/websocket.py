"""Listening over a WebSocket (RFC 6455): each event is a message of JSON, and the client says nothing."""

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from infra.auth import BEARER_PROTOCOL
from infra.auth.origins import require_origin
from projections.listening.door import ListeningDoor
from projections.listening.programme import Chunk
from projections.listening.sse import last_words

PROTOCOL = "annal.facts"

OVER, POLICY = 1000, 1008
"""Why it is closed (RFC 6455 §7.4.1); the last message says more."""


def form(position: str, name: str, data: bytes) -> bytes:
    return b'{"id":"%b","event":"%b","data":%b}' % (position.encode(), name.encode(), data)


class Socket:
    """The WebSocket of one listener."""

    def __init__(self, door: ListeningDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await receive()  # that it wants to connect
        require_origin(socket, self._door.origins)
        begun = False

        async def give(chunk: Chunk) -> None:
            nonlocal begun
            if not begun:
                begun = True
                await send({"type": "websocket.accept", "subprotocol": _protocol(socket)})
            for event in chunk.events:
                await send({"type": "websocket.send", "text": event.decode()})

        async def spoke() -> bool:
            return bool((await receive())["type"] == "websocket.receive")

        with self._door.seat(socket):
            listener = await self._door.listener(socket, form, "websocket", give)
            problem = await self._door.attend(listener, spoke())
        if problem is None:
            await _close(send, POLICY, "Say nothing here: what you want stands in the address.")
        elif begun:
            await give(Chunk((last_words(listener, problem),), listener.position, facts=0))
            await _close(send, OVER, problem.code)
        else:
            raise problem


async def _close(send: Send, code: int, reason: str) -> None:
    try:
        await send({"type": "websocket.close", "code": code, "reason": reason})
    except (OSError, RuntimeError):
        return  # it was closed already


def _protocol(socket: WebSocket) -> str | None:
    """Choose among the protocols that a client offers; browsers insist on one of theirs."""
    offered: list[str] = socket.scope["subprotocols"]
    if PROTOCOL in offered:
        return PROTOCOL
    return next((each for each in offered if each.startswith(BEARER_PROTOCOL)), None)
