"""The tables in PostgreSQL: made where they are missing, and made anew when their definition changed."""

import hashlib

from sqlalchemy import Column, Connection, MetaData, Table, Text, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from infra import postgres
from infra.settings import Settings, Unusable
from projections import read_models as _  # noqa: F401 - every read model adds its table to the metadata
from projections.tables import metadata

ONE_AT_A_TIME = 7_215_201
"""The advisory lock that the makers of tables queue for; any number that nobody else uses."""

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
                metadata.drop_all(connection)
                connection.execute(made.delete())
            metadata.create_all(connection)
            _note(connection)
            return changed
    except OperationalError as error:
        raise Unusable(f"The tables cannot be made in PostgreSQL ({error.orig}): see ANNAL_POSTGRES_URL.") from error
    finally:
        engine.dispose()


def _changed(connection: Connection) -> list[str]:
    before = {row.name: row.definition for row in connection.execute(made.select())}
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
    return {table.name: _fingerprint(table, connection) for table in metadata.sorted_tables}


def _fingerprint(table: Table, connection: Connection) -> str:
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    statements: list[ExecutableDDLElement] = [CreateTable(table), *map(CreateIndex, indexes)]
    return hashlib.sha256("".join(str(each.compile(connection)) for each in statements).encode()).hexdigest()
