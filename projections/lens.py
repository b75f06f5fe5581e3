"""The lens through which every query sees the read models as they were: a schema of views with the tables' own names.

A query that runs with the schema `past` before `public` on its search path asks the views, whatever it asks: what it
finds is as of the moment that the transaction names, or as of the places in journals that it names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from infra.postgres import Connection
from projections import history, kind, login
from projections.past import SUBJECTS
from projections.projection import Projection
from projections.reading import Place
from schemas.message import Position
from schemas.problems import Problem

LOOKED_BACK_BY = frozenset({*SUBJECTS, kind.projection.domains[0].name})
"""The domains of whose positions it is known when they were."""

PATIENCE = "5s"
"""What one query of what was may take: lists look at every subject of a domain."""

POSITION = re.compile(r"[a-z_]+:[0-9]+:[0-9]+")
_MOMENT = TypeAdapter(AwareDatetime)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AsOf:
    """What is looked back to: facts up to these offsets, and in other journals those up to the moment.

    With `places` alone the moment is that of their newest fact, which is found when the query runs.
    """

    moment: datetime | None = None
    places: Mapping[Place, int] = field(default_factory=dict)

    def positions(self) -> list[Position]:
        return [Position(*place, offset) for place, offset in self.places.items()]


def moment_of(text: str, now: datetime) -> datetime:
    """Read a moment that has passed. Raises Problem."""
    try:
        found = _MOMENT.validate_strings(text.replace(" ", "+"))
    except ValidationError:
        told = f"'{text[:100]}' is no moment: write it with its offset, such as 2026-01-05T09:30:00Z, or a position."
        raise Problem("moment_invalid", told) from None
    if found > now:
        raise Problem("moment_in_future", f"{text[:100]} has not come yet; ask for a moment that has passed.")
    return found


async def look_back(connection: Connection, as_of: AsOf, moment: datetime | None) -> None:
    """Let the rest of a transaction see what was so at the moment, or at the places."""
    places = {f"{place.domain}:{place.partition}": offset for place, offset in as_of.places.items()}
    await connection.execute(
        "SELECT set_config('annal.moment', %s, true), set_config('annal.places', %s, true),"
        f" set_config('statement_timeout', '{PATIENCE}', true),"
        # What is named after `past` is looked for there first, `now()` too.
        " set_config('search_path', 'past, public, pg_catalog', true)",
        [(moment or _BEGINNING).isoformat(), orjson.dumps(places).decode()],
    )


# ── how it is made ────────────────────────────────────────────────────────────────────────────────────────────────────

_SEEN = """
    CREATE FUNCTION past.seen(at timestamptz, place text, read_at bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT coalesce(
            read_at <= (current_setting('annal.places')::jsonb ->> place)::bigint,
            at <= current_setting('annal.moment')::timestamptz
        )
    $$
"""
_NOW = """
    CREATE FUNCTION past.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
        SELECT current_setting('annal.moment')::timestamptz
    $$
"""
_UNCHANGING: tuple[tuple[Projection, str], ...] = (
    (kind.projection, "defined_time"),
    (login.projection, "time"),
    (history.projection, "time"),
)
"""Read models whose rows stay as they are, with the column that says since when they are there."""


def statements() -> Iterator[str]:
    """Give what makes the lens, anew if it is there: its views depend on tables, which are not dropped before it."""
    yield "DROP SCHEMA IF EXISTS past CASCADE"
    yield "CREATE SCHEMA past"
    yield _SEEN
    yield _NOW
    for domain, projection in SUBJECTS.items():
        yield _view_of_subjects(domain, projection.table)
    for projection, since in _UNCHANGING:
        yield _view_of_rows(projection.table, since)


def _view_of_subjects(domain: str, table: Table) -> str:
    (key,) = (column.name for column in table.primary_key.columns)
    kept = [column for column in table.columns if column.computed is None]
    typed = ", ".join(f'"{column.name}" {column.type.compile(postgresql.dialect())}' for column in kept)  # type: ignore[no-untyped-call] # SQLAlchemy's
    # The key is the one that rows are kept by, so that a query for it goes through the index.
    named = ", ".join(f'newest.subject AS "{key}"' if column.name == key else f'"{column.name}"' for column in kept)
    computed = "".join(
        f', {column.computed.sqltext} AS "{column.name}"' for column in table.columns if column.computed is not None
    )
    return f"""
        CREATE VIEW past.{table.name} AS SELECT known.*{computed} FROM (
            SELECT {named} FROM (
                SELECT DISTINCT ON (subject) subject, state FROM public.past
                WHERE domain = '{domain}' AND past.seen(time, domain || ':' || partition, read_at)
                ORDER BY subject, version DESC
            ) AS newest CROSS JOIN LATERAL jsonb_to_record(newest.state) AS state ({typed})
        ) AS known
    """  # noqa: S608 - names of our own


def _view_of_rows(table: Table, since: str) -> str:
    place = "split_part(position, ':', 1) || ':' || split_part(position, ':', 2), split_part(position, ':', 3)::bigint"
    return f"CREATE VIEW past.{table.name} AS SELECT * FROM public.{table.name} WHERE past.seen({since}, {place})"  # noqa: S608 - names of our own
