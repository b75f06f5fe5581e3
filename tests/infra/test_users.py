"""Every role does all of its work as its own user of Kafka, and nobody does more."""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiokafka
import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient
from rich.console import Console

from infra import grant, ports, postgres, tables
from infra.access import USERS, Right, rights
from infra.authorizer import Authorizer, client
from infra.embedded.process import Child
from infra.ready import unready, unready_behind
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas import topics, wire
from schemas.domains import DOMAINS
from schemas.kind import DefineKind, KindDefined
from schemas.message import Actor, Asked, CommandMeta, Recorded
from streams.ask import Asker, letter
from streams.committed import Reached, committed_by
from tests.infra.guarded import ADMIN, AGENT, API, AUDITOR, PROJECT, SUBSCRIBER, WORKER, Guarded, annal

WRITERS = {
    "kind.commands": {API, WORKER, AGENT},
    "audit.commands": {API, WORKER, AGENT, AUDITOR},
    "kind.facts": {WORKER},
    "annal.checkpoints": {API, PROJECT, AUDITOR},
}
JOINED = {
    API: set[str](),
    WORKER: {"annal.worker", "annal.policies", "annal.effects", "annal.mail"},
    PROJECT: {"annal.projection.resource"},
    AGENT: {"annal.agent", "annal.knowledge"},
    SUBSCRIBER: {"subscriber.theirs"},
}
GROUPS = {"any", *(group for groups in JOINED.values() for group in groups)}


@pytest.mark.parametrize("topic", WRITERS)
def test_only_those_who_must_can_write(guarded: Guarded, topic: str) -> None:
    assert {user for user in USERS if may_write(guarded.be(user), topic)} == WRITERS[topic]


def may_write(settings: Settings, topic: str) -> bool:
    return writes(Producer(client(settings)), topic)


def writes(producer: Producer, topic: str) -> bool:
    """Say whether Kafka takes what is noise, which workers and readers must bear with."""
    said: list[KafkaError | None] = []
    try:
        producer.produce(topic, b"noise", on_delivery=lambda error, _: said.append(error))
    except KafkaException as refusal:  # it has been refused before
        said.append(refusal.args[0])
    assert producer.flush(20) == 0
    (error,) = said
    assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    return error is None


def test_what_is_connected_outlives_a_new_password_but_not_its_right(guarded: Guarded) -> None:
    authorizer, right = Authorizer(guarded.owner), Right("User:annal-api", "write", "topic", "kind.commands")
    producer = Producer(client(guarded.be(API)))
    assert writes(producer, "kind.commands")
    grant.rotate(guarded.owner, Console(quiet=True), API)
    assert writes(producer, "kind.commands")
    authorizer.withdraw([right])
    until = time.monotonic() + 5
    while writes(producer, "kind.commands"):  # brokers hear of what the controller did a moment later
        assert time.monotonic() < until
    authorizer.grant([right])
    while not may_write(guarded.be(API), "kind.commands"):
        assert time.monotonic() < until + 5


@pytest.mark.parametrize("user", USERS)
def test_kafka_lets_each_do_with_topics_what_the_table_says(guarded: Guarded, user: str) -> None:
    names = [*(topic.name for domain in DOMAINS for topic in topics.of(domain)), topics.CHECKPOINTS.name]
    admin = AdminClient(client(guarded.be(user)))
    told = admin.describe_topics(TopicCollection(names), include_authorized_operations=True)
    said = {name: allowed(future) for name, future in told.items()}
    assert said == {name: implied(right.operation for right in rights_of(user) if right.name == name) for name in names}


def allowed(told: "Future[Any]") -> set[str]:
    try:
        return {operation.name.lower() for operation in told.result(20).authorized_operations}
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED  # noqa: PT017 - it is what says: nothing
        return set()


def implied(operations: Iterable[str]) -> set[str]:
    given = set(operations)
    return given | {"describe"} if given else given


def rights_of(user: str) -> list[Right]:
    return [right for right in rights() if right.principal == f"User:{user}"]


@pytest.mark.parametrize("user", JOINED)
def test_each_joins_only_groups_that_are_theirs(guarded: Guarded, user: str) -> None:
    settings = guarded.be(user)
    assert {group for group in GROUPS if may_join(settings, group)} == JOINED[user]


def test_ranges_are_read_without_a_group(guarded: Guarded) -> None:
    with Records(guarded.be(WORKER)) as reader:
        assert may_write(guarded.be(WORKER), "role.commands")
        begin, end = reader.around("role.commands", 0)
    with Records(guarded.be(AUDITOR)) as reader:
        assert sum(map(len, reader.read("role.commands", 0, begin, end))) == end - begin > 0
    with Records(guarded.be(PROJECT)) as reader, pytest.raises(Unusable, match="lets this user read it"):
        reader.around("role.commands", 0)


def may_join(settings: Settings, group: str) -> bool:
    consumer = Consumer(client(settings) | {"group.id": group, "enable.partition.eof": True})
    consumer.subscribe([topics.facts("kind")])
    try:
        message = consumer.poll(20)
        assert message is not None, "Kafka says nothing"
        error = message.error()
        return error is None or error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED
    finally:
        consumer.close()


@pytest.mark.parametrize("user", USERS)
async def test_nobody_may_take_facts_away(guarded: Guarded, user: str) -> None:
    admin = AIOKafkaAdminClient(**guarded.connection(user))
    await admin.start()
    try:
        answer = await admin.delete_topics([topics.facts("kind")])
        assert [code for _, code in answer.topic_error_codes] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]
    finally:
        await admin.close()


