"""Takes a database away from those who use it, as when its server stops, and gives it back."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from infra.settings import Settings


def cut(settings: Settings) -> None:
    """End all connections to the database."""
    server, _, name = settings.postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres") as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@contextmanager
def away(settings: Settings) -> Iterator[None]:
    """Let nobody connect to the database."""
    server, _, name = settings.postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cut(settings)
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
