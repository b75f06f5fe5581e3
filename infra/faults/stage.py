"""Servers of a run's own, and several processes of each role, each to be killed, stalled and started again."""

import asyncio
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pydantic import SecretStr

from infra import embedded, kafka, ports, postgres, redis, tables, topics
from infra.embedded.process import Child
from infra.settings import Settings, Unusable

CAST: Mapping[str, int] = {"worker": 3, "project": 2, "api": 2}
"""How many processes of each role."""

EVERYWHERE = "http://localhost"
"""Where people reach the doors, as far as these know: what one of them signs is good at all of them."""

PATIENCE = 60.0
TRIES = 5
BETWEEN_TRIES = 2.0

Command = Callable[[str], Sequence[str]]
"""Says what to run for a role."""


def annal(role: str) -> Sequence[str]:
    return [sys.executable, "-m", "infra.cli", role]


@dataclass
class Process:
    """One process of a role. `taken` while a fault has it in its hands."""

    role: str
    child: Child
    settings: Settings
    taken: bool = False

    @property
    def name(self) -> str:
        return self.child.name

    @property
    def state(self) -> Path:
        """Where a worker keeps what it can build again."""
        return self.settings.data_dir / "state"

    def start(self) -> None:
        self.child.start()

    def send(self, number: signal.Signals) -> None:
        if self.child.process is not None and self.child.alive:
            self.child.process.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal that ends it, and wait until it has ended. Raises Unusable when it does not."""
        self.send(number)
        if self.child.process is not None:
            try:
                await asyncio.to_thread(self.child.process.wait, PATIENCE)
            except subprocess.TimeoutExpired:
                raise Unusable(f"{self.name} does not stop when told to: see {self.child.log}.") from None


@dataclass
class Stage:
    """All that runs."""

    settings: Settings
    servers: dict[str, Child]
    processes: list[Process] = field(default_factory=list)

    def of(self, role: str) -> list[Process]:
        return [process for process in self.processes if process.role == role]

    def doors(self) -> list[str]:
        return [f"http://{each.settings.host}:{each.settings.port}" for each in self.of("api")]

    async def restart(self, name: str, number: signal.Signals, pause: float = 0.0) -> None:
        """End a server with a signal and start it again after a pause, in seconds. Raises Unusable."""
        server = self.servers[name]
        await self._end(server, number)
        await asyncio.sleep(pause)
        for _ in range(TRIES):
            server.start()
            if await self._answers(server):
                return
            # Seldom, a Kafka that was killed while it was busy hangs when it starts, and a PostgreSQL finds what the
            # one before it has not let go of yet; the next one does not.
            await self._end(server, signal.SIGKILL)
            await asyncio.sleep(BETWEEN_TRIES)
        raise Unusable(f"{name} does not start again ({server.last_words()}): see {server.log}.")

    async def _end(self, server: Child, number: signal.Signals) -> None:
        if server.process is not None and server.alive:
            # A server's helpers end a moment after it, and would be in the way of the next one.
            helpers = psutil.Process(server.process.pid).children(recursive=True)
            server.process.send_signal(number)
            await asyncio.to_thread(server.process.wait)
            await asyncio.to_thread(psutil.wait_procs, helpers, PATIENCE)

    def start_fallen(self) -> list[str]:
        """Start again whoever ended by itself; their names."""
        fallen = [each for each in self.processes if not each.taken and not each.child.alive]
        for process in fallen:
            process.start()
        return [process.name for process in fallen]

    async def _answers(self, server: Child) -> bool:
        """Wait until a server answers; False when it does not, or has ended."""
        check = {"kafka": kafka.check, "postgres": postgres.check, "redis": redis.check}[server.name]
        until = time.monotonic() + PATIENCE
        while server.alive and time.monotonic() < until:
            with suppress(Unusable):
                await check(self.settings)
                return True
            await asyncio.sleep(0.2)
        return False


@contextmanager
def stage(directory: Path, cast: Mapping[str, int] = CAST, command: Command = annal) -> Iterator[Stage]:
    """Start servers and make topics and tables; the processes are started by whoever asked. All ends with the block."""
    own = Settings(
        data_dir=directory,
        kafka_bootstrap="",
        postgres_url="",
        redis_url="",
        master_key=SecretStr(secrets.token_hex(32)),
        public_url=EVERYWHERE,
        dev_login=True,
        rate_limits=False,
    )
    with embedded.running(own, {}) as servers:
        settings = servers.settings
        asyncio.run(topics.create(settings))
        tables.make(settings)
        there = Stage(settings, {child.name: child for child in servers.children})
        there.processes = _cast(settings, cast, command)
        try:
            yield there
        finally:
            for process in there.processes:
                process.child.stop()


def _cast(settings: Settings, cast: Mapping[str, int], command: Command) -> list[Process]:
    directory = settings.data_dir
    names = [(role, f"{role}-{number}") for role, count in cast.items() for number in range(1, count + 1)]
    (directory / "doors").mkdir(exist_ok=True)
    chosen = ports.choose(directory / "doors", {name: None for role, name in names if role == "api"})
    processes = []
    for role, name in names:
        # Two workers of one machine find each other's state when partitions move; a third has none but its own.
        state = directory / ("machine-2" if name == "worker-3" else "machine-1") if role == "worker" else directory
        given = settings.model_copy(
            update={"data_dir": state, "port": chosen.get(name, 1), "project_port": 0, "worker_port": 0}
        )
        # SIGKILL, for a process that is stalled hears nothing else.
        child = Child(name, command(role), directory, given.environment(), stop_signal=signal.SIGKILL)
        processes.append(Process(role, child, given))
    return processes
