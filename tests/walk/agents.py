"""The agents of an `annal up`: found, stopped for a while, and another one in their place."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psutil

from infra.agent.process import Agent
from infra.api import joined
from tests.walk.conftest import Running


def agents(running: Running) -> list[psutil.Process]:
    """Give the agent processes of this `annal up`."""
    home = str(running.settings.data_dir)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[-2:] == ["agent", "run"]:
            try:
                if process.environ().get("ANNAL_DATA_DIR") == home:
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
    return found


@contextmanager
def still(running: Running) -> Iterator[None]:
    """Let the agents of `annal up` stand still."""
    found = agents(running)
    assert found, "there is no agent"
    for process in found:
        process.suspend()
    try:
        yield
    finally:
        for process in found:
            process.resume()


@asynccontextmanager
async def instead(running: Running, **said: Any) -> AsyncIterator[None]:
    """Let an agent with other settings answer instead of the one of `annal up`."""
    settings = running.settings.model_copy(update={"agent_port": 0, **said})
    doors = joined(settings)
    async with doors.app.router.lifespan_context(doors.app):
        agent = Agent(settings, doors)
        with still(running):
            try:
                await agent.start()
                yield
            finally:
                await agent.stop()
