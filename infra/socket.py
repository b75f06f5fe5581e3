"""A WebSocket on a connection as uvicorn speaks it, whose client takes what it is sent and says next to nothing."""

import asyncio
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from infra.protocol import CUT, LOOK_EVERY, Taking

SAID_BYTES: Final = 4096
"""Of a message of a client; there is none that a client need send."""

HEARD_BYTES: Final = 16 * 1024
"""Of what a client may send at once beside its request: pings and answers to ours, of which each is answered."""

HEARD_A_SECOND: Final = 200
"""Bytes that it may send on and on."""


class BoundedSocket(WebSocketsSansIOProtocol):
    """A connection that is cut when its client floods it, or takes nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._may_say = float(HEARD_BYTES)
        self._heard = self.loop.time()
        self._asked = False
        self._taking = Taking(self.transport)
        self._look = self.loop.call_later(LOOK_EVERY, self._see_to_it)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking.begin(self.loop.time())

    def data_received(self, data: bytes) -> None:
        if self._asked:
            now = self.loop.time()
            self._may_say = min(HEARD_BYTES, self._may_say + (now - self._heard) * HEARD_A_SECOND) - len(data)
            self._heard = now
            if self._may_say < 0:
                self._cut("client_floods")
                return
        self._asked = True
        super().data_received(data)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        # What waits to be sent to who does not answer would keep the connection.
        self.transport.abort()

    def _see_to_it(self) -> None:
        self._look = self.loop.call_later(LOOK_EVERY, self._see_to_it)
        if not self.writable.is_set() and not self._taking.goes_on(self.loop.time()):
            self._cut("answer_not_taken")

    def _cut(self, code: str) -> None:
        CUT.labels(code).inc()
        self.transport.abort()
