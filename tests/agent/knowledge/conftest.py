"""A knowledge base on a real PostgreSQL, and doors to resources that are known as soon as they are told."""

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest
from fastapi import FastAPI

from agent.doors import Doors
from agent.knowledge.document import of_resource
from agent.knowledge.index import Index
from agent.knowledge.passage import Passage
from agent.knowledge.searching import search
from infra import errors, redis, tables
from infra.auth import Caller, Cause
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import http, resource
from projections.door import ReadDoor
from schemas.message import Actor, Fact
from tests.projections.knowing import Knowing

REDIS = 8
CAUSE = Cause("0192f0c1-2d3e-7000-8000-00000000000a", "0192f0c1-2d3e-7000-8000-00000000000b")
ALL = frozenset({"*"})


class World:
    """Resources, doors to them, and what is indexed of them."""

    def __init__(self, app: FastAPI, index: Index, knowing: Knowing) -> None:
        self.app = app
        self.index = index
        self._knowing = knowing

    async def tell(self, resource_id: str, *facts: Fact) -> None:
        """Let facts be known, and indexed."""
        await self.tell_unindexed(resource_id, *facts)
        row = await self.index.ask(lambda connection: resource.find(connection, resource_id))
        assert row is not None
        await self.index.put(of_resource(row))

    async def tell_unindexed(self, resource_id: str, *facts: Fact) -> None:
        """Let facts be known, of which the index has not heard yet."""
        await self._knowing.tell("resource", resource_id, *facts)

    def doors(self, account: str) -> Doors:
        return Doors(self.app, Caller(Actor(id=account), (ALL,)), CAUSE)

    async def search(self, text: str, by: str = "alice") -> list[Passage]:
        return await search(self.index, self.doors(by), text)

    async def found(self, text: str, by: str = "alice") -> list[str]:
        return [passage.id for passage in await self.search(text, by)]


@pytest.fixture(scope="session")
def ours(stack: Settings) -> Settings:
    """Settings that reach a database with all tables, and a Redis, that no other tests use."""
    database = f"knowledge_{uuid4().hex}"
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
async def index(ours: Settings) -> AsyncIterator[Index]:
    """Give an index with nothing in it, beside read models with nothing in them."""
    tables.empty(ours)
    index = Index(ours)
    await index.open(anew=True)
    yield index
    await index.close()


@pytest.fixture
async def read(ours: Settings) -> AsyncIterator[ReadDoor]:
    """Give the read door; journals are on paper here, so its Kafka is away."""
    cache = redis.client(ours)
    door = ReadDoor(ours, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=Vault(ours))
    await door.start()
    yield door
    await door.stop()
    await cache.aclose()


@pytest.fixture
async def knowing(ours: Settings) -> AsyncIterator[Knowing]:
    knowing = Knowing(ours)
    yield knowing
    await knowing.close()


@pytest.fixture
async def world(index: Index, read: ReadDoor, knowing: Knowing) -> World:
    app = FastAPI()
    app.include_router(http.routes(read))
    errors.handle(app)
    return World(app, index, knowing)
