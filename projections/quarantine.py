"""The quarantine: facts that could not be applied, each holding back its subject, and how a subject gets out of it."""

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg.rows import class_row, dict_row
from psycopg.types.json import set_json_loads

from infra.postgres import Connection
from infra.records import Record
from infra.settings import Unusable
from projections import statements
from projections.fold import EARLIER, fold, wanted
from projections.projection import Key, Projection, Row
from projections.reading import Place, Told, told
from projections.rows import UNWRITABLE, look_up, reason
from projections.versions import pinned
from schemas.message import Position


class HeldSubject(NamedTuple):
    """A subject that one projection holds back: since when, how many facts, and what is wrong with the first."""

    projection: str
    subject: bytes
    facts: int
    first: str
    error: str
    since: datetime


class Resumed(NamedTuple):
    """What came of facts that were held: those that could be applied, and those that could not; `error` says why.

    `row` is the last row that was written, None if none was.
    """

    applied: Sequence[str]
    left: Sequence[str]
    error: str | None
    row: Row | None


_SUBJECTS = """
    SELECT projection, subject, count(*) AS facts,
        (array_agg(concat_ws(':', domain, partition, read_at) ORDER BY domain, partition, read_at))[1] AS first,
        (array_agg(error ORDER BY domain, partition, read_at))[1] AS error, min(held_time) AS since
    FROM held_fact GROUP BY projection, subject ORDER BY projection, since, subject
"""
_HELD = """
    SELECT domain, partition, read_at, value, headers, error FROM held_fact
    WHERE projection = %s AND subject = %s ORDER BY domain, partition, read_at
"""
_SUBJECT_AT = "SELECT subject FROM held_fact WHERE projection = %s AND (domain, partition, read_at) = (%s, %s, %s)"
_APPLIED = "DELETE FROM held_fact WHERE projection = %s AND (domain, partition, read_at) = (%s, %s, %s)"
_STILL = "UPDATE held_fact SET error = %s WHERE projection = %s AND (domain, partition, read_at) = (%s, %s, %s)"

SKIPPED = """
    SELECT data ->> 'position' FROM history JOIN to_regclass(quote_ident(%(name)s)) AS live ON true
    WHERE domain = 'projection' AND subject = %(name)s AND type = 'projection.skipped'
        AND coalesce(data ->> 'build', '') IN ('', coalesce(obj_description(live, 'pg_class'), 'table ' || live::oid))
"""
"""The positions of the facts that the live version of a projection goes without, by its name.

Another version has all facts again, and so has what is live after a switch: a skip is of one build.
"""


async def subjects(connection: Connection) -> list[HeldSubject]:
    """Give every subject that is held back, in every projection."""
    async with connection.cursor(row_factory=class_row(HeldSubject)) as cursor:
        await cursor.execute(_SUBJECTS)
        return await cursor.fetchall()


async def held(connection: Connection, projection: Projection, subject: bytes) -> list[tuple[Told, str]]:
    """Give the facts of a subject that are held, in order, as this program reads them, each with its error."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_HELD, [projection.name, subject])
        rows = await cursor.fetchall()
    if not rows:
        raise Unusable(f"{projection.name} holds nothing back of {subject.decode(errors='replace')}.")
    return [(_told(projection, subject, row), row["error"]) for row in rows]


def _told(projection: Projection, subject: bytes, row: Mapping[str, Any]) -> Told:
    headers = [(name, base64.b64decode(value)) for name, value in row["headers"]]
    record = Record(row["read_at"], 0, subject, bytes(row["value"]), headers)
    return told(projection, Place(row["domain"], row["partition"]), record)


async def resume(
    connection: Connection, projection: Projection, subject: bytes, *, without: str | None = None, dry: bool = False
) -> Resumed:
    """Apply held facts in order, `without` the one at this position, up to the first that cannot be; all or nothing.

    `dry` changes nothing. Nobody else writes rows of the projection meanwhile. Raises Unusable.
    """
    set_json_loads(orjson.loads, connection)
    async with connection.transaction(force_rollback=dry), pinned(connection, projection.name):
        facts = [fact for fact, _ in await held(connection, projection, subject)]
        if without is not None:
            await connection.execute(_APPLIED, [projection.name, *_at(without)])
            facts = [fact for fact in facts if fact.position != without]
        applied, row, error = await _apply(connection, projection, facts)
        left = facts[len(applied) :]
        for fact in applied:
            await connection.execute(_APPLIED, [projection.name, *_at(fact.position)])
        for n, fact in enumerate(left):
            await connection.execute(_STILL, [EARLIER if n else error, projection.name, *_at(fact.position)])
    return Resumed([fact.position for fact in applied], [fact.position for fact in left], error, row)


async def _apply(
    connection: Connection, projection: Projection, facts: Sequence[Told]
) -> tuple[list[Told], Row | None, str | None]:
    """Write facts one after the other, and say why the first cannot be that cannot."""
    rows: dict[Key, Row] = {}
    applied: list[Told] = []
    row = None
    for fact in facts:
        if keys := [key for key in wanted(projection, [fact]) if key not in rows]:
            rows |= await look_up(connection, projection.table, statements.rows_of(projection.table), keys)
        folded = fold(projection, rows, [fact])
        if folded.held:
            return applied, row, folded.held[0][1]
        try:
            async with connection.transaction():
                new = statements.parameter(folded.rows.values())
                await connection.execute(statements.keep(projection.table), {"rows": new})
        except UNWRITABLE as error:
            return applied, row, reason(error)
        rows |= folded.rows
        row = next(iter(folded.rows.values()), row)
        applied.append(fact)
    return applied, row, None


async def first_at(connection: Connection, projection: Projection, position: str) -> bytes:
    """Give the subject that the fact at a position holds back. Raises Unusable if none is held there, or behind one."""
    found: Any = await (await connection.execute(_SUBJECT_AT, [projection.name, *_at(position)])).fetchone()
    if found is None:
        raise Unusable(f"{projection.name} holds no fact at {position}: `annal quarantine list` shows what is held.")
    subject = bytes(found[0])
    first = (await held(connection, projection, subject))[0][0].position
    if first != position:
        raise Unusable(f"{position} only waits behind {first}, which cannot be applied: see to that one first.")
    return subject


def _at(position: str) -> tuple[str, int, int]:
    """Read a position. Raises Unusable."""
    with suppress(ValueError):
        read = Position.parse(position)
        if read.domain:
            return read.domain, read.partition, read.offset
    raise Unusable(f"'{position}' is no position: write it as domain:partition:offset, such as resource:3:17.")
