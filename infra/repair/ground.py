"""What every repair stands on: servers that answer, a projection nobody else repairs, and what is put on record."""

import getpass
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from infra import postgres
from infra.admin import MACHINE
from infra.doors import doors
from infra.postgres import Connection
from infra.ready import agree, reach
from infra.settings import Settings, Unusable
from projections import versions
from schemas.message import Asked, CommandMeta
from schemas.problems import Problem
from schemas.projection import ProjectionCommand
from streams.answer import refusal
from streams.request import random_id

WAIT = 15.0
"""Seconds that a command may take to be decided."""


@asynccontextmanager
async def repairing(settings: Settings, name: str) -> AsyncIterator[Connection]:
    """Repair a projection that nobody else repairs meanwhile. Raises Unusable."""
    async with asking(settings) as connection, versions.alone(connection, name):
        yield connection


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Connection]:
    """Ask PostgreSQL, with servers that answer. Raises Unusable, also when one of them goes away."""
    await reach(settings)
    try:
        async with await postgres.connect(settings) as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise Unusable("There are no read models yet: run `annal project`, which makes them.") from error
    except (psycopg.OperationalError, KafkaError, RedisError, OSError) as error:
        raise Unusable(
            f"A server went away ({type(error).__name__}): see that all run, and ask the same again; nothing is lost."
        ) from error


def operator() -> str:
    """Give the name of whoever sits at the terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


async def put_on_record(settings: Settings, command: ProjectionCommand) -> None:
    """Ask a command, and wait until it is accepted: only then is done what it says. Raises Unusable."""
    await agree(settings)
    command_id = random_id()
    meta = CommandMeta(
        id=command_id,
        type=command.type,
        subject=command.subject,
        time=time.time_ns() // 1_000_000,
        actor=MACHINE,
        correlation_id=command_id,
    )
    try:
        async with doors(settings) as there:
            _, outcome = await there.write.ask(Asked(meta, command), WAIT)
    except Problem as problem:
        raise Unusable(problem.detail) from problem
    if outcome is None:
        raise Unusable("Nobody decides, so nothing was done: see that `annal worker` runs, then ask the same again.")
    refused = refusal(outcome)
    if refused is not None:
        raise Unusable(refused.detail)
