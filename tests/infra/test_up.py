"""`annal up` for real: it survives being killed, starts again whoever falls, and leaves nothing when told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

PATIENCE = 120


class Up:
    """An `annal up` in a directory, as a person would start it."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANNAL_")}
        self.output = data_dir.with_suffix(".output").open("w+")
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "infra.cli", "up", "--data-dir", str(data_dir)],
            env=environment | {"ANNAL_PORT": str(port)},
            stdout=self.output,
            stderr=self.output,
        )

    def wait_for(self, words: str) -> None:
        until = time.monotonic() + PATIENCE
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return Path(self.output.name).read_text()

    def pid(self, child: str) -> int:
        return int((self.data_dir / "run" / child).read_text().split()[0])

    def ready(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
        except OSError:
            return False
        return True

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.output.close()
        return code


@pytest.mark.timeout(400)
def test_up_survives_what_happens_to_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    directory = tmp_path / "data"

    killed = Up(directory, port)
    killed.wait_for("is ready")
    assert killed.ready()
    killed.end(signal.SIGKILL)

    again = Up(directory, port)
    again.wait_for("is ready")
    os.kill(again.pid("api"), signal.SIGKILL)
    again.wait_for("api stopped and is started again")
    until = time.monotonic() + PATIENCE
    while not again.ready():
        assert time.monotonic() < until
        time.sleep(0.2)

    children = psutil.Process(again.process.pid).children(recursive=True)
    assert again.end(signal.SIGINT) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert list((directory / "run").iterdir()) == []
    assert not (directory / "running.json").exists()
