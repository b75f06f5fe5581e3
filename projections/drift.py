"""What the standing audit does: the facts of some subjects are folded again, and compared with their rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from psycopg import IsolationLevel, sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import set_json_loads
from sqlalchemy import Table

from infra import telemetry
from infra.postgres import Connection
from projections import quarantine, statements, versions
from projections.projection import Projection, Row
from projections.read_models import READ_MODELS
from projections.reading import sentence
from schemas.domains import FACTS
from schemas.message import Actor, FactMeta, Recorded

SAMPLE = 20
"""Subjects of each read model that are looked at."""

MOST_FACTS = 1_000
"""Of a subject; one that has more is left out."""

FEW = 5_000
"""Rows among which the sample is drawn by chance: reading all of a large table would take too long."""

MISSING = "the row is missing"
"""What is said instead of columns of a row that is due and not there."""

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


class _Kept(NamedTuple):
    """What a row is by: the version of its subject, and the position of its last fact."""

    version: int
    position: str


class Reached(NamedTuple):
    """How far a projection has read each journal of a domain, which subjects it holds, and which facts it goes without.

    Journals are named as in a position.
    """

    read_to: Mapping[str, int]
    held: set[str]
    skipped: set[str]

    def knows(self, subject: str, position: str) -> bool:
        name, _, offset = position.rpartition(":")
        return subject not in self.held and self.read_to.get(name, -1) >= int(offset)

    def is_behind(self, other: "Reached") -> bool:
        return any(self.read_to.get(name, -1) < read_to for name, read_to in other.read_to.items())


async def drifted(connection: Connection) -> list[Drifted]:
    """Give all rows that are known not to be what their facts make."""
    async with connection.cursor(row_factory=class_row(Drifted)) as cursor:
        await cursor.execute("SELECT projection, subject, columns, since FROM drifted_row ORDER BY 1, 2")
        return await cursor.fetchall()


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
            compared, differing = await _compare(connection, projection, known)
    finally:
        await connection.set_isolation_level(None)
    await note(connection, projection.name, compared, differing, known)
    return differing


async def _compare(
    connection: Connection, projection: Projection, known: Sequence[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Give the subjects compared, and the columns of those that differ; all is as it was at one moment."""
    sample = await _sample(connection, projection.table, known)
    subjects = list({*sample, *known, *await _told_of(connection, projection)})
    facts = await facts_of(connection, projection, subjects, max((kept.version for kept in sample.values()), default=1))
    ours, theirs = [await reached(connection, projection, name, subjects) for name in (projection.name, "history")]
    rows: list[Row] = []
    compared: list[str] = []
    differing: dict[str, list[str]] = {}
    for subject in subjects:
        kept, told = sample.get(subject), facts.get(subject, [])
        due = _before(kept, told) if kept else [fact for fact in told if ours.knows(subject, fact["position"])]
        if kept and len(due) < kept.version:
            if not theirs.knows(subject, kept.position) or theirs.skipped:
                continue  # The history lags behind the row; another time it will not.
            differing[subject] = ["version"]
        elif not kept and (subject in ours.held or (not due and theirs.is_behind(ours))):
            continue
        else:
            try:
                row = folded(projection, [fact for fact in due if fact["position"] not in ours.skipped])
            except Exception as error:  # noqa: BLE001 - whatever the fold does not like is what the audit is for
                differing[subject] = [sentence(error)]
            else:
                rows += [row] if kept else []
                differing |= {subject: [MISSING]} if row and not kept else {}
        compared.append(subject)
    return compared, differing | await _differing(connection, projection.table, rows)


def _before(kept: _Kept, facts: Sequence[Row]) -> list[Row]:
    """Give the facts that made a row what it is."""
    return [fact for fact in facts if fact["version"] <= kept.version]


def folded(projection: Projection, facts: Sequence[Row]) -> Row:
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
    (SELECT {key}, version, position FROM {table} TABLESAMPLE SYSTEM ({share}) WHERE version <= {most}
    ORDER BY random() LIMIT {sample})
    UNION SELECT {key}, version, position FROM {table} WHERE {key} = ANY(%s)
"""
_TOLD_OF = """
    SELECT known.subject FROM (
        SELECT subject FROM history TABLESAMPLE SYSTEM ({share}) WHERE domain = %s AND version = 1
        ORDER BY random() LIMIT {sample}
    ) AS known LEFT JOIN {table} AS kept ON kept.{key} = known.subject WHERE kept.{key} IS NULL
"""
_REACHED = "SELECT concat_ws(':', domain, partition), read_to FROM positions WHERE (projection, domain) = (%s, %s)"
_HELD = "SELECT DISTINCT subject FROM held_fact WHERE (projection, domain) = (%s, %s) AND subject = ANY(%s)"
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


async def _sample(connection: Connection, table: Table, known: Sequence[str]) -> dict[str, _Kept]:
    """Give some subjects with what their row is by."""
    query = sql.SQL(_SAMPLE).format(
        key=sql.Identifier(statements.key_names(table)[0]),
        table=sql.Identifier(table.name),
        share=await _share(connection, table.name),
        most=sql.Literal(MOST_FACTS),
        sample=sql.Literal(SAMPLE),
    )
    found = await (await connection.execute(query, [list(known)])).fetchall()
    return {subject: _Kept(version, position) for subject, version, position in found}


async def _told_of(connection: Connection, projection: Projection) -> list[str]:
    """Give those among some subjects of the history that have no row."""
    query = sql.SQL(_TOLD_OF).format(
        key=sql.Identifier(statements.key_names(projection.table)[0]),
        table=sql.Identifier(projection.name),
        share=await _share(connection, "history"),
        sample=sql.Literal(SAMPLE),
    )
    found = await connection.execute(query, [projection.domains[0].name])
    return [subject for (subject,) in await found.fetchall()]


async def _share(connection: Connection, table: str) -> sql.Literal:
    """Say how many percent of a table are to be read, to come upon few rows."""
    counted = await connection.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [f'"{table}"'])
    (rows,) = await counted.fetchone() or (0,)
    return sql.Literal(100 if rows <= FEW else 100 * FEW / rows)


async def facts_of(
    connection: Connection, projection: Projection, subjects: Sequence[str], most: int
) -> dict[str, list[Row]]:
    facts: dict[str, list[Row]] = {}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_FACTS, [projection.domains[0].name, subjects, most])
        for row in await cursor.fetchall():
            facts.setdefault(row["subject"], []).append(row)
    return facts


async def reached(connection: Connection, projection: Projection, name: str, subjects: Sequence[str]) -> Reached:
    """Say of the projection, or of another of this name, how far it has come with the domain and the subjects."""
    domain = projection.domains[0].name
    read_to = await (await connection.execute(_REACHED, [name, domain])).fetchall()
    held = await (await connection.execute(_HELD, [name, domain, [each.encode() for each in subjects]])).fetchall()
    skipped = await (await connection.execute(quarantine.SKIPPED, {"name": name})).fetchall()
    return Reached(dict(read_to), {bytes(each).decode() for (each,) in held}, {each for (each,) in skipped})


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


async def note(
    connection: Connection,
    name: str,
    compared: Sequence[str],
    differing: Mapping[str, list[str]],
    known: Sequence[str],
) -> None:
    """Keep what was found where all processes see it, and say it once."""
    healed = [subject for subject in compared if subject not in differing]
    await connection.execute(_HEALED, [name, healed])
    for subject, columns in differing.items():
        said = {"projection": name, "subject": subject, "columns": columns}
        await connection.execute(_DRIFTED, said)
        if subject not in known:
            log.error("a row is not what the facts of its subject make", **said)
