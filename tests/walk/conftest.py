"""Everything running, as `annal up` runs it, on the servers that all tests share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.ports import choose
from infra.settings import Settings

STARTED_WITHIN = 90
"""Seconds; the machine also runs other tests."""


@dataclass(frozen=True)
class Running:
    """Annal at work: its doors' address, and the settings that reach its servers."""

    url: str
    settings: Settings
    welcome: str


@pytest.fixture(scope="session")
def running(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory: Path = tmp_path_factory.mktemp("up")
    (port,) = choose(directory, {"api": None}).values()
    settings = stack.model_copy(update={"data_dir": directory, "port": port, "worker_port": 0, "project_port": 0, "dev_login": True})
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
