"""What `annal audit` does: it finds who asked what and follows a request, and puts on record that it did."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from infra.noting import OPERATOR, noted
from infra.settings import Settings, Unusable
from projections.audited import Audit
from projections.projection import Row
from projections.queries import Filter
from projections.terms import Terms
from schemas.problems import Problem

TERMS = Terms(OPERATOR, {}, None, "")


async def search(settings: Settings, console: Console, asked: Mapping[str, Any], limit: int) -> int:
    """Show commands with what came of them, the newest first; the exit code."""
    filters = _filters(asked)
    async with _audit(settings, "annal audit search", asked) as audit:
        rows, _ = await audit.commands(TERMS, filters, None, limit)
    console.print(_commands(rows) if rows else "Nobody asked for anything like that.")
    return 0


async def follow(settings: Settings, console: Console, command_id: str) -> int:
    """Show a command with all that came of it; the exit code."""
    async with _audit(settings, "annal audit follow", {"command_id": command_id}) as audit:
        console.print(_tree(await audit.request(command_id, TERMS)))
    return 0


@asynccontextmanager
async def _audit(settings: Settings, command: str, asked: Mapping[str, Any]) -> AsyncIterator[Audit]:
    """Give what tells who asked what, personal fields and all, once that is noted. Raises Unusable."""
    async with noted(settings, command, asked) as there:
        await there.read.vault.open()
        try:
            yield Audit(there.read, there.ends)
        finally:
            await there.read.vault.close()


def _filters(asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return Filter(**asked).filters()
    except ValidationError as error:
        first = error.errors()[0]
        raise Unusable(f"--{first['loc'][0]} cannot be used: {first['msg']}.") from error
    except Problem as problem:
        raise Unusable(problem.detail) from problem


def _commands(rows: Sequence[Row]) -> Table:
    table = Table("time", "command", "subject", "asked by", "from", "what became of it", box=SIMPLE)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        actor = row["actor"]
        table.add_row(
            _moment(row["time"]),
            f"{row['type']}\n[dim]{row['command_id']}",
            escape(row["subject"]),
            escape(" for ".join(filter(None, (actor["id"], actor["on_behalf_of"])))),
            actor["address"] or "",
            _became(row, row["facts"]),
        )
    return table


def _tree(told: Row) -> Tree:
    """Draw a request: its command, the facts it left, and what was asked because of these."""
    actor, asked = told["actor"], told["asked_time"]
    became = _became(told, [fact["type"] for fact in told["facts"]])
    head = f"[bold]{told['type']}[/] {escape(told['subject'])}  {became}"
    tree = Tree(f"{head}\n[dim]{told['command_id']} at {told['command']}, by {escape(actor['id'])}")
    if asked is not None:
        tree.add(f"{_moment(asked)}  asked")
    tree.add(f"{_moment(told['time'])}  stored")
    for fact in told["facts"]:
        line = f"{_moment(fact['known_time'])}  known: [green]{fact['type']}[/] version {fact['version']}"
        tree.add(f"{line} at {fact['position']}")
    tree.add(f"{_moment(told['known_time'])}  known: what became of it, at {told['position']}")
    lacking = [each["read_model"] for each in told["read_models"] if not each["knows"]]
    tree.add(f"[yellow]not known yet to {', '.join(lacking)}" if lacking else "known to every read model")
    for caused in told["because_of_it"]:
        tree.add(_tree(caused))
    return tree


def _became(row: Row, facts: Sequence[str]) -> str:
    if row["status"] == "accepted":
        return f"[green]{', '.join(facts) or 'it was so already'}[/]"
    return f"[red]{row['code']}[/]: {escape(row['reason'] or '')}"


def _moment(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
