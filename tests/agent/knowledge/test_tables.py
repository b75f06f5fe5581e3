"""The tables stand where PostgreSQL has vectors, and it is said what to do where it has none."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from agent.knowledge import tables
from infra.settings import Settings, Unusable


@pytest.fixture
def humble(stack: Settings) -> Iterator[tuple[Settings, Settings]]:
    """Settings that reach a database as its owner, who may add nothing to PostgreSQL, and as an administrator."""
    name = f"humble_{uuid4().hex}"
    server = stack.postgres_url.rpartition("/")[0]
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'not-a-secret'")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        owners = f"postgresql://{name}:not-a-secret@{server.rpartition('@')[2]}/{name}"
        yield (
            stack.model_copy(update={"postgres_url": owners}),
            stack.model_copy(update={"postgres_url": f"{server}/{name}"}),
        )
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {name}")


def test_where_there_are_no_vectors_it_is_said_what_to_do(humble: tuple[Settings, Settings]) -> None:
    owner, administrator = humble
    with pytest.raises(Unusable, match=r"have its administrator run CREATE EXTENSION vector in this database\.$"):
        tables.make(owner)
    with psycopg.connect(administrator.postgres_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
    tables.make(owner)
    tables.make(owner)


def test_made_anew_they_are_empty(humble: tuple[Settings, Settings]) -> None:
    _, administrator = humble
    tables.make(administrator)
    with psycopg.connect(administrator.postgres_url, autocommit=True) as connection:
        connection.execute("INSERT INTO knowledge.document VALUES ('docs', 'a', 0, 'd')")
        tables.make(administrator)
        assert connection.execute("SELECT count(*) FROM knowledge.document").fetchone() == (1,)
        tables.make(administrator, anew=True)
        assert connection.execute("SELECT count(*) FROM knowledge.document").fetchone() == (0,)


def test_a_server_that_is_away_is_told_of(stack: Settings) -> None:
    away = stack.model_copy(update={"postgres_url": "postgresql://annal@127.0.0.1:1/annal"})
    with pytest.raises(Unusable, match="see ANNAL_POSTGRES_URL"):
        tables.make(away)