async def test_policies_are_told_how_far_they_have_come(guarded: Guarded) -> None:
    place = aiokafka.TopicPartition(topics.facts("kind"), 0)
    assert await committed_by(guarded.connection(WORKER), "annal.policies", [place]) == {place: Reached()}


@pytest.mark.parametrize("command", ["audit search", "replay role", "export --domain role --out", "verify --key"])
def test_an_auditor_is_told_nothing_that_cannot_be_noted(
    guarded: Guarded, stack: Settings, tmp_path: Path, command: str
) -> None:
    tables.make(stack)
    there = {"postgres_url": stack.postgres_url, "redis_url": stack.redis_url}
    more = {"export": [str(tmp_path / "roles.csv")], "verify": ["00" * 32]}
    words = command.split()
    done = annal(guarded.be(AUDITOR).model_copy(update=there), *words, *more.get(words[0], []))
    assert (done.returncode, done.stdout) == (1, "")
    assert "What auditors read is put on record first, and this could not be; ask again." in done.stderr
    assert not (tmp_path / "roles.csv").exists()


# ── everyone at work ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def at_work(guarded: Guarded, stack: Settings) -> Iterator[Settings]:
    """Doors, a worker and projections, each as its own user, on a database of their own; what reaches them all."""
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE access")
    chosen = ports.choose(guarded.owner.data_dir, {"api": None, "worker": None, "project": None})
    there = {f"{role}_port".removeprefix("api_"): port for role, port in chosen.items()} | {
        "postgres_url": stack.postgres_url.rpartition("/")[0] + "/access",
        "redis_url": stack.redis_url.rpartition("/")[0] + "/8",
    }
    children = [role(guarded.be(user).model_copy(update=there), user) for user in (API, WORKER, PROJECT)]
    administrator = guarded.be(ADMIN).model_copy(update=there)
    try:
        for child in children:
            child.start()
        for child in children:
            child.wait_ready(lambda: unready(administrator) is None and unready_behind(administrator) is None, 120)
        yield administrator
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()


def role(settings: Settings, user: str) -> Child:
    name = user.removeprefix("annal-")
    return Child(name, [sys.executable, "-m", "infra.cli", name], settings.data_dir, settings.environment())


def defining(kind: str) -> Asked:
    command = DefineKind(kind=kind, json_schema={"type": "object"})
    command_id = str(uuid.uuid4())
    now = time.time_ns() // 1_000_000
    meta = CommandMeta(
        id=command_id, type=command.type, subject=kind, time=now, actor=Actor(id="alice"), correlation_id=command_id
    )
    return Asked(meta, command)


async def test_a_command_is_decided_projected_and_told_by_those_who_may(guarded: Guarded, at_work: Settings) -> None:
    asker = Asker(guarded.connection(API))
    subscriber = aiokafka.AIOKafkaConsumer(
        topics.facts("kind"),
        **guarded.connection(SUBSCRIBER),
        group_id="subscriber.theirs",
        auto_offset_reset="earliest",
    )
    await subscriber.start()
    asked = defining("guarded")
    try:
        await asker.ask(letter(asked, None))
        recorded = await asyncio.wait_for(told(subscriber, asked.meta.id), 20)
        await asyncio.wait_for(known(at_work, "guarded"), 20)
    finally:
        await asker.stop()
        await subscriber.stop()
    assert isinstance(recorded.fact, KindDefined)
    assert recorded.meta.subject == "guarded"


def test_an_auditor_reads_what_is_noted(guarded: Guarded, at_work: Settings) -> None:
    auditor = guarded.be(AUDITOR).model_copy(
        update={"postgres_url": at_work.postgres_url, "redis_url": at_work.redis_url}
    )
    replayed = annal(auditor, "replay", "kind")
    assert replayed.returncode == 0, replayed.stderr
    noted = annal(auditor, "replay", "audit", "--type", "audit.reading_noted")
    paths = [json.loads(line)["data"]["path"] for line in noted.stdout.splitlines()]
    assert paths[-2:] == ["/annal/replay"] * 2


async def told(subscriber: Any, command_id: str) -> Recorded:
    """Wait for a fact that answers a command."""
    while True:
        record = await subscriber.getone()
        if record.value != b"noise" and (recorded := wire.decode_fact(record.value)).meta.command_id == command_id:
            return recorded


async def known(settings: Settings, kind: str) -> None:
    """Wait for the row of a kind."""
    async with await postgres.connect(settings) as connection:
        found = 0
        while not found:
            await asyncio.sleep(0.05)
            found = (await connection.execute("SELECT FROM kind WHERE kind = %s", [kind])).rowcount


@pytest.mark.parametrize("port", ["worker_port", "project_port"])
def test_nothing_is_refused_to_those_at_work(at_work: Settings, port: str) -> None:
    until = time.monotonic() + 30
    while (unwell := ailing(getattr(at_work, port))) and time.monotonic() < until:
        time.sleep(0.1)
    assert unwell == {}


def ailing(port: int) -> dict[str, str]:
    """Give what a process says of itself that is not well."""
    with urlopen(f"http://127.0.0.1:{port}/readyz") as said:
        health: dict[str, str] = json.load(said)
    return {name: how for name, how in health.items() if how not in (True, "heard", "open", "at work", "follows")}


def test_the_administrator_sees_how_far_everything_is(at_work: Settings) -> None:
    shown = annal(at_work, "status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Facts not applied: 0" in shown.stdout
