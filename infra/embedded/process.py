"""A server or a role as a child of ours: it dies with us, logs into the data directory, and blocks no later start."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.settings import Unusable

LEFTOVER_PATIENCE = 15
LOG_BYTES = 20_000_000
_TELLING = re.compile(r"FATAL|PANIC|ERROR|Fatal|[\w.]*(Error|Exception)\b")
_PR_SET_PDEATHSIG = 1
# Loaded here because nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """A process, known by one word.

    Start it from a thread that lives as long as it should: the kernel ties it to that one.
    """

    name: str
    command: Sequence[str]
    data_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20
    before: Callable[[], None] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    remedy: str = ""
    logged: int = 0

    @property
    def log(self) -> Path:
        return self.data_dir / "logs" / f"{self.name}.log"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.logged = log.tell()
            self.process = subprocess.Popen(  # noqa: S603 - every command is our own
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **_compiling_once(self.data_dir), **self.environment},
                # Ctrl-C goes to the terminal's group: we alone shall hear it and stop the others in order.
                start_new_session=True,
                preexec_fn=self._prepare,  # noqa: PLW1509 - it calls the kernel and nothing else
            )
        _remember(self.data_dir, self.name, self.process.pid)

    def wait_ready(self, ready: Callable[[], bool], patience: float = 60) -> None:
        """Wait until `ready()` is true. Raises Unusable with the last line of the log when the process ends before."""
        until = time.monotonic() + patience
        while not ready():
            self.refuse_ended()
            if time.monotonic() > until:
                raise Unusable(f"{self.name} was not ready after {patience:.0f} s: see {self.log}.")
            time.sleep(0.05)

    def refuse_ended(self) -> None:
        """Raise Unusable if the process has ended."""
        if not self.alive:
            raise Unusable(f"{self.name} stopped while starting ({self.last_words()}): see {self.log}{self.remedy}.")

    def last_words(self) -> str:
        """The line of the log that says why the process gave up: the last that names an error, else the last."""
        lines = self.log.read_bytes()[self.logged :].decode(errors="replace").strip().splitlines()
        telling = [line for line in lines if _TELLING.search(line)]
        last = (telling or lines or ["it said nothing"])[-1].strip().rstrip(".")
        said = _TELLING.search(last)
        return last[said.start() :] if said else last

    def ask_to_stop(self) -> None:
        if self.alive and self.process:
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask, wait, insist."""
        self.ask_to_stop()
        if self.process:
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        (self.data_dir / "run" / self.name).unlink(missing_ok=True)

    def _prepare(self) -> None:
        if self.before:
            self.before()
        end_with_parent(self.stop_signal)


def _compiling_once(data_dir: Path) -> Mapping[str, str]:
    """Let Python keep what it compiles in the data directory where it may not do so beside the source.

    Containers often forbid that, and each start of ours would compile all it imports: two thirds of the time it takes.
    """
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(data_dir / "compiled")}


def end_with_parent(number: signal.Signals) -> None:
    """Get this signal when the process that started this one is gone, however it went; on Linux."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(number))


def end_leftovers(data_dir: Path) -> None:
    """Wait for what a killed predecessor left running here to end, and end what does not."""
    found = [process for path in sorted((data_dir / "run").glob("*")) if (process := _remembered(path))]
    for process in _staying(found):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _staying(found)


def _staying(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Wait for processes that are not our children to end; those that do not in time."""
    until = time.monotonic() + LEFTOVER_PATIENCE
    while (staying := [process for process in processes if _lives(process)]) and time.monotonic() < until:
        time.sleep(0.1)
    return staying


def _lives(process: psutil.Process) -> bool:
    """Whether a process runs; in a container that nobody tidies, ended ones stay as zombies for ever."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _remember(data_dir: Path, name: str, pid: int) -> None:
    """Note a process by number and birth, for numbers are given out again."""
    directory = data_dir / "run"
    directory.mkdir(exist_ok=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        (directory / name).write_text(f"{pid} {psutil.Process(pid).create_time()}")


def _remembered(path: Path) -> psutil.Process | None:
    try:
        pid, born = path.read_text().split()
        process = psutil.Process(int(pid))
    except (ValueError, psutil.NoSuchProcess):
        return None
    return process if abs(process.create_time() - float(born)) < 1 else None
