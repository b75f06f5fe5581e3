"""What auditors look for: who asked what, and what came of it. Their read models are outcomes and history."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from infra.postgres import Connection
from projections.projection import Row

ADDRESSES_AT_MOST = 20_000
"""Pairs of actor and sealed address that are opened to find one address."""

_COLUMNS = (
    "command_id, type, subject, status, code, reason, version, time, known_time, actor, via, on_behalf_of, address,"
    " correlation_id, causation_id, command, position, facts"
)
_FILTERS = {
    "actor": "actor = %(actor)s",
    "on_behalf_of": "on_behalf_of = %(on_behalf_of)s",
    "subject": "subject = %(subject)s",
    "domain": "command LIKE %(domain)s || ':%%'",
    "type": "(type = ANY(%(type)s) OR facts && %(type)s)",
    "correlation": "correlation_id = %(correlation)s",
    "status": "status = %(status)s",
    "since": "time >= %(since)s",
    "until": "time < %(until)s",
    "asked_from": "(actor, address) IN (SELECT * FROM unnest(%(actors)s::text[], %(addresses)s::text[]))",
    "after": "(time, command_id) < (%(after)s::timestamptz, %(after_id)s)",
}
_PAGE = "SELECT {columns} FROM outcome WHERE {conditions} ORDER BY time DESC, command_id DESC LIMIT %(limit)s"
_ADDRESSES = "SELECT DISTINCT actor, address FROM outcome WHERE address IS NOT NULL AND {conditions} LIMIT %(limit)s"
_FACTS = """
    SELECT domain, subject, version, fact_id, type, time, known_time, command_id, data, position
    FROM history WHERE command_id = ANY(%s) ORDER BY time, version
"""
_CORRELATED = f"SELECT {_COLUMNS} FROM outcome WHERE correlation_id = %s ORDER BY time, command_id LIMIT %s"  # noqa: S608 - constants
_ONE = f"SELECT {_COLUMNS} FROM outcome WHERE command_id = %s"  # noqa: S608 - constants

Filters = Mapping[str, Any]
"""What commands are looked for by; the names are those of the filters above."""


async def page(connection: Connection, filters: Filters, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """Give commands with what came of them, the newest first; `after` is time and id of the last of the page before."""
    values = {**filters, "limit": limit}
    if after is not None:
        values["after"], values["after_id"] = after
    query = sql.SQL(_PAGE).format(columns=sql.SQL(_COLUMNS), conditions=_conditions(values))
    return await _rows(connection, query, values)


async def addresses(connection: Connection, filters: Filters) -> list[tuple[str, str]]:
    """Give who asked, with each sealed address they asked from, of the commands that all filters let through."""
    values = {**filters, "limit": ADDRESSES_AT_MOST}
    query = sql.SQL(_ADDRESSES).format(conditions=_conditions(values))
    return await (await connection.execute(query, values)).fetchall()


async def find(connection: Connection, command_id: str) -> Row | None:
    """Give a command with what came of it."""
    rows = await _rows(connection, _ONE, [command_id])
    return rows[0] if rows else None


async def correlated(connection: Connection, correlation_id: str, limit: int) -> list[Row]:
    """Give all commands that go back to one request, the oldest first."""
    return await _rows(connection, _CORRELATED, [correlation_id, limit])


async def facts(connection: Connection, command_ids: Sequence[str]) -> list[Row]:
    """Give what happened by these commands, the oldest first."""
    return await _rows(connection, _FACTS, [list(command_ids)])


def places(rows: Iterable[Row]) -> list[tuple[str, int, int]]:
    """Give where all records of some commands stand: those of one command stand side by side, and the last is known."""
    found = []
    for row in rows:
        domain, partition, offset = row["position"].split(":")
        last = int(offset)
        found += [(domain, int(partition), at) for at in range(last - max(len(row["facts"]), 1) + 1, last + 1)]
    return found


def _conditions(values: Filters) -> sql.Composable:
    return sql.SQL(" AND ").join([sql.SQL(_FILTERS[name]) for name in values if name in _FILTERS] or [sql.SQL("true")])


async def _rows(connection: Connection, query: Any, values: Any) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
