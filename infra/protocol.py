"""HTTP/1.1 on a connection as uvicorn speaks it, within bounds of time and size that no ASGI app can hold.

An app sees a request when its head is whole: one whose head never ends, or trickles in, would take memory and a
connection without any app knowing. The time that a body may take is held here too, since a timer for each request costs
more than one look at each connection now and then.
"""

import asyncio
import resource
from http import HTTPStatus
from typing import Final

import orjson
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from infra.guard import HEADER_BYTES, POLICY, SAFE, URI_BYTES
from schemas.problems import MEDIA_TYPE, Problem

HEAD_BYTES: Final = URI_BYTES + HEADER_BYTES + 8 * 1024
"""Of a head as it is sent, blanks and colons included. Of what frames a body as much, and as much again as the body."""

HEAD_SECONDS: Final = 10.0
KEEP_ALIVE: Final = 65
"""Seconds that a connection may rest between requests: longer than proxies let theirs, lest they use a closed one."""

SILENCE: Final = 30.0
"""Seconds in which the next part of a body must come."""

SLOWEST: Final = 1000
"""Bytes a second of a body, after the first silence: who sends a byte now and then would hold a connection for ever."""

TAKEN_WITHIN: Final = 15.0
"""Seconds in which some of an answer must be taken, at the pace of a body, once no more of it can wait."""

LOOK_EVERY: Final = 5.0

CONNECTIONS: Final = 4000
"""At once: each may hold a body of a megabyte, and most hold some 20 KB."""

CUT = Counter("annal_connections_cut", "Connections closed before their request reached a route", ["code"])


class Joined(asyncio.Transport):
    """What one answer is written to: its head waits for the beginning of its body, as ASGI wants it.

    Two writes would be two calls of the kernel, and wake up whoever asked twice.
    """

    def __init__(self, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._cycle = cycle
        self._transport, cycle.transport = cycle.transport, self
        self._answered, cycle.on_response = cycle.on_response, self._complete
        self._head: bytes | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._head is None and self._cycle.response_started:
            self._head = bytes(data)
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _complete(self) -> None:
        self._flush()
        # What is not a circle any more need not wait for the collector.
        self._cycle.transport, self._cycle.on_response = self._transport, self._answered
        self._answered()

    def _flush(self) -> None:
        """Write a head that no body follows."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""


class Taking:
    """How the other side takes what waits to be sent to it: who does not take it would hold it for ever."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._left = 0
        self._since = 0.0

    def begin(self, now: float) -> None:
        """Look from now on: so much waits that no more is sent until some of it is taken."""
        self._left, self._since = self._transport.get_write_buffer_size(), now

    def goes_on(self, now: float) -> bool:
        """Say whether it is taken, however slowly that may be."""
        seconds, taken = now - self._since, self._left - self._transport.get_write_buffer_size()
        return seconds < TAKEN_WITHIN or taken >= SLOWEST * seconds


class Bounded(HttpToolsProtocol):
    """A connection. What is no request, or takes too much, gets a problem where it can be told, and the end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's has it
        super().connection_made(transport)
        self._framing = 0
        self._waiting_since = self._heard = self.loop.time()
        self._patience = HEAD_SECONDS
        self._taking = Taking(transport)
        self._look = self.loop.call_later(LOOK_EVERY, self._see_to_it)
        if len(self.connections) > most_connections():
            told = "This door has as many connections as it can hold; try again in a moment."
            self._cut(Problem("too_busy", told, headers={"Retry-After": "1"}))

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        self._framing += len(data)
        super().data_received(data)
        if self._framing > HEAD_BYTES:
            self._cut(Problem("headers_too_large", f"Let path and headers take less than {HEAD_BYTES} bytes together."))

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not None and self.cycle is not before:
            Joined(self.cycle)
        self._waiting_since, self._patience = self._heard, SILENCE

    def on_body(self, body: bytes) -> None:
        self._framing -= 2 * len(body)
        self._patience += len(body) / SLOWEST
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._framing = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._waiting_since, self._patience = self.loop.time(), KEEP_ALIVE + HEAD_SECONDS
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking.begin(self.loop.time())

    def handle_websocket_upgrade(self) -> None:
        self._look.cancel()  # Another protocol looks after the connection from here on.
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence says less
        self._cut(Problem("request_unreadable", "Send HTTP/1.1 that can be read in one way only (RFC 9112)."))

    def _see_to_it(self) -> None:
        """End a connection that takes too long, and look again later at another."""
        self._look = self.loop.call_later(LOOK_EVERY, self._see_to_it)
        now = self.loop.time()
        cycle = self.cycle
        if self.flow.write_paused and not self._taking.goes_on(now):
            CUT.labels("answer_not_taken").inc()
            self.transport.abort()
        elif cycle is None or cycle.response_complete:
            if now - self._waiting_since > self._patience:
                CUT.labels("head_too_slow").inc()
                self.transport.close()
        elif self.flow.read_paused or not cycle.more_body:
            # What does not come is not the caller's doing.
            self._waiting_since += LOOK_EVERY
            self._heard = now
        elif now - self._waiting_since > self._patience or now - self._heard > SILENCE:
            self._cut(Problem("body_too_slow", "Send the whole body without a pause, and not too slowly."))

    def _cut(self, problem: Problem) -> None:
        """End a connection, with a problem unless it would be taken for the answer to an earlier request."""
        if self.transport.is_closing():
            return
        CUT.labels(problem.code).inc()
        cycle = self.cycle
        if not self.pipeline and (
            cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started)
        ):
            self.transport.write(_text(problem))
        self.transport.close()


def most_connections() -> int:
    """Say how many connections there may be: each takes a file, and a quarter of those allowed is for all the rest."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files * 3 // 4)


def _text(problem: Problem) -> bytes:
    """Give a problem as the bytes of a whole answer."""
    body = orjson.dumps(problem.body(""))
    headers = [
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        POLICY,
        *SAFE,
    ]
    status = HTTPStatus(problem.status)
    lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode()), *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join([*lines, b"", body])
