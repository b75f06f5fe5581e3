"""Commands as people ask them: resources of one kind, registered and then renamed, changed and tagged in turn."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import uuid_utils
from aiokafka import AIOKafkaProducer

from infra.bench.bed import Bed
from infra.kafka import connection
from infra.settings import Settings, Unusable
from schemas.kind import INVOICE, DefineKind
from schemas.message import Actor, Asked, Command, CommandMeta, Position
from schemas.resource import ChangeResource, RegisterResource, RenameResource, TagResource
from schemas.topics import Topic
from streams.ask import Asker, letter
from streams.lane import Letter

KIND = DefineKind(kind="invoice", json_schema=INVOICE)
ALICE = Actor(id="alice", via="bench", address="127.0.0.1")
AT_ONCE = 5_000


def letters(commands: Iterable[Command]) -> Iterator[Letter]:
    """Ask commands with everything that travels with one."""
    for n, command in enumerate(commands):
        command_id = str(uuid_utils.uuid7())
        meta = CommandMeta(
            id=command_id,
            type=command.type,
            subject=command.subject,
            time=time.time_ns() // 1_000_000,
            actor=ALICE,
            correlation_id=command_id,
            digest=f"{n:032x}",
        )
        yield letter(Asked(meta, command), f"00-{n + 1:032x}-{n + 1:016x}-01")


def mixed(count: int, subjects: int, prefix: str = "invoice") -> Iterator[Command]:
    """Each subject is registered first; every command leaves one fact."""
    for n in range(count):
        turn, subject = divmod(n, subjects)
        yield _command(f"{prefix}-{subject}", n, turn)


def registered(subject: str, n: int) -> RegisterResource:
    return RegisterResource(
        resource_id=subject,
        kind=KIND.kind,
        name=f"Invoice {n}",
        attributes={"amount": n, "currency": "EUR"},
        tags=("overdue",),
        kind_version=1,
        kind_position=0,
    )


async def ask(bed: Bed, asked: Iterable[Letter]) -> None:
    """Store commands on their topics."""
    asker = Asker(connection(bed.settings))
    remaining = iter(asked)
    try:
        while group := list(islice(remaining, AT_ONCE)):
            _require_stored(await asker.ask_all(group))
    finally:
        await asker.stop()


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[Any]:
    """A plain producer."""
    plain = AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True, linger_ms=0)
    await plain.start()
    try:
        yield plain
    finally:
        await plain.stop()


async def send(plain: Any, topic: Topic, asked: Letter) -> None:
    """Send a command, and wait for nothing."""
    await plain.send(topic.name, asked.value, asked.key, asked.partition, headers=asked.headers)


def _command(subject: str, n: int, turn: int) -> Command:
    if not turn:
        return registered(subject, n)
    if turn % 3 == 1:
        return RenameResource(resource_id=subject, name=f"Invoice {n}")
    if turn % 3 == 2:  # noqa: PLR2004 - the second of three
        return ChangeResource(resource_id=subject, patch={"amount": n}, kind_position=0)
    return TagResource(resource_id=subject, tags=(f"round {turn}",))


def _require_stored(said: Sequence[Position | Exception]) -> None:
    for each in said:
        if isinstance(each, Exception):
            raise Unusable(f"A command to measure with could not be stored: {each}.")
