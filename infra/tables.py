"""The tables in PostgreSQL: made where they are missing, and made anew when their definition changed."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import Column, Connection, MetaData, Table, Text, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from infra import postgres
from infra.settings import Settings, Unusable
from projections import lens
from projections import read_models as _  # noqa: F401 - every read model adds its table to the metadata
from projections.tables import metadata

ONE_AT_A_TIME = 7_215_201
"""The advisory lock that the makers of tables queue for; any number that nobody else uses."""

LENS = "past.*"
"""The name under which the views of what was are noted."""

_ours = MetaData()
made = Table(
    "tables_made",
    _ours,
    Column("name", Text, primary_key=True),
    Column("definition", Text, nullable=False, comment="SHA-256 of the statements that made the table"),
)


def make(settings: Settings, *, anew: bool = False) -> list[str]:
    """Make the missing tables; give the names of those whose definition changed. Raises Unusable if any did.

    Read models hold nothing that the facts do not: with `anew` all are dropped when one has changed, instead, and the
    projections fill them again from the first fact.
    """
    engine = postgres.engine(settings)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            _ours.create_all(connection)
            changed = _changed(connection)
            if changed:
                if not anew:
                    raise Unusable(
                        f"The tables {', '.join(changed)} were made by another version of Annal: run `annal project "
                        "--anew` once, which drops the read models and fills them again from the facts."
                    )
                connection.execute(text("DROP SCHEMA IF EXISTS past CASCADE"))
                metadata.drop_all(connection)
                connection.execute(made.delete())
            metadata.create_all(connection)
            _note(connection)
            if _noted_lens(connection) != _fingerprint(lens.statements()):
                make_lens(connection)
            return changed
    except OperationalError as error:
        raise Unusable(f"The tables cannot be made in PostgreSQL ({error.orig}): see ANNAL_POSTGRES_URL.") from error
    finally:
        engine.dispose()


def make_lens(connection: Connection) -> None:
    """Make the views of what was anew, over the tables as they are now."""
    for statement in lens.statements():
        connection.exec_driver_sql(statement)
    connection.execute(made.delete().where(made.c.name == LENS))
    connection.execute(made.insert(), {"name": LENS, "definition": _fingerprint(lens.statements())})


def _noted_lens(connection: Connection) -> str | None:
    return connection.execute(select(made.c.definition).where(made.c.name == LENS)).scalar()


def _changed(connection: Connection) -> list[str]:
    before = {row.name: row.definition for row in connection.execute(made.select()) if row.name != LENS}
    now = _definitions(connection)
    return sorted(name for name in before if now.get(name) != before[name])


def _note(connection: Connection) -> None:
    noted = {row.name for row in connection.execute(made.select())}
    new = [
        {"name": name, "definition": definition}
        for name, definition in _definitions(connection).items()
        if name not in noted
    ]
    if new:
        connection.execute(made.insert(), new)


def _definitions(connection: Connection) -> dict[str, str]:
    """A fingerprint of each table: of the very statements that make it."""
    return {table.name: _fingerprint(_statements(table, connection)) for table in metadata.sorted_tables}


def _statements(table: Table, connection: Connection) -> list[str]:
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    statements: list[ExecutableDDLElement] = [CreateTable(table), *map(CreateIndex, indexes)]
    return [str(each.compile(connection)) for each in statements]


def _fingerprint(statements: Iterable[str]) -> str:
    return hashlib.sha256("".join(statements).encode()).hexdigest()
