"""A client so light that it measures the server: requests made beforehand, over connections that stay open."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from time import perf_counter
from typing import cast

from infra.bench.pace import paced
from infra.settings import Unusable

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Make a request, with all that goes over the wire."""
    said = {"Host": HOST, **(headers or {})}
    if body:
        said |= {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Refused(Unusable):
    """A server answered that it will not; `status` is that of HTTP."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(f"A server answered {answer[:2000].decode(errors='replace')}")
        self.status = int(answer[9:12])


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[bytes] | None = None
        self._received = b""
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(Unusable("A server closed a connection without an answer; its log says why."))

    def ask(self, said: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future gives the body of the answer, and raises Refused if that is no success."""
        self._answered = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            raise Unusable("A server closed a connection; its log says why.")
        self._transport.write(said)
        return self._answered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not self._length and not self._read_head():
            return
        if len(self._received) >= self._length and self._answered is not None:
            answer, self._received, self._length = self._received, b"", 0
            if answer[9:10] == b"2":
                self._answered.set_result(answer[answer.index(HEAD_END) + len(HEAD_END) :])
            else:
                self._answered.set_exception(Refused(answer))

    def _read_head(self) -> bool:
        """Find out how long the answer is; False if that has not arrived yet."""
        end = self._received.find(HEAD_END)
        if end < 0:
            return False
        at = self._received.lower().find(LENGTH, 0, end) + len(LENGTH)
        self._length = end + len(HEAD_END) + int(self._received[at : self._received.index(b"\r", at)])
        return True


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(Connection, HOST, port))[1] for _ in range(count)]
    try:
        yield made
    finally:
        for connection in made:
            connection.close()


async def rate(port: int, requests: Sequence[bytes], count: int, seconds: float) -> float:
    """Let each of so many connections ask one request after the other; give the answers a second."""
    asked = cycle(requests)
    answered = 0

    async def ask_on(connection: Connection) -> None:
        nonlocal answered
        while perf_counter() < until:
            await connection.ask(next(asked))
            answered += 1

    async with connections(port, count) as made:
        began = perf_counter()
        until = began + seconds
        await asyncio.gather(*map(ask_on, made))
        return answered / (perf_counter() - began)


async def times(port: int, requests: Sequence[bytes], per_second: float, seconds: float) -> list[float]:
    """Ask at a rate, on as many connections as that takes; give the seconds from when each was due to its answer."""
    asked = cycle(requests)
    taken: list[float] = []
    free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def ask_on(connection: Connection, due: float) -> None:
        await connection.ask(next(asked))
        taken.append(perf_counter() - due)
        free.put_nowait(connection)

    async with connections(port, 64) as made:
        for connection in made:
            free.put_nowait(connection)
        asking = [asyncio.create_task(ask_on(await free.get(), due)) async for due in paced(per_second, seconds)]
        await asyncio.gather(*asking)
    return taken
