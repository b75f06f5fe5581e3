"""Tables are made once, and made anew only when they changed and one says so."""

from collections.abc import Iterator

import psycopg
import pytest

from infra import tables
from infra.settings import Settings, Unusable


@pytest.fixture
def empty(stack: Settings) -> Iterator[Settings]:
    """Settings with a database of the test's own."""
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        yield stack.model_copy(update={"postgres_url": stack.postgres_url.rsplit("/", 1)[0] + "/empty"})
        connection.execute("DROP DATABASE empty")


def test_tables_are_made_once(empty: Settings) -> None:
    assert tables.make(empty) == []
    _hold_a_position(empty)
    assert tables.make(empty) == []
    assert _positions(empty) == 1


def test_changed_tables_are_made_anew_only_when_told(empty: Settings) -> None:
    tables.make(empty)
    _hold_a_position(empty)
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("UPDATE tables_made SET definition = 'of yesterday' WHERE name = 'positions'")
    with pytest.raises(Unusable, match=r"positions .* `annal project --anew`"):
        tables.make(empty)
    assert _positions(empty) == 1
    assert tables.make(empty, anew=True) == ["positions"]
    assert _positions(empty) == 0
    assert tables.make(empty) == []


def test_a_changed_read_model_may_be_built_beside_the_former(empty: Settings) -> None:
    tables.make(empty)
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("UPDATE tables_made SET definition = 'of yesterday' WHERE name = 'resource'")
    with pytest.raises(Unusable, match=r"resource .* `annal projection build` .* `annal project --anew`"):
        tables.make(empty)


def test_other_versions_of_a_read_model_are_nobodys_concern_until_all_is_made_anew(empty: Settings) -> None:
    tables.make(empty)
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("CREATE TABLE resource__before (a int)")
        connection.execute("INSERT INTO tables_made (name, definition) VALUES ('resource__before', 'of yesterday')")
    assert tables.make(empty) == []
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("UPDATE tables_made SET definition = 'of yesterday' WHERE name = 'positions'")
    assert tables.make(empty, anew=True) == ["positions"]
    with psycopg.connect(empty.postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('resource__before')").fetchone() == (None,)


def _hold_a_position(settings: Settings) -> None:
    columns = "projection, domain, partition, read_to, head, answered, fact_time"
    with psycopg.connect(settings.postgres_url) as connection:
        connection.execute(f"INSERT INTO positions ({columns}) VALUES ('p', 'd', 0, 1, '', 1, 1)")  # noqa: S608 - constant


def _positions(settings: Settings) -> int:
    with psycopg.connect(settings.postgres_url) as connection:
        return connection.execute("TABLE positions").rowcount
