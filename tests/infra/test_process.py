"""A child ends with its parent, and what a killed parent left is ended before the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from infra.embedded.process import Child, end_leftovers
from infra.settings import Unusable

PARENT = """
import sys, time
from pathlib import Path
from infra.embedded.process import Child

child = Child("sleeper", sys.argv[2:], Path(sys.argv[1]))
child.start()
print(child.process.pid, flush=True)
time.sleep(60)
"""

# Ignores what it is asked, as a server that hangs would.
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]


def parent(data_dir: Path, command: list[str]) -> "tuple[subprocess.Popen[str], psutil.Process]":
    """A process that starts `command` as its child; both."""
    started = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", PARENT, str(data_dir), *command], stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    return started, psutil.Process(int(started.stdout.readline()))


def end(started: "subprocess.Popen[str]") -> None:
    started.kill()
    started.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends what is left")
def test_a_child_ends_with_its_killed_parent(tmp_path: Path) -> None:
    started, child = parent(tmp_path, ["sleep", "60"])
    end(started)
    assert _gone(child)


def test_a_stubborn_leftover_is_ended_by_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.embedded.process.LEFTOVER_PATIENCE", 1)
    started, child = parent(tmp_path, STUBBORN)
    time.sleep(0.5)
    end(started)
    end_leftovers(tmp_path)
    assert _gone(child)


def test_a_number_given_out_again_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kafka").write_text(f"{os.getpid()} 1.0")
    (tmp_path / "run" / "redis").write_text("")
    end_leftovers(tmp_path)


def test_a_child_that_stops_says_why(tmp_path: Path) -> None:
    child = Child("server", ["sh", "-c", "echo all is fine; echo '12:00 FATAL: no room.'; echo bye"], tmp_path)
    child.start()
    with pytest.raises(Unusable, match=r"^server stopped while starting \(FATAL: no room\): see .*server\.log\.$"):
        child.wait_ready(lambda: False)


def test_a_child_that_will_not_stop_is_made_to(tmp_path: Path) -> None:
    child = Child("stubborn", STUBBORN, tmp_path, patience=0.2)
    child.start()
    time.sleep(0.5)
    child.stop()
    assert child.process
    assert child.process.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "stubborn").exists()


def _gone(process: psutil.Process) -> bool:
    for _ in range(50):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False
