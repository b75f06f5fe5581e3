"""What tests of several directories share: the servers, started once and only for those who ask."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from infra import embedded
from infra.settings import Settings


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that reach a running Kafka, PostgreSQL and Redis, empty but for what other tests wrote."""
    with ExitStack() as running:
        started = _start(running, tmp_path_factory.mktemp("stack"))
        # Doors with directories of their own open one vault.
        yield started.model_copy(update={"master_key": SecretStr(secrets.token_hex(32))})


def _start(running: ExitStack, data_dir: Path) -> Settings:
    """In containers where a Docker engine answers, else as processes; an engine without images is as good as none."""
    if _engine_answers():
        # Importing them already talks to the engine.
        from docker.errors import DockerException  # noqa: PLC0415

        from tests import containers  # noqa: PLC0415

        try:
            return running.enter_context(containers.stack(data_dir))
        except DockerException as error:
            print(f"The containers did not start, so the embedded servers are used: {error}")  # noqa: T201
    return running.enter_context(embedded.stack(data_dir))


def _engine_answers() -> bool:
    """Whether a Docker engine listens where its clients look for it."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    local = address.scheme == "unix"
    with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as tried:
        tried.settimeout(2)
        try:
            tried.connect(address.path if local else (address.hostname, address.port or 2375))
        except OSError:
            return False
    return True
