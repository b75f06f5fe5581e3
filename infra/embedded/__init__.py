"""Kafka, PostgreSQL and Redis as children of this process: all that a machine with nothing but Python lacks."""

import fcntl
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from infra import ports
from infra.embedded import jars, kafka, postgres, process, redis
from infra.embedded.jars import Advance
from infra.embedded.process import Child
from infra.settings import Settings, Unusable, note

LIKED_PORTS = {"kafka": 19092, "controller": 19093, "postgres": 15432, "redis": 16379}
ROOM = 500_000_000
"""Bytes of disk without which nothing is started: a full disk stops Kafka hard."""

LOCK_PATIENCE = 20
"""Seconds that one who does not run any more, or not yet, may take to be gone or to say so."""


@dataclass
class Servers:
    """The servers that run, and the settings that reach them."""

    settings: Settings
    children: list[Child] = field(default_factory=list)
    _waits: list[Callable[[], None]] = field(default_factory=list)

    def launch(self, child: Child, wait: Callable[[], None], **address: str) -> None:
        child.start()
        self.children.append(child)
        self._waits.append(wait)
        self.settings = self.settings.model_copy(update=address)

    def wait_ready(self) -> None:
        """Wait for all, the first launched last: it is the slowest."""
        for wait in reversed(self._waits):
            wait()

    def stop(self) -> None:
        """Ask all at once, for the slowest then decides how long it takes."""
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()


@contextmanager
def stack(data_dir: Path) -> Iterator[Settings]:
    """Servers of one's own in `data_dir` on free ports, for tests and scripts; gone when the block ends."""
    with running(Settings(data_dir=data_dir, kafka_bootstrap="", postgres_url="", redis_url=""), {}) as servers:
        yield servers.settings


@contextmanager
def running(settings: Settings, liked_ports: Mapping[str, int]) -> Iterator[Servers]:
    """Every server that `settings` names no address for, in a data directory held for oneself."""
    with held(settings.data_dir), launched(settings, liked_ports) as servers:
        servers.wait_ready()
        yield servers


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Have the data directory for oneself, rid of what a killed predecessor left; the kernel lets go when we die."""
    try:
        # Others may pass, as PostgreSQL's user must, and see nothing.
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(
            f"{data_dir} cannot be made ({error.strerror}): choose another directory with --data-dir."
        ) from error
    free = shutil.disk_usage(data_dir).free
    if free < ROOM:
        raise Unusable(
            f"Only {free // 1_000_000} MB are free on the disk of {data_dir}, and Annal needs {ROOM // 1_000_000} MB: "
            "make room, or choose another disk with --data-dir."
        )
    with (data_dir / "lock").open("w") as lock:
        until = time.monotonic() + LOCK_PATIENCE
        while not _locked(lock):
            if note(data_dir).exists() or time.monotonic() > until:
                raise Unusable(
                    f"Annal already runs in {data_dir}: stop it first, or start a second one with another --data-dir."
                )
            time.sleep(0.1)
        process.end_leftovers(data_dir)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def launched(
    settings: Settings, liked_ports: Mapping[str, int], advance: Advance = lambda _count, _total: None
) -> Iterator[Servers]:
    """Every server that `settings` names no address for, in a directory that is held: begun, and stopped at the end."""
    servers = Servers(settings)
    classpath = [] if settings.kafka_bootstrap else jars.fetch(settings.cache_dir / "jars", advance)
    chosen = ports.choose(settings.data_dir, {name: liked_ports.get(name) for name in LIKED_PORTS})
    try:
        if not settings.kafka_bootstrap:
            _launch_kafka(servers, classpath, chosen["kafka"], chosen["controller"])
        if not settings.redis_url:
            _launch_redis(servers, chosen["redis"])
        if not settings.postgres_url:
            _launch_postgres(servers, chosen["postgres"])
        yield servers
    finally:
        servers.stop()


def _launch_kafka(servers: Servers, classpath: list[Path], port: int, controller: int) -> None:
    child = kafka.prepare(servers.settings.data_dir, classpath, port, controller)
    servers.launch(child, lambda: kafka.wait_ready(child, port), kafka_bootstrap=f"127.0.0.1:{port}")


def _launch_redis(servers: Servers, port: int) -> None:
    secret = _secret(servers.settings.data_dir).read_text()
    child = redis.prepare(servers.settings.data_dir, port, secret)
    url = redis.url(port, secret)
    servers.launch(child, lambda: redis.wait_ready(child, url), redis_url=url)


def _launch_postgres(servers: Servers, port: int) -> None:
    path = _secret(servers.settings.data_dir)
    secret = path.read_text()
    child = postgres.prepare(servers.settings.data_dir, port, path)
    url = postgres.url(port, secret)
    servers.launch(child, lambda: postgres.wait_ready(child, port, secret), postgres_url=url)


def _secret(data_dir: Path) -> Path:
    """The password of PostgreSQL and Redis, so that other users of this machine are kept out."""
    path = data_dir / "secret"
    if not path.exists():
        unfinished = data_dir / "secret.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_hex(16))
        unfinished.rename(path)
    return path
