"""The topics in Kafka: made where they are missing, and checked against what schemas/topics.py says of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from infra import kafka
from infra.settings import Settings, Unusable
from schemas import topics
from schemas.domains import DOMAINS
from schemas.topics import Topic

COPIES = 3
"""How many brokers hold each record where there are that many; two of them must have it before a write counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """A topic that ought to be, and how what Kafka has differs: sentences, none when all is well."""

    topic: Topic
    copies: int
    differences: tuple[str, ...]


def expected() -> list[Topic]:
    return [*(topic for domain in DOMAINS for topic in topics.of(domain)), topics.CHECKPOINTS]


async def create(settings: Settings) -> list[str]:
    """Create the topics that are missing; their names."""
    async with _admin(settings) as admin:
        there = await admin.list_topics()
        copies = min(COPIES, len((await admin.describe_cluster())["brokers"]))
        missing = [topic for topic in expected() if topic.name not in there]
        if missing:
            _settle(await admin.create_topics([_new(topic, copies) for topic in missing]))
        return [topic.name for topic in missing]


async def check(settings: Settings) -> list[Found]:
    """Compare every topic that ought to be with what Kafka has."""
    async with _admin(settings) as admin:
        there = {found["topic"]: found["partitions"] for found in await admin.describe_topics()}
        present = [topic.name for topic in expected() if topic.name in there]
        configs = await _configs(admin, present)
        return [_compare(topic, there.get(topic.name), configs.get(topic.name, {})) for topic in expected()]


def _compare(topic: Topic, partitions: list[dict[str, Any]] | None, config: dict[str, str]) -> Found:
    if partitions is None:
        return Found(topic, 0, ("it is missing: create it with `annal topics`",))
    wrong = [
        f"{name} is {config.get(name)} and must be {value}"
        for name, value in _config(topic).items()
        if config.get(name) != value
    ]
    if len(partitions) != topic.partitions:
        # A key's partition follows from the count: another count tears subjects from their history.
        wrong.insert(
            0, f"it has {len(partitions)} partitions and must have {topic.partitions}: delete and create it anew"
        )
    return Found(topic, min(len(partition["replicas"]) for partition in partitions), tuple(wrong))


def _config(topic: Topic, copies: int = 1) -> dict[str, str]:
    """What the topic itself asks for, and where copies exist that an acknowledged write is on two of them."""
    if copies < COPIES:
        return topic.config
    return topic.config | {"min.insync.replicas": str(COPIES - 1), "unclean.leader.election.enable": "false"}


def _new(topic: Topic, copies: int) -> NewTopic:
    return NewTopic(topic.name, topic.partitions, copies, topic_configs=_config(topic, copies))


def _settle(response: Any) -> None:
    """Raise Unusable for a topic Kafka would not create; one that another process created meanwhile is fine."""
    for name, code, reason in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise Unusable(f"Kafka will not create the topic {name} ({reason or error.__name__}): allow this user to.")


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await admin.describe_configs(asked) if asked else []
    found = {}
    for code, reason, _, name, entries in (each for answer in answers for each in answer.resources):
        if code:
            raise Unusable(f"Kafka does not tell how the topic {name} is set ({reason}): allow this user to ask.")
        found[name] = {entry[0]: entry[1] for entry in entries}
    return found


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    await kafka.check(settings)
    admin = AIOKafkaAdminClient(**kafka.connection(settings))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
