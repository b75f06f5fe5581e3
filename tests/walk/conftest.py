"""Everything running, as `annal up` runs it, on the servers that all tests share."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from infra import redis
from infra.api import create
from infra.ports import choose
from infra.settings import Settings
from tests.calling import Playing
from tests.walk.somebody import Somebody

STARTED_WITHIN = 90
"""Seconds; the machine also runs other tests."""


@dataclass(frozen=True)
class Running:
    """Annal at work: its doors' address, and the settings that reach its servers."""

    url: str
    settings: Settings
    welcome: str


@asynccontextmanager
async def doors(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Doors of another process, as far as what they share with the first goes."""
    app = create(settings)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60, auth=Playing()) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def running(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory: Path = tmp_path_factory.mktemp("up")
    (port,) = choose(directory, {"api": None}).values()
    settings = stack.model_copy(
        update={"data_dir": directory, "port": port, "worker_port": 0, "project_port": 0, "dev_login": True}
    )
    command = [sys.executable, "-m", "infra.cli", "up"]
    environment = os.environ | settings.environment()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as up:  # noqa: S603 - our own
        assert up.stdout is not None
        welcome = ""
        # Its output ends if it gives up; the time limit of the test does if it never does either.
        while "Data and logs" not in welcome:
            line = up.stdout.readline()
            assert line, f"annal up gave up: {welcome}"
            welcome += line
        yield Running(f"http://127.0.0.1:{port}", settings, welcome)
        up.terminate()
        assert up.wait(STARTED_WITHIN) == 0


@pytest.fixture(scope="session")
async def http(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    """Doors that anybody may ask as often as they like, and an account: the first is an administrator's."""
    async with doors(running.settings.model_copy(update={"rate_limits": False})) as client:
        await Somebody(client, "First").register()
        yield client


@pytest.fixture(scope="session")
async def other(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    """More of them."""
    async with doors(running.settings.model_copy(update={"rate_limits": False})) as client:
        yield client


async def forget_failures(settings: Settings) -> None:
    cache = redis.client(settings)
    names = [name async for name in cache.scan_iter("annal:tarpit:*")]
    if names:
        await cache.delete(*names)
    await cache.aclose()


@pytest.fixture
async def unsuspected(running: Running) -> None:
    """Let the tarpit forget who failed before: all tests come from one address."""
    await forget_failures(running.settings)
