"""`annal quarantine`: the subjects that projections hold back, and how they are let go."""

import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra import redis
from infra.postgres import Connection
from infra.repair.ground import asking, operator, put_on_record, repairing
from infra.settings import Settings, Unusable
from projections import documents, quarantine, resource, versions
from projections.projection import Projection
from projections.quarantine import Resumed
from projections.reading import Told
from projections.versions import Version
from schemas.projection import SkipFact

SHOWN_BYTES = 500


async def show_all(settings: Settings, console: Console) -> int:
    """Show every subject that is held back; give the exit code: 1 if there is one. Raises Unusable."""
    async with asking(settings) as connection:
        subjects = await quarantine.subjects(connection)
    if not subjects:
        console.print("[green]Every fact is applied.")
        return 0
    table = Table("projection", box=SIMPLE)
    for column in ("subject", "held", "first", "since"):
        table.add_column(column, no_wrap=True)
    table.add_column("error")
    for each in subjects:
        subject = escape(each.subject.decode(errors="replace"))
        since = f"{each.since:%m-%d %H:%M:%S}"
        table.add_row(each.projection, subject, f"{each.facts:,}", each.first, since, escape(each.error))
    console.print(table)
    return 1


async def show(settings: Settings, name: str, subject: str, console: Console) -> None:
    """Show what is held of a subject, as this program reads it; what is sealed stays sealed. Raises Unusable."""
    projection = _named(name)
    async with asking(settings) as connection:
        held = await quarantine.held(connection, projection, subject.encode())
    for fact, error in held:
        console.print(f"[bold]{fact.position}[/]  [red]{escape(error)}")
        console.print(_readable(fact), markup=False, highlight=False)


async def resume(settings: Settings, name: str, subject: str, console: Console, *, dry: bool) -> int:
    """Apply what is held of a subject, or say what would come of it; the exit code: 1 if some of it stays held."""
    projection = _named(name)
    async with repairing(settings, versions.live_name(name)) as connection:
        await _require_ours(connection, projection)
        resumed = await quarantine.resume(connection, projection, subject.encode(), dry=dry)
    _tell(console, resumed, dry=dry)
    return int(bool(resumed.left))


async def skip(settings: Settings, name: str, position: str, reason: str, console: Console) -> int:
    """Let a projection go without a fact, and resume its subject; the exit code: 1 if some of it stays held."""
    if not reason.strip():
        raise Unusable("Say with --reason why the fact is skipped: the reason stays on record.")
    projection = _named(name)
    live = versions.live_name(name)
    if projection.follows is not None:
        told = "each of its rows builds on the one before. Correct what is wrong, and resume."
        raise Unusable(f"{name} cannot go without a fact: {told}")
    async with repairing(settings, live) as connection:
        found = await _require_ours(connection, projection)
        subject = await quarantine.first_at(connection, projection, position)
        said = {"projection": live, "operator": operator(), "reason": reason, "build": found.build}
        await put_on_record(settings, SkipFact(position=position, **said))
        if name == resource.projection.name:
            async with redis.client(settings) as cache:
                await documents.evict(cache, subject)
        resumed = await quarantine.resume(connection, projection, subject, without=position)
    console.print(f"[green]{name} goes without {position}.")
    _tell(console, resumed, dry=False)
    return int(bool(resumed.left))


def _named(name: str) -> Projection:
    """Give a projection, or a version of one, by its name. Raises Unusable."""
    live = versions.named(versions.live_name(name))
    for which in versions.OTHERS:
        if name == versions.name_of(live.name, which):
            return versions.version(live, which)
    if name != live.name:
        raise Unusable(f"There is no version {name}: `annal projection list` shows what there is.")
    return live


async def _require_ours(connection: Connection, projection: Projection) -> Version:
    """Give what fills the table. Raises Unusable if another version of Annal made it."""
    found = await versions.find(connection, projection.name)
    ours = versions.definition(versions.named(versions.live_name(projection.name)))
    if found is None or found.definition != ours:
        raise Unusable(f"{projection.name} is not of this version of Annal, which therefore must not change its rows.")
    return found


def _readable(fact: Told) -> str:
    if fact.recorded is None:
        value = fact.record.value or b""
        return f"{value[:SHOWN_BYTES]!r}{' …' if len(value) > SHOWN_BYTES else ''} ({len(value):,} bytes)"
    said = {"meta": fact.recorded.meta, "fact": fact.recorded.fact}
    return orjson.dumps(said, default=vars, option=orjson.OPT_INDENT_2).decode()


def _tell(console: Console, resumed: Resumed, *, dry: bool) -> None:
    would = "would be " if dry else ""
    console.print(f"Facts {would}applied: {len(resumed.applied):,}; {would}still held: {len(resumed.left):,}.")
    if dry and resumed.row is not None:
        row = orjson.dumps(resumed.row, default=vars, option=orjson.OPT_INDENT_2).decode()
        console.print("The row would be:")
        console.print(row, markup=False, highlight=False)
    if resumed.left:
        console.print(f"[red]{resumed.left[0]} cannot be applied: {escape(resumed.error or '')}")
