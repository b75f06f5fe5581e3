"""`annal projection list` and `lag`: which versions of read models there are, and how far everybody has read."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import sql
from rich.box import SIMPLE
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Column, Table

from infra import kafka, redis
from infra.ends import Ends
from infra.outsiders import group_lags
from infra.postgres import Connection
from infra.repair.ground import asking
from infra.settings import Settings
from projections import documents, versions
from projections.drift import drifted
from projections.projection import Projection
from projections.read_models import READ_MODELS
from projections.reading import Place, Progress
from projections.versions import Places
from schemas import topics

MANY = 100_000
"""Rows from which on PostgreSQL's estimate is as good as counting them."""

BUILD = 8
"""Characters of a build's name that are shown."""

_SIZE = """
    SELECT reltuples, pg_total_relation_size(oid), (SELECT max(moved_time) FROM positions WHERE projection = %(name)s)
    FROM pg_class WHERE oid = %(table)s
"""
_NOT_APPLIED = "SELECT projection, count(*) FROM held_fact GROUP BY projection"


async def show_versions(settings: Settings, console: Console) -> None:
    """Show every version of every read model. Raises Unusable."""
    right: dict[str, Any] = {"justify": "right", "no_wrap": True}
    table = Table(
        Column("version", no_wrap=True),
        Column("rows", **right),
        Column("size", **right),
        Column("read", **right),
        Column("lacks", **right),
        Column("moved ago", **right),
        Column("definition", no_wrap=True),
        Column("build", no_wrap=True),
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        caption="Read are records of journals; a version lacks what the live one has read and it has not.",
    )
    async with asking(settings) as connection:
        for projection in READ_MODELS:
            live = await versions.places(connection, projection.name)
            for name in (projection.name, *(versions.name_of(projection.name, which) for which in versions.OTHERS)):
                row = await _version(connection, projection, name, live)
                if row is not None:
                    table.add_row(*row)
    console.print(table)


async def _version(connection: Connection, projection: Projection, name: str, live: Places) -> tuple[str, ...] | None:
    found = await versions.find(connection, name)
    if found is None:
        return None
    reached = await versions.places(connection, name)
    asked = await connection.execute(_SIZE, {"name": name, "table": found.table})
    estimate, size, moved = await asked.fetchone() or (0, 0, None)
    ours = found.definition == versions.definition(projection)
    lacks = versions.lacking(reached, live)
    return (
        name,
        f"~{estimate:,.0f}" if estimate > MANY else f"{await _count(connection, name):,}",
        decimal(size),
        f"{sum(each.read_to + 1 for each in reached.values()):,}",
        f"[yellow]{lacks:,}" if lacks else "0",
        "" if moved is None else _ago(datetime.now(UTC) - moved),
        "current" if ours else "[yellow]another",
        found.build.removeprefix("table ")[:BUILD],
    )


async def _count(connection: Connection, name: str) -> int:
    counted = await connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
    (count,) = await counted.fetchone() or (0,)
    return int(count)


def _ago(age: timedelta) -> str:
    """Say in the largest unit how long something is."""
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age.total_seconds() >= seconds:
            return f"{age.total_seconds() // seconds:.0f} {unit}"
    return f"{max(0, age.total_seconds()):.0f} s"


class _Lag(NamedTuple):
    facts: int
    seconds: float


async def show_lag(settings: Settings, console: Console) -> int:
    """Show how far everybody has read; give the exit code: 1 if a fact is not applied or a row has drifted."""
    ends = Ends(kafka.connection(settings))
    try:
        async with asking(settings) as connection:
            reached = {each.name: await versions.places(connection, each.name) for each in READ_MODELS}
            held = dict(await (await connection.execute(_NOT_APPLIED)).fetchall())
            drift = await drifted(connection)
            async with redis.client(settings) as cache:
                reached[documents.NAME] = await documents.places(cache)
            lags = {name: await _lag(ends, places) for name, places in reached.items()}
            groups = await group_lags(settings, ours=True)
    finally:
        await ends.stop()
    console.print(_projections(lags, held, drift))
    console.print(_of_groups([(each.group, _Lag(each.lag_facts, each.lag_seconds)) for each in groups]))
    for row in drift:
        console.print(
            f"[red]{row.projection} {escape(row.subject)} is not what its facts make, since "
            f"{row.since:%Y-%m-%d %H:%M:%S}: {escape(', '.join(row.columns))}."
        )
    return int(bool(sum(held.values()) or drift))


async def _lag(ends: Ends, reached: Mapping[Place, Progress]) -> _Lag:
    """Measure what is still to be read: in records, and by the age of the newest fact that was read."""
    facts, ages = 0, [0.0]
    for domain in sorted({place.domain for place in reached}):
        here = [place for place in reached if place.domain == domain]
        found = await ends.of(topics.facts(domain), [place.partition for place in here])
        for place, end in zip(here, found, strict=True):
            behind = max(0, end - 1 - reached[place].read_to)
            facts += behind
            if behind and reached[place].fact_time:
                ages.append(time.time() - reached[place].fact_time / 1000)
    return _Lag(facts, max(ages))


def _projections(lags: Mapping[str, _Lag], held: Mapping[str, int], drift: Iterable[Any]) -> Table:
    table = Table(Column("projection", no_wrap=True), box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("facts to read", "seconds behind", "facts not applied", "rows drifted"):
        table.add_column(name, justify="right")
    wrong = [row.projection for row in drift]
    for name, lag in lags.items():
        count = held.get(versions.live_name(name), 0)
        table.add_row(name, *_shown(lag), _alarm(count), _alarm(wrong.count(name)))
    return table


def _of_groups(groups: Iterable[tuple[str, _Lag]]) -> Table:
    table = Table(
        "consumer group",
        Column("facts to read", justify="right"),
        Column("seconds behind", justify="right"),
        box=SIMPLE,
    )
    for name, lag in groups:
        table.add_row(escape(name), *_shown(lag))
    return table


def _shown(lag: _Lag) -> tuple[str, str]:
    return f"[yellow]{lag.facts:,}" if lag.facts else "0", f"{lag.seconds:,.1f}" if lag.facts else "0"


def _alarm(count: int) -> str:
    return f"[red]{count:,}" if count else "[green]0"
