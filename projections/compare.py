"""Compares two versions of a read model row by row, in PostgreSQL, as they stand in one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from infra.postgres import Connection
from infra.settings import Unusable
from projections import statements
from projections.projection import Projection, Row

SHOWN = 10
"""How many differing rows are given."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same in both: by its key, and by its columns what each version has, None for no row."""

    key: tuple[Any, ...]
    columns: Mapping[str, tuple[Any, Any]]
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many rows each version has, how many of them are not the same, and the first of those.

    `uncompared` are the columns that only one of them has.
    """

    rows: int
    other_rows: int
    differing: int
    first: Sequence[Difference]
    uncompared: Sequence[str]


_TYPES = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_COUNT = """
    SELECT count({one_key}) AS rows, count({other_key}) AS other_rows, count(*) FILTER (WHERE {differs}) AS differing
    FROM {one} AS one FULL JOIN {other} AS other ON {same_key}
"""
_FIRST = """
    SELECT to_jsonb(one) AS one, to_jsonb(other) AS other FROM {one} AS one FULL JOIN {other} AS other ON {same_key}
    WHERE {differs} ORDER BY {keys} LIMIT {shown}
"""


async def compare(connection: Connection, projection: Projection, other: str) -> Compared:
    """Compare the live version with another, in a transaction of one snapshot. Raises Unusable."""
    one = projection.name
    of_one, of_other = await _types(connection, one), await _types(connection, other)
    keys = statements.key_names(projection.table)
    if not all(name in of_one and of_one[name] == of_other.get(name) for name in keys):
        raise Unusable(f"The rows of {one} and {other} have keys of their own, and cannot be compared one by one.")
    both = [name for name in of_one if name in of_other]
    # When a row became known is of each version its own.
    columns = [name for name in statements.written(projection.table) if name in both and name not in keys]
    named = {
        "one": sql.Identifier(one),
        "other": sql.Identifier(other),
        "one_key": sql.Identifier("one", keys[0]),
        "other_key": sql.Identifier("other", keys[0]),
        "same_key": sql.SQL(" AND ").join(map(_equal, keys)),
        "differs": _differs(keys[0], [(name, of_one[name] == of_other[name]) for name in columns]),
        "keys": sql.SQL(", ").join(
            sql.SQL("coalesce({}, {})").format(sql.Identifier("one", key), sql.Identifier("other", key)) for key in keys
        ),
        "shown": sql.Literal(SHOWN),
    }
    async with connection.cursor(row_factory=dict_row) as cursor:
        counts: Any = await (await cursor.execute(sql.SQL(_COUNT).format(**named))).fetchone()
        first = await (await cursor.execute(sql.SQL(_FIRST).format(**named))).fetchall() if counts["differing"] else []
    told = [_difference(keys, columns, {one: row["one"], other: row["other"]}) for row in first]
    return Compared(**counts, first=told, uncompared=sorted(of_one.keys() ^ of_other.keys()))


async def _types(connection: Connection, table: str) -> dict[str, str]:
    """Give the columns that are written, with their types."""
    return dict(await (await connection.execute(_TYPES, [f'"{table}"'])).fetchall())


def _equal(key: str) -> sql.Composed:
    return sql.SQL("{} = {}").format(sql.Identifier("one", key), sql.Identifier("other", key))


def _differs(key: str, columns: Sequence[tuple[str, bool]]) -> sql.Composed:
    """Say that one of the rows is missing, or a column is not the same; those of another type are compared as JSON."""
    missing = [sql.SQL("{} IS NULL").format(sql.Identifier(side, key)) for side in ("one", "other")]
    distinct = [
        sql.SQL("{0} IS DISTINCT FROM {1}" if alike else "to_jsonb({0}) IS DISTINCT FROM to_jsonb({1})").format(
            sql.Identifier("one", name), sql.Identifier("other", name)
        )
        for name, alike in columns
    ]
    return sql.SQL(" OR ").join([*missing, *distinct])


def _difference(keys: Sequence[str], columns: Sequence[str], rows: Mapping[str, Row | None]) -> Difference:
    (one, other), present = rows.values(), [row for row in rows.values() if row is not None]
    key = tuple(present[0][name] for name in keys)
    if one is None or other is None:
        return Difference(key, {}, missing=next(name for name, row in rows.items() if row is None))
    differing = {name: (one[name], other[name]) for name in columns if one[name] != other[name]}
    return Difference(key, differing)
