"""Who may do what on Kafka: every role does all of its work as its own user, and nobody does more."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from io import StringIO
from typing import Any, cast
from urllib.request import urlopen

import aiokafka
import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient
from rich.console import Console

from infra import grant, kafka, ports, postgres
from infra import topics as in_kafka
from infra.access import USERS, Difference, Right, compare, rights, short
from infra.authorizer import Authorizer, client
from infra.embedded import jars
from infra.embedded import kafka as broker
from infra.embedded.process import Child
from infra.ready import unready, unready_behind
from infra.settings import Settings, Unusable
from schemas import topics, wire
from schemas.domains import DOMAINS
from schemas.kind import DefineKind, KindDefined
from schemas.message import Actor, Asked, CommandMeta, Recorded
from streams.ask import Asker, letter
from streams.committed import Reached, committed_by

OWNERS_PASSWORD = "not-a-secret"  # noqa: S105 - of a broker that lives as long as this test
API, WORKER, PROJECT, ADMIN, SUBSCRIBER = USERS


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def who_may(operation: str, topic: str) -> set[str]:
    return {right.principal for right in rights() if (right.operation, right.name) == (operation, topic)}


@pytest.mark.parametrize("domain", [domain.name for domain in DOMAINS])
def test_commands_are_written_by_doors_and_workers_and_facts_by_workers_only(domain: str) -> None:
    assert who_may("write", topics.commands(domain)) == {"User:annal-api", "User:annal-worker"}
    assert who_may("write", topics.facts(domain)) == {"User:annal-worker"}


def test_what_the_table_says_is_as_it_must_be() -> None:
    assert compare(rights()) == []


def test_a_right_that_is_missing_is_noticed() -> None:
    lost = Right("User:annal-worker", "write", "topic", "kind.facts")
    assert compare(rights() - {lost}) == [Difference(lost, "missing")]


@pytest.mark.parametrize(
    "more",
    [
        Right("User:annal-api", "write", "topic", "kind.facts"),
        Right("User:annal-worker", "write", "topic", "kind.facts", permission="deny"),
        Right("User:annal-worker", "write", "topic", "kind.facts", host="10.0.0.1"),
        Right("User:annal-project", "read", "group", "annal.projection.", "literal"),
        Right("User:annal-subscriber", "write", "transactional_id", "x"),
    ],
)
def test_a_right_too_much_is_noticed(more: Right) -> None:
    assert compare(rights() | {more}) == [Difference(more, "too much")]


@pytest.mark.parametrize(
    "theirs",
    [
        Right("User:bob", "write", "topic", "kind.facts"),
        Right("User:bob", "write", "topic", "ki", "prefixed"),
        Right("User:*", "all", "topic", "*"),
    ],
)
def test_a_stranger_who_may_write_is_noticed(theirs: Right) -> None:
    assert compare(rights() | {theirs}) == [Difference(theirs, "of a stranger")]


@pytest.mark.parametrize(
    "theirs",
    [
        Right("User:bob", "read", "topic", "*"),
        Right("User:bob", "write", "topic", "kind.facts", permission="deny"),
        Right("User:bob", "write", "topic", "kinds"),
        Right("User:bob", "alter", "cluster", "kafka-cluster"),
    ],
)
def test_what_else_strangers_may_is_not_for_us_to_say(theirs: Right) -> None:
    assert compare(rights() | {theirs}) == []


def test_the_topics_of_all_domains_have_a_short_name() -> None:
    facts = [topics.facts(domain.name) for domain in DOMAINS]
    assert short([*facts, "kind.commands"]) == ["*.facts", "kind.commands"]
    assert short(facts[1:]) == sorted(facts[1:])


# ── on a broker that asks who one is ─────────────────────────────────────────────────────────────────────────────────


class Guarded:
    """A broker with an authorizer, and the settings with which each of its users reaches it."""

    def __init__(self, owner: Settings) -> None:
        self.owner = owner

    def be(self, user: str) -> Settings:
        lines = (self.owner.data_dir / "access" / f"{user}.env").read_text().split()
        said = dict(line.split("=", 1) for line in lines)
        return signed_in(self.owner, said["ANNAL_KAFKA_SASL_USERNAME"], said["ANNAL_KAFKA_SASL_PASSWORD"])

    def connection(self, user: str) -> dict[str, object]:
        return kafka.connection(self.be(user))


def signed_in(settings: Settings, user: str, password: str) -> Settings:
    return Settings.model_validate(
        settings.model_dump() | {"kafka_sasl_username": user, "kafka_sasl_password": password}
    )


def annal(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra.cli", *arguments]
    environment = os.environ | settings.environment() | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker that knows nobody but its owner, who these settings are."""
    directory = tmp_path_factory.mktemp("guarded")
    chosen = ports.choose(directory, {"kafka": None, "controller": None})
    settings = Settings(
        data_dir=directory,
        kafka_bootstrap=f"127.0.0.1:{chosen['kafka']}",
        kafka_security_protocol="SASL_PLAINTEXT",
    )
    classpath = jars.fetch(settings.cache_dir / "jars", lambda _count, _total: None)
    child = broker.prepare(directory, classpath, chosen["kafka"], chosen["controller"], OWNERS_PASSWORD)
    child.start()
    try:
        broker.wait_ready(child, chosen["kafka"])
        yield signed_in(settings, broker.OWNER, OWNERS_PASSWORD)
    finally:
        child.stop()


