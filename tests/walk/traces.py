"""Where a text is left: in the files of the servers, in logs, and in a backup."""

import subprocess
from pathlib import Path

import redis

from infra.embedded.postgres import program
from infra.settings import Settings
from tests.walk.conftest import Running


def backup(stack: Settings) -> bytes:
    """Give a dump of all of PostgreSQL."""
    command = [program("pg_dump"), "--dbname", stack.postgres_url]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - our own command


def found(stack: Settings, running: Running, kept: bytes, text: str) -> list[str]:
    """Say in which files a text stands: of Kafka, PostgreSQL and Redis, in logs, and in a backup."""
    with redis.Redis.from_url(stack.redis_url) as cache:
        cache.save()
    sought = text.encode()
    directories = (stack.data_dir, running.settings.data_dir)
    files = [path for directory in directories for path in directory.rglob("*") if path.is_file()]
    hits = [str(path) for path in files if sought in content(path)]
    return hits + ["a backup"] * (sought in kept)


def content(path: Path) -> bytes:
    """Give what stands in a file; nothing, if its server has just let go of it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
