"""Versions of a read model: the live table, one that is built beside it, and the one that was live before.

A version is a table with places of its own in `positions`, told apart by name alone: `resource`, `resource__next` and
`resource__before`. Nobody follows the other two; whoever repairs moves them forward when it is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import MetaData
from sqlalchemy.sql import quoted_name

from infra.postgres import Connection
from infra.settings import Unusable
from projections import lens
from projections.definitions import fingerprint, statements
from projections.projection import Projection
from projections.read_models import READ_MODELS
from projections.reading import Place, Progress

Which = Literal["next", "before"]

OTHERS: tuple[Which, ...] = ("next", "before")
MARK = "__"
ONE_AT_A_TIME = 7_215_206
"""The class of advisory locks that those who repair a projection queue for; any number that nobody else uses."""

PATIENCE = "1s"
"""How long a table is waited for: those who come after us to read it wait as long."""
TRIES, PAUSE = 10, 0.5


Places = Mapping[Place, Progress]
"""How far each journal has been read."""


class Version(NamedTuple):
    """A version that is there: which table it is, which build fills it, and how the table was made."""

    table: int
    build: str
    definition: str | None


def named(name: str) -> Projection:
    """Give a projection by its name. Raises Unusable."""
    for projection in READ_MODELS:
        if projection.name == name:
            return projection
    raise Unusable(f"There is no projection {name}: name one of {', '.join(each.name for each in READ_MODELS)}.")


def version(projection: Projection, which: Which) -> Projection:
    """Give a version of a projection, which is a projection whose rows stand in another table."""
    table = projection.table.to_metadata(MetaData(), name=name_of(projection.name, which))
    for index in table.indexes:
        index.name = quoted_name(name_of(str(index.name), which), quote=None)
    return replace(projection, table=table)


def name_of(name: str, which: Which) -> str:
    """Give the name of a version of a projection."""
    return f"{name}{MARK}{which}"


def live_name(name: str) -> str:
    """Give the name of the projection that a version is one of."""
    return name.partition(MARK)[0]


def definition(projection: Projection) -> str:
    """Say how this program would make the table of a live projection."""
    return fingerprint(statements(projection.table))


# ── what is there ─────────────────────────────────────────────────────────────────────────────────────────────────────

_FOUND = """
    SELECT to_regclass(quote_ident(%(name)s))::oid, obj_description(to_regclass(quote_ident(%(name)s)), 'pg_class'),
        (SELECT definition FROM tables_made WHERE name = %(name)s)
"""
_PLACES = """
    SELECT domain, partition, read_to, head, answered, fact_time FROM positions WHERE projection = %s
    ORDER BY domain, partition
"""


async def find(connection: Connection, name: str) -> Version | None:
    """Give the version that has this name now."""
    found: Any = await (await connection.execute(_FOUND, {"name": name})).fetchone()
    table, build, made = found
    return None if table is None else Version(table, build or f"table {table}", made)


async def places(connection: Connection, name: str) -> dict[Place, Progress]:
    """Say how far a version has been read."""
    found = await connection.execute(_PLACES, [name])
    return {Place(domain, partition): Progress(*reached) for domain, partition, *reached in await found.fetchall()}


def lacking(reached: Places, wanted: Places) -> int:
    """Count the records that a version has still to read, to have read what another has."""
    return sum(max(0, to.read_to - reached.get(place, Progress()).read_to) for place, to in wanted.items())


# ── one at a time ─────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def alone(connection: Connection, name: str) -> AsyncIterator[None]:
    """Let nobody else repair this projection meanwhile. Raises Unusable if somebody does."""
    lock = {"class": ONE_AT_A_TIME, "name": name}
    locked: Any = await (
        await connection.execute("SELECT pg_try_advisory_lock(%(class)s, hashtext(%(name)s))", lock)
    ).fetchone()
    if not locked[0]:
        raise Unusable(f"Somebody else is repairing {name} just now: wait until that has ended, and look again.")
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute("SELECT pg_advisory_unlock(%(class)s, hashtext(%(name)s))", lock)


@asynccontextmanager
async def pinned(connection: Connection, name: str) -> AsyncIterator[Places]:
    """Keep the live rows as they are until the transaction ends: reads go on, and who writes waits.

    Gives the live places. Whoever writes takes the table before any place, so it is the table that is locked; and
    what a writer sees when it gets it is what stands then.
    """
    async with connection.transaction():
        lock = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(name))
        await _soon(connection, lambda: connection.execute(lock), name)
        yield await places(connection, name)


async def _soon(connection: Connection, change: Callable[[], Awaitable[Any]], name: str) -> None:
    """Make a change that waits for a table; not for long at once, for all others wait behind it. Raises Unusable."""
    await connection.execute(sql.SQL("SET LOCAL lock_timeout TO {}").format(sql.Literal(PATIENCE)))
    for _ in range(TRIES):
        try:
            async with connection.transaction():
                await change()
                return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            await asyncio.sleep(PAUSE)
    raise Unusable(f"Somebody has been at {name} for long, and nothing was changed: end what reads it, and try again.")


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def create(connection: Connection, projection: Projection) -> None:
    """Make the empty table of a next version as this program knows it."""
    table = version(projection, "next").table
    async with connection.transaction():
        for statement in statements(table):
            await connection.execute(statement.encode())
        said = sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(table.name), sql.Literal(str(uuid4())))
        await connection.execute(said)
        note = "INSERT INTO tables_made (name, definition) VALUES (%s, %s)"
        await connection.execute(note, [table.name, definition(projection)])


async def drop(connection: Connection, name: str) -> None:
    """Drop a version and forget how far it was read."""
    async with connection.transaction():
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
        for table, column in _NAMED:
            forget = sql.SQL("DELETE FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
            await connection.execute(forget, [name])


async def switch(connection: Connection, name: str) -> None:
    """Let the next version be live, in the transaction that has pinned it; the one before it is dropped."""

    async def change() -> None:
        await drop(connection, name_of(name, "before"))
        await _rename(connection, name, name_of(name, "before"))
        await _rename(connection, name_of(name, "next"), name)
        await _make_lens(connection)

    await _soon(connection, change, name)


async def roll_back(connection: Connection, name: str) -> None:
    """Undo a switch, in the transaction that has pinned the live version: it is the next one again."""

    async def change() -> None:
        await _rename(connection, name, name_of(name, "next"))
        await _rename(connection, name_of(name, "before"), name)
        await _make_lens(connection)

    await _soon(connection, change, name)


_NAMED = (("positions", "projection"), ("held_fact", "projection"), ("tables_made", "name"))
"""Where a version is known by its name."""

_INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass"


async def _rename(connection: Connection, former: str, name: str) -> None:
    """Give a version another name, and all that is called after it."""
    mark = name.removeprefix(live_name(name))
    indexes = await (await connection.execute(_INDEXES, [former])).fetchall()
    await connection.execute(
        sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(former), sql.Identifier(name))
    )
    for (index,) in indexes:
        plain = index.replace(f"{MARK}next", "").replace(f"{MARK}before", "")
        renamed = sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier(index), sql.Identifier(plain + mark))
        await connection.execute(renamed)
    for table, column in _NAMED:
        change = sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s")
        column_name = sql.Identifier(column)
        await connection.execute(change.format(sql.Identifier(table), column_name, column_name), [name, former])


async def _make_lens(connection: Connection) -> None:
    """Let the views of what was look at the tables that have the names now."""
    for statement in lens.statements():
        await connection.execute(statement.encode())
