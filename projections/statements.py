"""The SQL of the runner: places moved by compare-and-set, with rows in bulk."""

from collections.abc import Iterable, Sequence

import orjson
from psycopg import sql
from sqlalchemy import Table

from projections.projection import Row
from projections.tables import held_fact

CHANNEL = "annal_positions"
"""Where read doors hear how far a projection has come: its name, domain, partition, read_to, answered, fact_time."""

BEGIN = """
    INSERT INTO positions (projection, domain, partition, read_to, head, answered, fact_time)
    SELECT %(projection)s, domain, partition, -1, %(genesis)s, -1, 0
    FROM unnest(%(domain)s::text[], %(partition)s::int[]) AS place (domain, partition)
    ON CONFLICT DO NOTHING
"""

READ = """
    SELECT domain, partition, read_to, head, answered, fact_time
    FROM positions JOIN unnest(%(domain)s::text[], %(partition)s::int[]) AS place (domain, partition)
    USING (domain, partition) WHERE projection = %(projection)s
"""

MADE = """
    SELECT quote_ident(%(projection)s)::regclass::oid, (SELECT definition FROM tables_made WHERE name = %(projection)s)
"""
"""Which table has the name of a projection now, and how it was made."""

HELD = "SELECT subject, count(*) FROM held_fact WHERE projection = %(projection)s GROUP BY subject"


def rows_of(table: Table) -> bytes:
    """Give the rows whose keys are in one parameter of JSON."""
    # LIMIT keeps the planner to one look into the index for each key, however small it believes the table to be.
    template = (
        "SELECT known.* FROM jsonb_populate_recordset(NULL::{table}, %s) AS wanted "
        "CROSS JOIN LATERAL (SELECT {names} FROM {table} WHERE ({keys}) = ({wanted}) LIMIT 1) AS known"
    )
    keys = key_names(table)
    wanted = sql.SQL(", ").join(sql.Identifier("wanted", name) for name in keys)
    names = {"table": sql.Identifier(table.name), "names": _list(written(table)), "keys": _list(keys)}
    return sql.SQL(template).format(**names, wanted=wanted).as_bytes()


def write(table: Table) -> bytes:
    """Move places and write rows and held facts, all or nothing: nothing if any place is not where it was `before`.

    Nothing either if another table has taken the name of the one that was `made`, or if a fact waits `behind` one of
    its subject that is held no more. Who repairs keeps writers from the table: what they see is what stands after it.

    Who comes second waits for the row locks of who came first, and then finds the places moved. All rows are one
    parameter of JSON: that costs Python a thirtieth of one array for each column, and PostgreSQL no more.
    """
    parts = {"rows": _upsert(table, "rows", _IF_MOVED), "held": _upsert(held_fact, "held", _IF_MOVED)}
    names = {"channel": sql.Literal(CHANNEL), "table": sql.Literal(f'"{table.name}"')}
    return sql.SQL(_WRITE).format(**names, **parts).as_bytes()


def keep(table: Table) -> bytes:
    """Write the rows that are in one parameter of JSON, whatever the places are."""
    return _upsert(table, "rows", sql.SQL("")).as_bytes()


_IF_MOVED = sql.SQL("WHERE EXISTS (SELECT FROM moved)")
_WRITE = """
    WITH new AS (
        SELECT * FROM jsonb_to_recordset(%(places)s)
            AS new (domain text, partition int, before bigint, read_to bigint, head bytea, answered bigint,
                fact_time bigint)
    ), due AS (
        SELECT FROM positions JOIN new USING (domain, partition)
        WHERE projection = %(projection)s AND positions.read_to = new.before
            AND {table}::regclass::oid = %(made)s::oid
        FOR UPDATE OF positions
    ), moved AS (
        UPDATE positions SET read_to = new.read_to, head = new.head, answered = new.answered,
            fact_time = new.fact_time, moved_time = now()
        FROM new
        WHERE positions.projection = %(projection)s AND positions.domain = new.domain
            AND positions.partition = new.partition AND (SELECT count(*) FROM due) = (SELECT count(*) FROM new)
            AND NOT EXISTS (
                SELECT FROM unnest(%(behind)s::bytea[]) AS waiting (subject) WHERE NOT EXISTS (
                    SELECT FROM held_fact WHERE projection = %(projection)s AND held_fact.subject = waiting.subject
                )
            )
        RETURNING positions.*
    ), passed AS (
        INSERT INTO waypoint SELECT domain, partition, moved.read_to, moved.head, moved.fact_time
        FROM moved JOIN new USING (domain, partition)
        WHERE moved.projection = 'outcome' AND moved.read_to / 1000 > new.before / 1000 ON CONFLICT DO NOTHING
    ), written AS ({rows}), kept AS ({held})
    SELECT pg_notify({channel}, concat_ws(' ', projection, domain, partition, read_to, answered, fact_time)) FROM moved
"""


def _upsert(table: Table, parameter: str, condition: sql.SQL) -> sql.Composed:
    template = (
        "INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, {rows}) "
        "{condition} ON CONFLICT ({keys}) DO UPDATE SET {new}"
    )
    names = written(table)
    new = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names)
    return sql.SQL(template).format(
        table=sql.Identifier(table.name),
        names=_list(names),
        rows=sql.Placeholder(parameter),
        condition=condition,
        keys=_list(key_names(table)),
        new=new,
    )


def parameter(rows: Iterable[Row]) -> str:
    # Facts hold messages within them; those are their fields.
    return orjson.dumps(list(rows), default=vars).decode()


def bytea(value: bytes | None) -> str:
    """Give bytes as PostgreSQL reads them from JSON."""
    return "\\x" + (value or b"").hex()


def key_names(table: Table) -> list[str]:
    # SQLAlchemy's names are a kind of str that orjson takes for none.
    return [str(column.name) for column in table.primary_key.columns]


def written(table: Table) -> list[str]:
    """Give the columns that a fold makes; PostgreSQL makes the others."""
    return [str(column.name) for column in table.columns if column.computed is None and column.server_default is None]


def _list(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
