"""Grounds of one's own on the servers that all tests share: an empty database, an empty Redis, and new journals."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra import kafka, postgres, redis, tables
from infra.settings import Settings
from projections import resource
from projections.projection import Projection
from projections.tables import metadata
from schemas import topics
from tests.projections.appending import Appender
from tests.projections.knowing import Knowing

REDIS = 9


@pytest.fixture(scope="session")
def ours(stack: Settings) -> Settings:
    """Settings that reach a database with all tables, and a Redis, that no other tests use."""
    # Other directories that take this fixture have another of it.
    database = f"projections_{uuid4().hex}"
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}")
    settings = stack.model_copy(
        update={
            "postgres_url": stack.postgres_url.rpartition("/")[0] + f"/{database}",
            "redis_url": stack.redis_url.rpartition("/")[0] + f"/{REDIS}",
        }
    )
    tables.make(settings)
    return settings


@pytest.fixture
async def ground(ours: Settings) -> AsyncIterator[Settings]:
    """The same, and both are empty."""
    yield ours
    async with await postgres.connect(ours) as connection:
        await connection.execute(f"TRUNCATE {', '.join(metadata.tables)}")
    async with redis.client(ours) as cache:
        await cache.flushdb()


@pytest.fixture
async def read_model(ground: Settings) -> AsyncIterator[Projection]:
    """The projection of resources, following journals that nobody else writes to."""
    domain = replace(resource.projection.domains[0], name=f"r{uuid4().hex}", partitions=4)
    admin = AIOKafkaAdminClient(**kafka.connection(ground))
    await admin.start()
    _, facts = topics.of(domain)
    await admin.create_topics([NewTopic(facts.name, facts.partitions, 1, topic_configs=facts.config)])
    yield replace(resource.projection, domains=(domain,))
    await admin.delete_topics([facts.name])
    await admin.close()


@pytest.fixture
async def appender(ground: Settings) -> AsyncIterator[Appender]:
    """Puts what journals on paper tell onto the real ones."""
    appender = Appender(ground)
    await appender.start()
    yield appender
    await appender.stop()


@pytest.fixture
async def knowing(ground: Settings) -> AsyncIterator[Knowing]:
    """Makes facts known as soon as they are told."""
    knowing = Knowing(ground)
    yield knowing
    await knowing.close()
