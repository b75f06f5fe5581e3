"""The floor of asking a command: the body of a POST goes onto a topic as it came."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response

from infra.bench.floors.serve import bare, serve
from infra.kafka import connection
from infra.redis import client
from infra.settings import Settings

PARTITIONS = 8


class Door:
    """What the routes share; it can only be made inside a running loop."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.producer = AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True, linger_ms=0)
        self.channel = str(uuid4())
        self._topic = topic
        self._redis = client(settings)
        self._awaited: dict[bytes, asyncio.Future[None]] = {}

    async def ask(self, body: bytes) -> None:
        await self.producer.send_and_wait(self._topic, body)

    async def ask_and_wait(self, body: bytes) -> None:
        """Wait until it has come out at the other end, as told over Redis."""
        key = uuid4().bytes
        told = self._awaited[key] = asyncio.get_running_loop().create_future()
        headers = [("reply", self.channel.encode())]
        await self.producer.send_and_wait(self._topic, body, key, headers=headers)
        await told

    async def ask_many(self, body: bytes) -> int:
        """Send lines in batches as large as Kafka takes, to one partition after the other."""
        stored = []
        count = partition = 0
        batch = self.producer.create_batch()
        for line in body.splitlines():
            count += 1
            while batch.append(key=None, value=line, timestamp=None) is None:
                stored.append(await self.producer.send_batch(batch, self._topic, partition=partition))
                batch, partition = self.producer.create_batch(), (partition + 1) % PARTITIONS
        stored.append(await self.producer.send_batch(batch, self._topic, partition=partition))
        await asyncio.gather(*stored)
        return count

    async def listen(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as told:
            await told.subscribe(self.channel)
            async for message in told.listen():
                self._awaited.pop(message["data"]).set_result(None)


def make(settings: Settings, topic: str) -> FastAPI:
    doors: list[Door] = []

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        door = Door(settings, topic)
        doors.append(door)
        await door.producer.start()
        listening = asyncio.create_task(door.listen())
        yield
        listening.cancel()
        await door.producer.stop()

    app = bare(running)

    @app.post("/v1/commands/{_}")
    async def post(request: Request) -> Response:
        ask: Any = doors[0].ask_and_wait if "prefer" in request.headers else doors[0].ask
        await ask(await request.body())
        return Response(b"{}", 202, media_type="application/json")

    @app.post("/v1/commands")
    async def post_many(request: Request) -> Response:
        return Response(b"%d" % await doors[0].ask_many(await request.body()))

    return app


if __name__ == "__main__":
    _, topic, port = sys.argv
    serve(make(Settings(), topic), int(port))
