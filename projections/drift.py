"""The standing audit: now and then the facts of some subjects are folded again, and compared with their rows."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import set_json_loads
from sqlalchemy import Table

from infra import postgres, telemetry
from infra.postgres import Connection
from infra.settings import Settings
from projections import metrics, quarantine, statements, versions
from projections.projection import Projection, Row
from projections.read_models import READ_MODELS
from projections.reading import sentence
from schemas.domains import FACTS
from schemas.message import Actor, FactMeta, Recorded

EVERY = 60.0
"""Seconds between two audits."""

SAMPLE = 20
"""Subjects of each read model that are looked at."""

MOST_FACTS = 1_000
"""Of a subject; one that has more is left out."""

FEW = 5_000
"""Rows among which the sample is drawn by chance: reading all of a large table would take too long."""

ONE = 7_215_207
"""The advisory lock of the one process that audits; any number that nobody else uses."""

AUDITED: tuple[Projection, ...] = tuple(
    each for each in READ_MODELS if len(each.table.primary_key) == len(each.domains) == 1 and "version" in each.table.c
)
"""The read models that have one row for each subject."""

log = telemetry.log(__name__)


class Drifted(NamedTuple):
    """A row that is not what the facts of its subject make: the columns that differ, and since when that is known."""

    projection: str
    subject: str
    columns: list[str]
    since: datetime


async def run(settings: Settings) -> None:
    """Audit until cancelled, in one process among as many as run."""
    while True:
        try:
            async with await postgres.connect(settings) as connection:
                await _audit_all(connection)
        except (psycopg.Error, OSError) as error:
            log.warning("cannot audit the read models", reason=str(error), again_in=EVERY)
        except Exception:
            log.exception("the audit of the read models failed")
        await asyncio.sleep(EVERY)


async def drifted(connection: Connection) -> list[Drifted]:
    """Give all rows that are known not to be what their facts make."""
    async with connection.cursor(row_factory=class_row(Drifted)) as cursor:
        await cursor.execute("SELECT projection, subject, columns, since FROM drifted_row ORDER BY 1, 2")
        return await cursor.fetchall()


async def _audit_all(connection: Connection) -> None:
    """Audit again and again, if nobody else does."""
    mine: Any = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", [ONE])).fetchone()
    while mine[0]:
        for projection in AUDITED:
            await audit(connection, projection)
        known = Counter(row.projection for row in await drifted(connection))
        for projection in AUDITED:
            metrics.DRIFT.labels(projection.name).set(known[projection.name])
        await asyncio.sleep(EVERY)


async def audit(connection: Connection, projection: Projection) -> dict[str, list[str]]:
    """Look at a sample of subjects, and at those known to have drifted; give the columns of each that differ."""
    set_json_loads(orjson.loads, connection)
    found = await versions.find(connection, projection.name)
    if found is None or found.definition != versions.definition(projection):
        return {}
    known = [row.subject for row in await drifted(connection) if row.projection == projection.name]
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with connection.transaction():
            looked_at, differing = await _compare(connection, projection, known)
    finally:
        await connection.set_isolation_level(None)
    await _note(connection, projection, looked_at, differing, known)
    return differing


async def _compare(
    connection: Connection, projection: Projection, known: Sequence[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Give the subjects looked at, and the columns of those that differ; all is as it was at one moment."""
    sample = await _sample(connection, projection.table, known)
    facts = await _facts(connection, projection, sample)
    skipped = await _skipped(connection, projection)
    rows: list[Row] = []
    differing: dict[str, list[str]] = {}
    for subject, version in sample.items():
        told = facts.get(subject, [])[:version]
        if len(told) < version:
            continue  # The history lags behind the row; another time it will not.
        try:
            rows.append(_fold(projection, [fact for fact in told if fact["position"] not in skipped]))
        except Exception as error:  # noqa: BLE001 - whatever the fold does not like is what the audit is for
            differing[subject] = [sentence(error)]
    return list(sample), differing | await _differing(connection, projection.table, rows)


def _fold(projection: Projection, facts: Sequence[Row]) -> Row:
    row: Row | None = None
    for fact in facts:
        row = projection.project(row, _recorded(fact), fact["position"])
    return row or {}


