"""The tables of the vault, in a schema of their own: not read models, and never made anew."""

from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, func, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from infra import postgres
from infra.settings import Settings, Unusable

ONE_AT_A_TIME = 7_215_202
"""The advisory lock that the makers of the tables queue for; any number that nobody else uses."""

metadata = MetaData(schema="vault")


def _made() -> Column[Any]:
    return Column("made_time", DateTime(timezone=True), nullable=False, server_default=func.now())


# What was destroyed is to leave the disk soon, not when a fifth of the table has changed: one dead row is enough.
_FORGETFUL = {"autovacuum_vacuum_threshold": "0", "autovacuum_vacuum_scale_factor": "0"}

Table(
    "person_key",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("wrapped", LargeBinary, comment="NULL once the person is erased"),
    _made(),
    Column("erased_time", DateTime(timezone=True)),
    postgresql_with=_FORGETFUL,
)
Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    _made(),
)
Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    _made(),
    Column("active_from", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True)),
    postgresql_with=_FORGETFUL,
)
ROWS = {"person_key": "account_id", "secret": "name", "signing_key": "kid"}
"""The tables and what names their rows; a wrapped key is wrapped for the table and that name."""


def make(settings: Settings) -> None:
    """Make the schema and the tables that are missing. Raises Unusable."""
    engine = postgres.engine(settings)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            connection.execute(CreateSchema("vault", if_not_exists=True))
            metadata.create_all(connection)
    except OperationalError as error:
        raise Unusable(f"The vault cannot be made in PostgreSQL ({error.orig}): see ANNAL_POSTGRES_URL.") from error
    finally:
        engine.dispose()
