"""An endpoint that does what it is told, and somebody who talks to the agent with its help."""

from collections.abc import AsyncIterator

import pytest

from agent.model.asking import Endpoint as Client
from infra.agent.endpoint import Endpoint, running
from tests.agent.model.turning import Person


@pytest.fixture(scope="session")
async def served() -> AsyncIterator[Endpoint]:
    async with running() as endpoint:
        yield endpoint


@pytest.fixture
async def ada(served: Endpoint) -> AsyncIterator[Person]:
    client = Client(served.url, "small", "key")
    yield Person(served.answers(), client)
    await client.close()