@pytest.fixture(scope="module")
def guarded(bare: Settings) -> Guarded:
    """The same with all users, rights and topics, made by the commands that make them."""
    made = annal(bare, "access")
    assert (made.returncode, made.stderr) == (0, "")
    users = Guarded(bare)
    created = annal(users.be(ADMIN), "topics")
    assert (created.returncode, created.stderr) == (0, "")
    return users


def access(settings: Settings, *, check: bool = False) -> tuple[int, str]:
    """Do as `annal access` does; its exit code and what it says."""
    console = Console(file=StringIO(), width=200)
    code = grant.run(settings, console, check=check)
    return code, cast(StringIO, console.file).getvalue()


def test_what_was_made_is_not_made_again(guarded: Guarded) -> None:
    passwords = {user: guarded.be(user) for user in USERS}
    said = f"5 users with {len(rights())} rights are as they must be.\n"
    assert access(guarded.be(ADMIN), check=True) == (0, said)
    assert access(guarded.be(ADMIN)) == (0, said)
    assert {user: guarded.be(user) for user in USERS} == passwords


def test_nobody_else_may_read_the_passwords(guarded: Guarded) -> None:
    files = list((guarded.owner.data_dir / "access").iterdir())
    assert {path.stem for path in files} == set(USERS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_differs_is_shown_and_mended_except_what_is_a_strangers(guarded: Guarded) -> None:
    authorizer = Authorizer(guarded.owner)
    lost = Right("User:annal-worker", "write", "topic", "kind.facts")
    more = Right("User:annal-api", "write", "topic", "kind.facts")
    theirs = Right("User:bob", "all", "topic", "*")
    authorizer.withdraw([lost])
    authorizer.grant([more, theirs])
    code, shown = access(guarded.be(ADMIN), check=True)
    assert code == 1
    assert set(compare(authorizer.rights())) == {
        Difference(lost, "missing"),
        Difference(more, "too much"),
        Difference(theirs, "of a stranger"),
    }
    code, mended = access(guarded.be(ADMIN))
    assert code == 1
    assert compare(authorizer.rights()) == [Difference(theirs, "of a stranger")]
    authorizer.withdraw([theirs])
    for said in ("missing", "too much", "of a stranger"):
        assert said in shown
    for said in ("given", "taken away", "of a stranger"):
        assert said in mended


def test_a_new_password_replaces_the_old_one(guarded: Guarded) -> None:
    old = guarded.be(SUBSCRIBER)
    assert annal(guarded.be(ADMIN), "access", "--rotate", SUBSCRIBER).returncode == 0
    asyncio.run(kafka.check(guarded.be(SUBSCRIBER)))
    with pytest.raises(Unusable, match=r"SaslAuthenticationFailed.*ANNAL_KAFKA_"):
        asyncio.run(kafka.check(old, patience=3))


async def test_who_does_not_sign_in_gets_nothing(guarded: Guarded) -> None:
    stranger = Settings(kafka_bootstrap=guarded.owner.kafka_bootstrap)
    with pytest.raises(Unusable, match="closed"):
        await kafka.check(stranger, patience=3)


@pytest.mark.parametrize("check", [True, False])
def test_who_may_not_give_rights_is_told_so(guarded: Guarded, check: bool) -> None:  # noqa: FBT001 - it is a case
    with pytest.raises(Unusable, match="may not alter the cluster"):
        access(guarded.be(API), check=check)


async def test_who_may_not_ask_how_topics_are_set_is_told_so(guarded: Guarded) -> None:
    with pytest.raises(Unusable, match="allow this user to ask"):
        await in_kafka.check(guarded.be(API))


def test_only_users_of_the_table_get_a_password(guarded: Guarded) -> None:
    refused = annal(guarded.be(ADMIN), "access", "--rotate", "bob")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "choose one of annal-api" in refused.stderr


def test_a_kafka_that_lets_everybody_do_everything_is_not_called_guarded(stack: Settings) -> None:
    with pytest.raises(Unusable, match="give its brokers an authorizer"):
        access(stack, check=True)


# ── what each may do ─────────────────────────────────────────────────────────────────────────────────────────────────


WRITERS = {"kind.commands": {API, WORKER}, "kind.facts": {WORKER}}
JOINED = {
    API: set[str](),
    WORKER: {"annal.worker", "annal.policies", "annal.effects"},
    PROJECT: {"annal.projection.resource"},
    SUBSCRIBER: {"subscriber.theirs"},
}
GROUPS = {"any", *(group for groups in JOINED.values() for group in groups)}


@pytest.mark.parametrize("topic", WRITERS)
def test_only_those_who_must_can_write(guarded: Guarded, topic: str) -> None:
    assert {user for user in USERS if may_write(guarded.be(user), topic)} == WRITERS[topic]


def may_write(settings: Settings, topic: str) -> bool:
    said: list[KafkaError | None] = []
    producer = Producer(client(settings))
    # Noise, which workers and readers must bear with.
    producer.produce(topic, b"noise", on_delivery=lambda error, _: said.append(error))
    assert producer.flush(20) == 0
    (error,) = said
    assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    return error is None


@pytest.mark.parametrize("user", USERS)
def test_kafka_lets_each_do_with_topics_what_the_table_says(guarded: Guarded, user: str) -> None:
    names = [topic.name for domain in DOMAINS for topic in topics.of(domain)]
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
