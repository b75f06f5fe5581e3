"""How each table was made: a note of its definition, so that no program takes a table for one that it knows."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

made = Table(
    "tables_made",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("definition", Text, nullable=False, comment="SHA-256 of the statements that made the table"),
)

_POSTGRES = dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's


def statements(table: Table) -> list[str]:
    """Give the statements that make a table."""
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    making: list[ExecutableDDLElement] = [CreateTable(table), *map(CreateIndex, indexes)]
    return [str(each.compile(dialect=_POSTGRES)) for each in making]


def fingerprint(statements: Iterable[str]) -> str:
    return hashlib.sha256("".join(statements).encode()).hexdigest()
