"""The tables in PostgreSQL: made where they are missing, and made anew when their definition changed."""

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from infra import postgres
from infra.settings import Settings, Unusable
from projections import lens
from projections.definitions import fingerprint, made, statements
from projections.read_models import READ_MODELS
from projections.tables import metadata
from projections.versions import MARK

ONE_AT_A_TIME = 7_215_201
"""The advisory lock that the makers of tables queue for; any number that nobody else uses."""

LENS = "past.*"
"""The name under which the views of what was are noted."""


def make(settings: Settings, *, anew: bool = False) -> list[str]:
    """Make the missing tables; give the names of those whose definition changed. Raises Unusable if any did.

    Read models hold nothing that the facts do not: with `anew` all are dropped when one has changed, instead, and the
    projections fill them again from the first fact.
    """
    engine = postgres.engine(settings)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            made.create(connection, checkfirst=True)
            changed = _changed(connection)
            if changed:
                if not anew:
                    raise Unusable(_advice(changed))
                _drop_all(connection)
            _create_all(connection)
            return changed
    except OperationalError as error:
        raise Unusable(f"The tables cannot be made in PostgreSQL ({error.orig}): see ANNAL_POSTGRES_URL.") from error
    finally:
        engine.dispose()


def empty(settings: Settings) -> None:
    """Make all tables anew, with nothing in them."""
    engine = postgres.engine(settings)
    with engine.begin() as connection:
        _drop_all(connection)
        _create_all(connection)
    engine.dispose()


def _advice(changed: list[str]) -> str:
    """Say what to do about tables of another version: read models can be made while people read the former ones."""
    told = f"The tables {', '.join(changed)} were made by another version of Annal: "
    if {projection.name for projection in READ_MODELS}.issuperset(changed):
        told += "`annal projection build` and `switch` each of them, while that version runs; or "
    return told + ("run `annal project --anew` once, which drops the read models and fills them again from the facts.")


def _create_all(connection: Connection) -> None:
    metadata.create_all(connection)
    _note(connection)
    if _noted_lens(connection) != fingerprint(lens.statements()):
        make_lens(connection)


def make_lens(connection: Connection) -> None:
    """Make the views of what was anew, over the tables as they are now."""
    for statement in lens.statements():
        connection.exec_driver_sql(statement)
    connection.execute(made.delete().where(made.c.name == LENS))
    connection.execute(made.insert(), {"name": LENS, "definition": fingerprint(lens.statements())})


def _noted_lens(connection: Connection) -> str | None:
    return connection.execute(select(made.c.definition).where(made.c.name == LENS)).scalar()


def _changed(connection: Connection) -> list[str]:
    before = {row.name: row.definition for row in connection.execute(made.select()) if _is_live(row.name)}
    now = _definitions()
    return sorted(name for name in before if now.get(name) != before[name])


def _note(connection: Connection) -> None:
    noted = {row.name for row in connection.execute(made.select())}
    new = [{"name": name, "definition": definition} for name, definition in _definitions().items() if name not in noted]
    if new:
        connection.execute(made.insert(), new)


def _definitions() -> dict[str, str]:
    """A fingerprint of each table: of the very statements that make it."""
    return {table.name: fingerprint(statements(table)) for table in metadata.sorted_tables}


def _is_live(name: str) -> bool:
    """Say whether a note is of a table that people read; other versions of it may well be of another definition."""
    return name != LENS and MARK not in name


def _drop_all(connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA IF EXISTS past CASCADE"))
    for (name,) in connection.execute(select(made.c.name)).all():
        if MARK in name:
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"')
    metadata.drop_all(connection)
    connection.execute(made.delete())
