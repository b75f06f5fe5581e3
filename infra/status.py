"""`annal status` and `annal topics`: what is there and how it is, as tables."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from infra import kafka, postgres, redis
from infra import topics as in_kafka
from infra.ready import here, unready
from infra.settings import Settings, Unusable
from projections.tables import held_fact, positions
from projections.versions import MARK
from schemas import topics as names
from schemas.domains import DOMAINS
from streams.app import GROUP

PATIENCE = 3


@dataclass
class Journal:
    """One partition of a domain: how many commands it got, how many are not decided, and who is how far behind."""

    commands: int
    undecided: int
    facts: int
    behind: dict[str, int] = field(default_factory=dict)


async def topics(settings: Settings, console: Console, *, create: bool) -> int:
    """Show every topic beside what it must be; create the missing ones first, if told to. The exit code."""
    created = await in_kafka.create(settings) if create else []
    found = await in_kafka.check(settings)
    table = Table("topic", "partitions", "copies", "", box=SIMPLE)
    for one in found:
        said = "; ".join(one.differences) or ("created" if one.topic.name in created else "as it must be")
        table.add_row(one.topic.name, str(one.topic.partitions), str(one.copies), _coloured(not one.differences, said))
    console.print(table)
    return int(any(one.differences for one in found))


async def show(settings: Settings, console: Console) -> int:
    """Show servers and journals; the exit code."""
    health = {
        f"Kafka {settings.kafka_bootstrap}": await _health(kafka.check(settings, PATIENCE)),
        f"PostgreSQL {postgres.shown(settings)}": await _health(postgres.check(settings, PATIENCE)),
        f"Redis {redis.shown(settings)}": await _health(redis.check(settings, PATIENCE)),
        f"Doors {settings.host}:{settings.port}": unready(settings),
        **{name.capitalize(): said for name, said in here(settings).items()},
    }
    console.print(_servers(health))
    kafka_answers, postgres_answers, *_ = (said is None for said in health.values())
    if kafka_answers:
        read, held = _read(settings) if postgres_answers else ({}, None)
        console.print(_journals(await _measure(settings, read)))
        console.print(_not_applied(held))
        return int(any(health.values()) or bool(held))
    return 1


def _not_applied(held: int | None) -> str:
    if held:
        return f"[red]Facts not applied: {held}[/]; `annal quarantine list` shows them."
    return f"Facts not applied: {'unknown' if held is None else held}"


async def _health(check: Awaitable[None]) -> str | None:
    """Nothing if all is well, else the sentence that says what is not."""
    try:
        await check
    except Unusable as error:
        return str(error)
    return None


def _servers(health: Mapping[str, str | None]) -> Table:
    table = Table("server", "health", box=SIMPLE)
    for name, said in health.items():
        table.add_row(name, _coloured(said is None, said or "answers"))
    return table


def _journals(journals: Mapping[str, Journal]) -> Table:
    projections = sorted({name for journal in journals.values() for name in journal.behind})
    table = Table(Column("journal", no_wrap=True), box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("commands", "undecided", "facts", *projections):
        table.add_column(name, justify="right")
    if projections:
        table.caption = "Under the name of a projection: how many facts it has still to read."
    for name, journal in journals.items():
        behind = [str(journal.behind[one]) if one in journal.behind else "" for one in projections]
        table.add_row(name, str(journal.commands), str(journal.undecided), str(journal.facts), *behind)
    return table


async def _measure(settings: Settings, read: Mapping[tuple[str, str, int], int]) -> dict[str, Journal]:
    """Compare how far every journal goes with how far it is decided and read."""
    ends, decided = await _offsets(settings)
    found = {}
    for domain in DOMAINS:
        for partition in range(domain.partitions):
            commands = TopicPartition(names.commands(domain.name), partition)
            facts = ends.get(TopicPartition(names.facts(domain.name), partition), 0)
            behind = {
                projection: facts - 1 - offset
                for (projection, name, number), offset in read.items()
                if (name, number) == (domain.name, partition)
            }
            asked = ends.get(commands, 0)
            found[f"{domain.name}:{partition}"] = Journal(asked, asked - decided.get(commands, 0), facts, behind)
    return found


async def _offsets(settings: Settings) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """The end of every partition that exists, and how far the workers say they have decided."""
    connection = kafka.connection(settings)
    admin, consumer = AIOKafkaAdminClient(**connection), AIOKafkaConsumer(**connection)
    try:
        await asyncio.gather(admin.start(), consumer.start())
        there = await admin.list_topics()
        wanted = [topic for topic in in_kafka.expected() if topic.name in there]
        partitions = [TopicPartition(topic.name, number) for topic in wanted for number in range(topic.partitions)]
        return await consumer.end_offsets(partitions), await _decided(admin)
    except KafkaError as error:
        raise Unusable(f"Kafka does not tell how far it is ({error!r}): try again when it is settled.") from error
    finally:
        await asyncio.gather(admin.close(), consumer.stop())


async def _decided(admin: AIOKafkaAdminClient) -> dict[TopicPartition, int]:
    try:
        committed = await admin.list_consumer_group_offsets(GROUP)
    except GroupCoordinatorNotAvailableError:
        # Kafka has never had to remember an offset: there was no worker yet.
        return {}
    return {partition: found.offset for partition, found in committed.items()}


def _read(settings: Settings) -> tuple[dict[tuple[str, str, int], int], int | None]:
    """How far each projection has read each journal, and how many facts are held back; nothing without tables."""
    engine = postgres.engine(settings)
    try:
        with engine.connect() as connection:
            # Other versions of a read model have a mark in their names, and nobody reads them.
            live, theirs = (~table.c.projection.contains(MARK, autoescape=True) for table in (positions, held_fact))
            rows = connection.execute(select(positions).where(live)).all()
            held = connection.execute(select(func.count()).select_from(held_fact).where(theirs)).scalar_one()
    except DatabaseError:
        return {}, None
    finally:
        engine.dispose()
    return {(row.projection, row.domain, row.partition): row.read_to for row in rows}, held


def _coloured(well: bool, text: str) -> str:  # noqa: FBT001 - the colour is the question
    return f"[{'green' if well else 'red'}]{text}"
