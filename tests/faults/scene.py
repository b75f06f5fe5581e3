"""A small stage on which one thing goes wrong on purpose: one worker, one projection, and the same checker."""

import asyncio
import shutil
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from signal import SIGTERM
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from infra import kafka, postgres, redis, tables, topics
from infra.faults import gather
from infra.faults.check import check
from infra.faults.check.evidence import Evidence, Findings, Place, Stored, Told
from infra.faults.check.reference import partition_of
from infra.faults.settle import settle
from infra.faults.stage import Process, Stage, annal
from infra.faults.workload import anything
from schemas import topics as names
from schemas import wire
from schemas.domains import DOMAINS
from schemas.message import Actor, Asked, Command, CommandMeta, FactMeta
from schemas.resource import RegisterResource, RenameResource

PATIENCE = 45.0
"""Seconds in which what must happen does; a group takes ten to notice a member that was killed."""
CHANNEL = "scene"
PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}


class Scene:
    """One worker and one projection, either of them perhaps with a bug, and a client that writes to topics."""

    def __init__(self, stage: Stage, producer: Any, channel: Any) -> None:
        self.stage = stage
        self._producer = producer
        self._channel = channel
        self._numbers = count()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Let what follows be about another resource."""
        self.resource = f"resource-{next(self._numbers)}"
        self.place = "resource", partition_of(self.resource.encode(), PARTITIONS["resource"])

    @property
    def worker(self) -> Process:
        return self.stage.of("worker")[0]

    @property
    def projection(self) -> Process:
        return self.stage.of("project")[0]

    async def ask(self, command: Command, command_id: str | None = None) -> None:
        """Put a command on its topic, with a reply wanted."""
        command_id = command_id or str(uuid.uuid4())
        meta = CommandMeta(
            id=command_id,
            type=command.type,
            subject=command.subject,
            time=time.time_ns() // 1_000_000,
            actor=Actor(id="alice"),
            correlation_id=command_id,
        )
        domain, key = command.type.partition(".")[0], command.subject.encode()
        partition = partition_of(key, PARTITIONS[domain])
        self._asked = command_id, (domain, partition), key
        value, headers = wire.encode_command(Asked(meta, command)), [("reply", CHANNEL.encode())]
        await self._producer.send_and_wait(names.commands(domain), value, key, partition, headers=headers)

    async def register(self) -> None:
        await self.ask(
            RegisterResource(
                resource_id=self.resource, kind="note", name="one", attributes={}, kind_version=1, kind_position=0
            )
        )

    async def rename(self, name: str, command_id: str | None = None) -> None:
        await self.ask(RenameResource(resource_id=self.resource, name=name), command_id)

    async def records(self) -> list[Stored]:
        """Give what stands in the journal about the resource now."""
        return await self._records(self.place, self.resource.encode())

    async def _records(self, place: Place, key: bytes) -> list[Stored]:
        found = await gather.records(self.stage.settings, names.facts(place[0]), place[1])
        return [record for record in found if record.key == key]

    async def _is_answered(self) -> bool:
        command_id, place, key = self._asked
        return any(_meta(record).command_id == command_id for record in await self._records(place, key))

    async def kind_defined(self) -> bool:
        """Ask for it, perhaps again: one of the bugs is to lose commands at the beginning."""
        await self.ask(anything())
        await asyncio.sleep(1)
        return bool(await gather.records(self.stage.settings, names.facts("kind"), 0))

    async def answered(self) -> None:
        """Wait until a record answers the last command, whether or not it counts."""
        await until(self._is_answered)

    async def insist(self, name: str) -> None:
        """Rename the resource again and again, until that is answered."""

        async def there() -> bool:
            await self.rename(name)
            await asyncio.sleep(0.5)
            return await self._is_answered()

        await until(there)

    async def known(self, name: str) -> None:
        """Wait until PostgreSQL knows the resource by this name."""

        async def there() -> bool:
            async with await postgres.connect(self.stage.settings) as connection:
                asked = "SELECT FROM resource WHERE resource_id = %s AND name = %s"
                return (await connection.execute(asked, [self.resource, name])).rowcount > 0

        await until(there)

    async def append(self, record: Stored, **changes: Any) -> None:
        """Append a record to the journal as a writer would that is no longer its owner."""
        given = {"key": record.key, "value": record.value, "headers": list(record.headers), **changes}
        await self._producer.send_and_wait(names.facts("resource"), partition=self.place[1], **given)

    async def stop_worker(self, *, forget: bool = False) -> None:
        """Let it leave its group in order, or the group would wait for it."""
        await self.worker.end(SIGTERM)
        if forget:
            shutil.rmtree(self.worker.state, ignore_errors=True)

    async def judge(self, patience: float) -> Findings:
        """Check all that is there, once everything has caught up or nothing has moved for so many seconds."""
        evidence = Evidence()
        evidence.behind = await settle(self.stage, patience)
        await gather.gather(self.stage.settings, evidence)
        evidence.told = [Told(outcome["command_id"], 200, outcome) for outcome in await self._outcomes()]
        return check(evidence)

    async def _outcomes(self) -> list[dict[str, Any]]:
        """Give every outcome that the worker told."""
        told: list[dict[str, Any]] = []
        # The first message only says that the channel is open, and is not given.
        await self._channel.get_message(timeout=1)
        while message := await self._channel.get_message(timeout=1):
            told += orjson.loads(message["data"])
        return told


def _meta(record: Stored) -> FactMeta:
    return wire.decode_fact(record.value).meta


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 - another process makes it so
            await asyncio.sleep(0.1)


@asynccontextmanager
async def scene(stage: Stage, bug: str | None = None, role: str | None = None) -> AsyncIterator[Scene]:
    """Begin with empty topics and tables, and a role that may have a bug."""
    await _empty(stage)
    for process in stage.processes:
        process.child.command = _command(process.role, bug if process.role == role else None)
        process.start()
    producer = AIOKafkaProducer(**kafka.connection(stage.settings), acks="all")
    client: Any = redis.client(stage.settings)
    channel = client.pubsub(ignore_subscribe_messages=True)
    await asyncio.gather(producer.start(), channel.subscribe(CHANNEL))
    try:
        begun = Scene(stage, producer, channel)
        await until(begun.kind_defined)
        yield begun
    finally:
        await asyncio.gather(producer.stop(), *(process.end(SIGTERM) for process in stage.processes))
        await channel.aclose()
        await client.aclose()


def _command(role: str, bug: str | None) -> Sequence[str]:
    return [sys.executable, "-m", "tests.faults.bugs", bug, role] if bug else annal(role)


async def _empty(stage: Stage) -> None:
    """Take away what an earlier scene left."""
    settings = stage.settings
    shutil.rmtree(stage.of("worker")[0].state, ignore_errors=True)
    admin = AIOKafkaAdminClient(**kafka.connection(settings))
    await admin.start()
    ours = [topic.name for topic in topics.expected()]
    await admin.delete_topics(ours)
    await until(lambda: _gone(admin, ours))
    await admin.close()
    await topics.create(settings)
    connection = await postgres.connect(settings)
    async with connection:
        await connection.execute("DROP SCHEMA public CASCADE")
        await connection.execute("CREATE SCHEMA public")
    await asyncio.to_thread(tables.make, settings)
    client: Any = redis.client(settings)
    await client.flushall()
    await client.aclose()


async def _gone(admin: Any, ours: Sequence[str]) -> bool:
    return not set(ours) & set(await admin.list_topics())