def _recorded(row: Row) -> Recorded:
    """Give a fact as the history has it; of its command only the id is there."""
    meta = FactMeta(
        id=row["fact_id"],
        type=row["type"],
        subject=row["subject"],
        version=row["version"],
        time=round(row["time"].timestamp() * 1000),
        actor=Actor(**row["actor"]),
        command_id=row["command_id"],
        command_type="",
        command_offset=0,
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
    )
    return Recorded(meta, FACTS[meta.type].model_validate(row["data"]))


# ── statements ────────────────────────────────────────────────────────────────────────────────────────────────────────

_SAMPLE = """
    (SELECT {key}, version FROM {table} TABLESAMPLE SYSTEM ({share}) WHERE version <= {most}
    ORDER BY random() LIMIT {sample})
    UNION SELECT {key}, version FROM {table} WHERE {key} = ANY(%s)
"""
_FACTS = "SELECT * FROM history WHERE domain = %s AND subject = ANY(%s) AND version <= %s ORDER BY subject, version"
_DIFFERING = """
    SELECT folded.{key}, array_remove(ARRAY[{columns}], NULL)
    FROM jsonb_populate_recordset(NULL::{table}, %s) AS folded JOIN {table} AS kept USING ({key})
"""
_HEALED = "DELETE FROM drifted_row WHERE projection = %s AND subject = ANY(%s)"
_DRIFTED = """
    INSERT INTO drifted_row (projection, subject, columns) VALUES (%(projection)s, %(subject)s, %(columns)s)
    ON CONFLICT (projection, subject) DO UPDATE SET columns = excluded.columns
"""


async def _sample(connection: Connection, table: Table, known: Sequence[str]) -> dict[str, int]:
    """Give some subjects with the version of their row."""
    counted = await connection.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [f'"{table.name}"'])
    (rows,) = await counted.fetchone() or (0,)
    query = sql.SQL(_SAMPLE).format(
        key=sql.Identifier(statements.key_names(table)[0]),
        table=sql.Identifier(table.name),
        share=sql.Literal(100 if rows <= FEW else 100 * FEW / rows),
        most=sql.Literal(MOST_FACTS),
        sample=sql.Literal(SAMPLE),
    )
    return dict(await (await connection.execute(query, [list(known)])).fetchall())


async def _facts(connection: Connection, projection: Projection, sample: Mapping[str, int]) -> dict[str, list[Row]]:
    facts: dict[str, list[Row]] = {}
    async with connection.cursor(row_factory=dict_row) as cursor:
        named = [projection.domains[0].name, list(sample), max(sample.values(), default=0)]
        await cursor.execute(_FACTS, named)
        for row in await cursor.fetchall():
            facts.setdefault(row["subject"], []).append(row)
    return facts


async def _skipped(connection: Connection, projection: Projection) -> set[str]:
    """Give the positions of the facts that the projection goes without."""
    found = await connection.execute(quarantine.SKIPPED, [projection.name])
    return {position for (position,) in await found.fetchall()}


async def _differing(connection: Connection, table: Table, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Compare rows with those that are kept, as PostgreSQL understands both."""
    columns = [
        sql.SQL("CASE WHEN folded.{0} IS DISTINCT FROM kept.{0} THEN {1} END").format(sql.Identifier(name), name)
        for name in (str(column.name) for column in table.columns if column.computed is None)
        if name not in statements.key_names(table)
    ]
    query = sql.SQL(_DIFFERING).format(
        key=sql.Identifier(statements.key_names(table)[0]),
        table=sql.Identifier(table.name),
        columns=sql.SQL(", ").join(columns),
    )
    found = await (await connection.execute(query, [statements.parameter(rows)])).fetchall()
    return {subject: columns for subject, columns in found if columns}


async def _note(
    connection: Connection,
    projection: Projection,
    looked_at: Sequence[str],
    differing: Mapping[str, list[str]],
    known: Sequence[str],
) -> None:
    """Keep what was found where all processes see it, and say it once."""
    healed = [subject for subject in {*looked_at, *known} if subject not in differing]
    await connection.execute(_HEALED, [projection.name, healed])
    for subject, columns in differing.items():
        said = {"projection": projection.name, "subject": subject, "columns": columns}
        await connection.execute(_DRIFTED, said)
        if subject not in known:
            log.error("a row is not what the facts of its subject make", **said)
