"""The test bed: servers of its own, made empty for each measurement, and processes started and stopped at will."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from infra import redis, tables
from infra.bench import client, kafka
from infra.embedded.process import Child
from infra.settings import Settings, Unusable
from schemas import resource, topics
from schemas.topics import Topic

ASKED, TOLD = (
    Topic(name, 8, {"message.timestamp.type": "LogAppendTime"}) for name in ("bench.commands", "bench.facts")
)
"""The topics of the floors."""


@dataclass
class Bed:
    """Where something is measured. `scale` makes counts and durations smaller, to try the measurements themselves."""

    settings: Settings
    say: Callable[[str], None]
    token: str
    """Shows doors that alice asks."""
    scale: float = 1.0
    facts: int = 0
    """How many facts of resources there are at least, all of them decided by a worker whose states are kept."""
    _running: list[Child] = field(default_factory=list)

    def count(self, count: int) -> int:
        return max(80, int(count * self.scale))

    def seconds(self, seconds: float) -> float:
        return max(0.3, seconds * self.scale)

    def rounds(self, rounds: int) -> int:
        return rounds if self.scale >= 1 else 1

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, token: str = ""
    ) -> bytes:
        """Make a request of alice's, or of whoever has another token."""
        shown = {"Authorization": f"Bearer {token or self.token}"}
        return client.request(method, path, body, {**shown, **(headers or {})})

    async def clear(self) -> None:
        """Leave nothing of what an earlier measurement did; kinds and people stay, and slow nobody down."""
        self.facts = 0
        self.forget()
        await kafka.recreate(self.settings, [*topics.of(resource.DOMAIN), ASKED, TOLD])
        await self.clear_known()

    async def clear_known(self) -> None:
        """Empty the read models, as if nothing had been projected."""
        tables.empty(self.settings)
        async with redis.client(self.settings) as cache:
            await cache.flushdb()

    def forget(self) -> None:
        """Take the worker's states from it."""
        shutil.rmtree(self.settings.data_dir / "state", ignore_errors=True)

    def role(self, name: str) -> Child:
        """Give one of our own processes, to be started."""
        return self._child(name, ["infra.cli", name], self.settings)

    def command(self, *arguments: str) -> Child:
        """Give a command of `annal`, to be started; it ends by itself."""
        return self._child(arguments[0], ["infra.cli", *arguments], self.settings)

    def second_door(self, port: int) -> Child:
        """Give doors beside the first."""
        return self._child("second", ["infra.cli", "api"], self.settings.model_copy(update={"port": port}))

    def program(self, module: str, *arguments: str) -> Child:
        """Give a program of infra/bench, to be started."""
        return self._child(module.rpartition(".")[2], [f"infra.bench.{module}", *arguments], self.settings)

    @contextmanager
    def running(self, *children: Child) -> Iterator[None]:
        """Let processes run while the block does."""
        try:
            for child in children:
                child.start()
                self._running.append(child)
            yield
        finally:
            for child in children:
                if child in self._running:
                    self._running.remove(child)
                child.stop()

    async def watch(self) -> NoReturn:
        """Raise Unusable as soon as a process stops that should run."""
        while True:
            for child in self._running:
                if not child.alive:
                    raise Unusable(f"{child.name} stopped ({child.last_words()}).")
            await asyncio.sleep(0.2)

    def _child(self, name: str, command: Sequence[str], settings: Settings) -> Child:
        return Child(name, [sys.executable, "-m", *command], settings.data_dir, settings.environment())
