"""Kafka, PostgreSQL and Redis in containers, the same versions and broker settings as the embedded ones."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from infra import ports
from infra.embedded.kafka import PROPERTIES
from infra.settings import Settings

SECRET = "annal"  # noqa: S105 - of a server that lives as long as a test


@contextmanager
def stack(data_dir: Path) -> Iterator[Settings]:
    """Servers of one's own on free ports; gone when the block ends."""
    chosen = ports.choose(data_dir, dict.fromkeys(("kafka", "postgres", "redis")))
    with ExitStack() as open_containers:
        for container in (_kafka(chosen["kafka"]), _postgres(chosen["postgres"]), _redis(chosen["redis"])):
            open_containers.enter_context(container)
        yield Settings(
            data_dir=data_dir,
            kafka_bootstrap=f"127.0.0.1:{chosen['kafka']}",
            postgres_url=f"postgresql://annal:{SECRET}@127.0.0.1:{chosen['postgres']}/annal",
            redis_url=f"redis://:{SECRET}@127.0.0.1:{chosen['redis']}/0",
        )


def _kafka(port: int) -> DockerContainer:
    text = PROPERTIES.format(port=port, controller=port + 1, directory="/tmp/kafka")  # noqa: S108 - in the container
    # A port of the container is reached from outside only if it listens on all its addresses.
    properties = dict(line.split("=", 1) for line in text.splitlines())
    properties["listeners"] = f"PLAINTEXT://:{port},CONTROLLER://:{port + 1}"
    container = DockerContainer("apache/kafka:4.3.0").with_bind_ports(port, port)
    for name, value in properties.items():
        container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", value)
    return container.waiting_for(LogMessageWaitStrategy("Kafka Server started"))


def _postgres(port: int) -> DockerContainer:
    container = DockerContainer("pgvector/pgvector:pg18").with_bind_ports(5432, port)
    container.with_envs(POSTGRES_USER="annal", POSTGRES_PASSWORD=SECRET, POSTGRES_DB="annal")
    # It starts twice: once for itself alone, to make the database, and then for everyone.
    return container.waiting_for(LogMessageWaitStrategy("database system is ready to accept connections", times=2))


def _redis(port: int) -> DockerContainer:
    container = DockerContainer("redis:7-alpine").with_bind_ports(6379, port)
    container.with_command(f"redis-server --requirepass {SECRET}")
    return container.waiting_for(LogMessageWaitStrategy("Ready to accept connections"))
