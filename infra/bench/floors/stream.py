"""The floor of listening: the same bytes to whoever asks, from memory, as soon as all who are expected have come."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import StreamingResponse

from infra.bench.floors.serve import bare, serve
from projections.listening.entry import Entry
from projections.listening.programme import CHUNK_BYTES
from projections.listening.sse import form
from projections.reading import Place
from schemas import wire
from schemas.message import Actor, FactMeta, Recorded
from schemas.resource import ResourceRenamed

ID = ",".join(f"resource:{n}:{1000 + n}" for n in range(8))


class Stored:
    """A record like those of a journal."""

    offset = 1000
    key = b"invoice-1000"
    timestamp = 0
    headers = ()

    def __init__(self) -> None:
        some_id = "0192f0c1-2d3e-7000-8000-000000000000"
        meta = FactMeta(
            id=some_id,
            type=ResourceRenamed.type,
            subject="invoice-1000",
            version=2,
            time=1_764_000_000_000,
            actor=Actor(id="alice", via="session:dev"),
            command_id=some_id,
            command_type="resource.rename",
            command_offset=1000,
            correlation_id=some_id,
        )
        self.value = wire.encode_fact(Recorded(meta, ResourceRenamed(name="Invoice 1000")))


def app(count: int, expected: int) -> FastAPI:
    event = form(ID, ResourceRenamed.type, Entry(Place("resource", 0), Stored()).whole)
    at_once = max(1, CHUNK_BYTES // len(event))
    all_there = asyncio.Event()
    come = 0

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield

    made = bare(running)

    @made.get("/v1/facts")
    async def facts() -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            nonlocal come
            yield b":\n\n"
            come += 1
            if come == expected:
                all_there.set()
            await all_there.wait()
            for told in range(0, count, at_once):
                yield event * min(at_once, count - told)

        return StreamingResponse(events(), media_type="text/event-stream")

    return made


if __name__ == "__main__":
    _, count, expected, port = sys.argv
    serve(app(int(count), int(expected)), int(port))
