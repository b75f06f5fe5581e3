"""Who breaks things: kills, stalls and forgets, in an order drawn from a seed."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, Signals
from typing import Any

from redis.exceptions import RedisError
from rich.console import Console

from infra import redis
from infra.faults.scribble import scribble
from infra.faults.stage import Process, Stage
from infra.repair import building, switching
from infra.settings import Unusable
from streams.app import SESSION_TIMEOUT

LEAST_PAUSE, MOST_PAUSE = 1.0, 4.5
"""Seconds between one fault and the next, which may well begin before the first is mended."""


SWITCH_TRIES, BUILD_RATE = 60, 20_000.0
"""How often a switch is tried, a second apart; and the facts a second of what is built for it."""

OF_SERVERS = ("Kafka", "PostgreSQL", "Redis", "journal")
"""What faults of servers begin with; of these there is one at a time, or they would queue up."""


@dataclass
class Adversary:
    """Breaks a stage; `done` counts what it did, by name."""

    stage: Stage
    random: Random
    done: Counter[str] = field(default_factory=Counter)
    _breaking: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Lock = field(default_factory=asyncio.Lock)
    _switching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def rage(self) -> None:
        """Break things until cancelled; what is broken then is mended by `mend`."""
        for fault in self._deck():
            if fault.startswith(OF_SERVERS) and self._server.locked():
                continue
            self.stage.start_fallen()
            task = asyncio.create_task(self._do(fault))
            self._breaking.add(task)
            await asyncio.sleep(self.random.uniform(LEAST_PAUSE, MOST_PAUSE))
            _raise_first(self._breaking)

    async def mend(self) -> None:
        """Wait until everything that was broken runs again."""
        if self._breaking:
            await asyncio.wait(self._breaking)
            _raise_first(self._breaking)
        self.stage.start_fallen()

    def faults(self) -> dict[str, tuple[Callable[[], Awaitable[None]], int]]:
        """Give every fault with how often it comes in a round."""
        return {
            "worker killed": (lambda: self._kill("worker"), 4),
            "projection killed": (lambda: self._kill("project"), 3),
            "door killed": (lambda: self._kill("api"), 1),
            "worker asked to stop": (lambda: self._kill("worker", SIGTERM), 1),
            "worker stalled": (lambda: self._stall("worker"), 2),
            "projection stalled": (lambda: self._stall("project"), 1),
            "projection switched": (self._switch, 2),
            "worker's state lost": (lambda: self._change_state(_lose), 1),
            "worker's state replaced by an older one": (lambda: self._change_state(_age), 2),
            "Kafka killed": (lambda: self._restart("kafka", SIGKILL), 2),
            "Kafka stalled": (self._stall_kafka, 1),
            "journal scribbled in": (self._scribble, 3),
            "PostgreSQL crashed": (lambda: self._restart("postgres", SIGQUIT), 1),
            "PostgreSQL restarted": (lambda: self._restart("postgres", SIGINT), 1),
            "Redis emptied": (self._flush, 1),
            "Redis killed": (lambda: self._restart("redis", SIGKILL), 1),
            "Redis set back": (self._set_back, 1),
        }

    def _deck(self) -> Iterator[str]:
        while True:
            deck = [name for name, (_, count) in self.faults().items() for _ in range(count)]
            self.random.shuffle(deck)
            yield from deck

    async def _do(self, fault: str) -> None:
        await self.faults()[fault][0]()
        self.done[fault] += 1

    async def _kill(self, role: str, number: Signals = SIGKILL) -> None:
        if process := self._take(role):
            await process.end(number)
            await self._start(process)

    async def _stall(self, role: str) -> None:
        """Let a process sleep until its group has given its partitions to another, and then go on as if nothing was."""
        if process := self._take(role):
            process.send(SIGSTOP)
            await asyncio.sleep(SESSION_TIMEOUT + self.random.uniform(1, 4))
            process.send(SIGCONT)
            process.taken = False

    async def _change_state(self, change: Callable[[Path], None]) -> None:
        """Change what the workers of one machine know while none of them runs."""
        machines: dict[Path, list[Process]] = {}
        for process in self.stage.of("worker"):
            machines.setdefault(process.state, []).append(process)
        free = [workers for workers in machines.values() if all(map(_is_free, workers))]
        workers = self.random.choice(free) if free else []
        for process in workers:
            process.taken = True
            await process.end()
        if workers:
            await asyncio.to_thread(change, workers[0].state)
        for process in workers:
            await self._start(process)

    async def _restart(self, server: str, number: Signals) -> None:
        async with self._server:
            await self.stage.restart(server, number, pause=self.random.choice((0, 0, 3)))

    async def _stall_kafka(self) -> None:
        """Let Kafka sleep so long that requests are given up, and then do what they asked all the same."""
        async with self._server:
            kafka = self.stage.servers["kafka"].process
            if kafka is not None:
                kafka.send_signal(SIGSTOP)
                await asyncio.sleep(self.random.uniform(8, 17))
                kafka.send_signal(SIGCONT)

    async def _scribble(self) -> None:
        async with self._server:
            await scribble(self.stage.settings, self.random)

    async def _flush(self) -> None:
        async with self._server:
            await self._ask_redis("FLUSHALL")

    async def _set_back(self) -> None:
        """Let Redis forget some seconds: it starts from what it saved then."""
        async with self._server:
            await self._ask_redis("SAVE")
            await asyncio.sleep(self.random.uniform(1, 4))
            await self.stage.restart("redis", SIGKILL)

    async def _ask_redis(self, command: str) -> None:
        client: Any = redis.client(self.stage.settings)
        try:
            await client.execute_command(command)
        except (RedisError, OSError) as error:
            raise RuntimeError(f"Redis does not {command}: {error}") from error
        finally:
            await client.aclose()

    async def _switch(self) -> None:
        """Build a second version of a read model and let people read it, whatever else breaks meanwhile."""
        settings, name, unseen = self.stage.settings, "resource", Console(quiet=True)
        # A second one would only wait for the first to let go of the read model.
        async with self._switching:
            for _ in range(SWITCH_TRIES):
                try:
                    await building.build(settings, name, BUILD_RATE, unseen)
                    await switching.switch(settings, name, "a fault", unseen)
                except Unusable as error:
                    unswitched = error
                    await asyncio.sleep(1)
                else:
                    return
            raise RuntimeError(f"{name} cannot be switched: {unswitched}")

    def _take(self, role: str) -> Process | None:
        """Choose a process that no other fault has in its hands."""
        free = list(filter(_is_free, self.stage.of(role)))
        if not free:
            return None
        process = self.random.choice(free)
        process.taken = True
        return process

    async def _start(self, process: Process) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 2)))
        process.start()
        process.taken = False


def _raise_first(tasks: set[asyncio.Task[None]]) -> None:
    """Let go of what has ended. Raises what made it end, if it was not its own will."""
    for task in [task for task in tasks if task.done()]:
        tasks.discard(task)
        task.result()


def _is_free(process: Process) -> bool:
    """Say whether no other fault has a process in its hands."""
    return not process.taken and process.child.alive


def _lose(state: Path) -> None:
    shutil.rmtree(state, ignore_errors=True)


def _age(state: Path) -> None:
    """Bring back what was known the last time; what is known now is what will be known the next time."""
    kept, now = state.with_name("state kept"), state.with_name("state now")
    if not state.exists():
        return
    shutil.copytree(state, now)
    if kept.exists():
        shutil.rmtree(state)
        kept.rename(state)
    now.rename(kept)
