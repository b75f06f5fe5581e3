"""`annal projection build` and `compare`: a second version of a read model, beside the one that people read."""

import gc

import orjson
from psycopg import IsolationLevel, sql
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as Shown
from rich.table import Column, Table
from rich.text import Text

from infra import postgres
from infra.postgres import Connection
from infra.repair.ground import repairing
from infra.settings import Settings, Unusable
from projections import versions
from projections.advance import Moving, advance
from projections.compare import Compared, Difference, compare
from projections.projection import Projection
from projections.run import OBJECTS_OF_BATCHES
from projections.versions import Version, lacking, places

NEAR = 1_000
"""Facts that a version may lack and still count as built: the rest is read when it is compared, or switched to."""

LONGEST = 200
"""Characters of a value that are shown."""


async def build(settings: Settings, name: str, rate: float, console: Console) -> None:
    """Fill the next version from the first fact on, or go on where an earlier build was left. Raises Unusable."""
    projection = versions.named(name)
    following = versions.version(projection, "next")
    async with repairing(settings, name) as connection:
        await _found_or_made(connection, projection, console)
        live = await _live(connection, name)
        missing = lacking(await places(connection, following.name), live)
        console.print(f"{missing:,} facts are to be read into {following.name}, {rate:,.0f} a second at the most.")
        with _progress(console) as progress:
            bar = progress.add_task(following.name, total=missing)
            moving = Moving(rate, lambda count: progress.advance(bar, count))
            while True:
                await advance(settings, following, projection, live, moving)
                live = await _live(connection, name)
                missing = lacking(await places(connection, following.name), live)
                progress.update(bar, total=progress.tasks[0].completed + missing)
                if missing < NEAR:
                    break
        # Plans are made by what is known of a table; of one just filled nothing is.
        await connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(following.name)))
    console.print(f"[green]{following.name} is built:[/] `annal projection compare {name}`, then `switch {name}`.")


async def compare_versions(settings: Settings, name: str, console: Console) -> int:
    """Compare the next version with the live one at the same places; give the exit code: 1 if a row differs."""
    projection = versions.named(name)
    following = versions.version(projection, "next")
    async with repairing(settings, name) as connection, await postgres.connect(settings) as snapshot:
        await built(connection, projection)
        await catch_up(settings, connection, projection)
        await snapshot.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        async with snapshot.transaction():
            async with versions.pinned(connection, name) as live:
                await advance(settings, following, projection, live, Moving())
                # The first query takes the snapshot: both stand at the same places in it, and may go on outside.
                held = await _held(snapshot, (name, following.name))
            compared = await compare(snapshot, projection, following.name)
    _show(console, name, following.name, compared, held)
    return int(compared.differing > 0)


async def built(connection: Connection, projection: Projection) -> Version:
    """Give the next version. Raises Unusable if it is not there, or not of this program, or far behind."""
    name = versions.version(projection, "next").name
    found = await versions.find(connection, name)
    if found is None:
        raise Unusable(f"There is no {name}: run `annal projection build {projection.name}` first.")
    if found.definition != versions.definition(projection):
        raise Unusable(
            f"{name} was made by another version of Annal: run `annal projection build {projection.name}`, which makes "
            "it anew."
        )
    missing = lacking(await places(connection, name), await _live(connection, projection.name))
    if missing > NEAR:
        raise Unusable(f"{name} lacks {missing:,} facts: run `annal projection build {projection.name}` to its end.")
    return found


async def catch_up(settings: Settings, connection: Connection, projection: Projection) -> None:
    """Bring the next version to where the live one is now, while that goes on."""
    live = await _live(connection, projection.name)
    await advance(settings, versions.version(projection, "next"), projection, live, Moving())


async def _found_or_made(connection: Connection, projection: Projection, console: Console) -> None:
    name = versions.version(projection, "next").name
    found = await versions.find(connection, name)
    if found is not None and found.definition != versions.definition(projection):
        console.print(f"{name} was made by another version of Annal, and is made anew.")
        await versions.drop(connection, name)
        found = None
    if found is None:
        await versions.create(connection, projection)


async def _live(connection: Connection, name: str) -> versions.Places:
    live = await places(connection, name)
    if not live:
        raise Unusable(f"{name} has read nothing yet, so there is nothing to build beside: run `annal project`.")
    return live


async def _held(connection: Connection, names: tuple[str, str]) -> dict[str, int]:
    found = await connection.execute(
        "SELECT projection, count(*) FROM held_fact WHERE projection = ANY(%s) GROUP BY projection", [list(names)]
    )
    return dict(await found.fetchall())


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Rate(ProgressColumn):
    """How many facts a second are read just now."""

    def render(self, task: Shown) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} facts/s", style="progress.data.speed")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def collect_seldom() -> None:
    """Look for cycles seldom, for batches have none."""
    gc.set_threshold(OBJECTS_OF_BATCHES)


def _show(console: Console, name: str, other: str, compared: Compared, held: dict[str, int]) -> None:
    table = Table("version", Column("rows", justify="right"), Column("facts not applied", justify="right"), box=SIMPLE)
    table.add_row(name, f"{compared.rows:,}", str(held.get(name, 0)))
    table.add_row(other, f"{compared.other_rows:,}", str(held.get(other, 0)))
    console.print(table)
    if compared.uncompared:
        console.print(f"Not compared, for only one has them: {', '.join(compared.uncompared)}.")
    if not compared.differing:
        console.print("[green]All rows are the same.")
        return
    differences = Table("row", "column", name, other, box=SIMPLE)
    for difference in compared.first:
        for row in _lines(difference, name, other):
            differences.add_row(*row)
    console.print(differences)
    shown = "" if compared.differing == len(compared.first) else f", of which the first {len(compared.first)} are shown"
    console.print(f"[red]Rows that differ: {compared.differing:,}{shown}.")


def _lines(difference: Difference, name: str, other: str) -> list[tuple[str, ...]]:
    key = escape(" ".join(map(str, difference.key)))
    if difference.missing is not None:
        there = {difference.missing: "[red]no row"}
        return [(key, "", there.get(name, "a row"), there.get(other, "a row"))]
    return [(key, column, *map(_value, values)) for column, values in difference.columns.items()]


def _value(value: object) -> str:
    text = orjson.dumps(value).decode()
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
