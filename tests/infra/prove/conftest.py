"""Journals of one's own on the servers that all tests share, and somebody who signs what they hold."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra import kafka, topics
from infra.prove.book import Book
from infra.prove.notary import Notary
from infra.records import Records
from infra.settings import Settings
from schemas import resource
from schemas import topics as names
from schemas.message import Domain
from tests.projections.appending import Appender


@pytest.fixture
async def domain(stack: Settings) -> AsyncIterator[Domain]:
    """Resources, in journals that nobody else writes to."""
    await topics.create(stack)
    domain = replace(resource.DOMAIN, name=f"p{uuid4().hex}", partitions=2)
    admin = AIOKafkaAdminClient(**kafka.connection(stack))
    await admin.start()
    made = names.of(domain)
    await admin.create_topics([NewTopic(each.name, each.partitions, 1, topic_configs=each.config) for each in made])
    yield domain
    await admin.delete_topics([each.name for each in made])
    await admin.close()


@pytest.fixture
def settings(stack: Settings, tmp_path: Path) -> Settings:
    return stack.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
def private() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def notary(settings: Settings, domain: Domain, private: Ed25519PrivateKey) -> Notary:
    """Somebody whose checkpoints nobody else makes."""
    return Notary(settings, private, [domain])


@pytest.fixture
def book(settings: Settings, notary: Notary) -> Iterator[Book]:
    with Records(settings) as reader:
        yield Book(settings, reader, notary.key)


@pytest.fixture
async def appender(stack: Settings) -> AsyncIterator[Appender]:
    """Puts what journals on paper tell onto the real ones."""
    appender = Appender(stack)
    await appender.start()
    yield appender
    await appender.stop()
