"""`annal agent replay`: turns of conversations decided anew, what differs, and the sum of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import TimeRemainingColumn
from rich.table import Column, Table

from agent.actions.action import Action
from agent.actions.catalogue import commands, queries
from agent.comparing import BESIDE, Decided, differences, otherwise, then
from agent.model.listening import Listening
from agent.teaching import taught
from agent.understanding.classifier import Classifier
from agent.understanding.model_file import ModelUnusable, load
from infra.agent.options import Door
from infra.agent.promote import pages, read_log
from infra.agent.remote import ask
from infra.agent.replaying import KEY, Replaying
from infra.agent.span import may_be_within, within
from infra.auth.vault import Person
from infra.bars import progress_bar
from infra.replaying.asked import Asked
from infra.settings import Unusable

Understands = Callable[[Sequence[Action]], Classifier]
"""Gives what is to understand the messages. Raises Unusable."""


class How(NamedTuple):
    """How messages are understood: by what, and with the help of which model, if any."""

    understands: Understands
    model: Callable[[], Listening | None]


BETWEEN = BESIDE | {"the same"}
"""Rows of turns that were decided as before, which are left out of a range: the sum tells of them."""


@dataclass
class Found:
    """What differs, a row for each, and what is counted of each conversation."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def all(self) -> Counter[str]:
        return sum(self.counts.values(), Counter())


async def replay(door: Door, conversation_id: str | None, wanted: Asked, how: How, console: Console) -> int:
    """Decide turns anew and show what differs; 1 if one is decided otherwise, else 0. Raises Unusable.

    They are those of a conversation, or of all of one's own, that are within a range.
    """
    actions = [*commands(), *queries(await ask(*door, "GET", "/openapi.json"))]
    ids = [conversation_id] if conversation_id is not None else await _of(door, wanted)
    classifier = await asyncio.to_thread(how.understands, actions)
    model, found = how.model(), Found()
    try:
        with progress_bar(console, TimeRemainingColumn()) as progress:
            task = progress.add_task("Conversations", total=len(ids))
            for done, id_ in enumerate(ids):
                log = await read_log(door, id_)
                person = Person(log.conversation["account_id"], KEY)
                replaying = Replaying(door, log, actions, classifier, person, model)
                async for part in _one(replaying, wanted, found):
                    progress.update(task, completed=done + part)
                progress.update(task, completed=done + 1)
    finally:
        if model is not None:
            await model.model.close()
    _show(found, console, model, whole=conversation_id is not None)
    return 1 if found.all["otherwise"] else 0


async def _of(door: Door, wanted: Asked) -> list[str]:
    """Give one's own conversations that can be of a range, the oldest first. Raises Unusable."""
    rows = await pages(door, "/v1/conversations")
    return [row["conversation_id"] for row in reversed(rows) if may_be_within(wanted, row)]


async def _one(replaying: Replaying, wanted: Asked, found: Found) -> AsyncIterator[float]:
    """Decide turns of a conversation up to the last of the range: what they come to rests on those before it.

    Gives which part of them is decided.
    """
    turns = [turn for turn in replaying.log.turns if turn["replied"] and turn["reply"] is not None]
    chosen = [turn["turn"] for turn in turns if within(wanted, turn)]
    id_ = replaying.log.conversation["conversation_id"]
    for done, turn in enumerate(turns, 1):
        if not chosen or turn["turn"] > chosen[-1]:
            return
        was, now = then(turn), await replaying.decide(turn)
        if turn["turn"] in chosen:
            rows = differences(was, now)
            found.counts[id_] = found.counts.get(id_, Counter()) + _counted(was, now, other=otherwise(rows))
            told = (id_, str(turn["turn"]), turn["text"] or "")
            found.rows += [(*told, *row) for row in rows or [("the same", "", "")]]
        yield done / len(turns)


def _counted(was: Decided, now: Decided, *, other: bool) -> Counter[str]:
    counted = {"turns": 1, "otherwise": int(other), "stopped": int(bool(now.stopped)), "failed": int(bool(now.failed))}
    spent = {"tokens then": was.tokens, "tokens now": now.tokens, "cost then": was.cost, "cost now": now.cost}
    return Counter(counted | spent)


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _show(found: Found, console: Console, model: Listening | None, *, whole: bool) -> None:
    """Show what differs, of a conversation that is named each turn of it, and the sum."""
    if not found.counts:
        console.print("No turn of yours that was answered is in this range.")
        return
    for id_ in found.counts:
        rows = [row[1:] for row in found.rows if row[0] == id_ and (whole or row[3] not in BETWEEN)]
        if rows:
            console.print(_differing(rows, None if whole else id_))
    console.print(_summed(found))
    many = len(found.counts)
    of = "" if whole else f" of {many} conversation{'s' * (many != 1)}"
    asked = f"of anybody but the model {escape(model.model.name)}" if model is not None else "of anybody"
    console.print(
        f"{found.all['turns']} turns{of} were decided anew, {found.all['otherwise']} of them otherwise; "
        f"nothing was asked {asked}.",
        soft_wrap=True,
    )


def _differing(rows: Sequence[Sequence[str]], title: str | None) -> Table:
    table = Table("turn", "message", "what", "then", "now", title=title, title_justify="left")
    for before, row in zip((None, *rows), rows, strict=False):
        turn = ("", "") if before is not None and before[0] == row[0] else row[:2]
        table.add_row(*map(escape, (*turn, *row[2:])))
    return table


def _summed(found: Found) -> Table:
    names = ("turns", "otherwise", "stopped", "failed", "tokens then", "tokens now", "cost then", "cost now")
    table = Table("conversation", *(Column(name, justify="right") for name in names))
    for id_, counts in found.counts.items():
        table.add_row(id_, *(f"{counts[name]:,}" for name in names))
    if len(found.counts) > 1:
        table.add_section()
        table.add_row("all", *(f"{found.all[name]:,}" for name in names))
    return table


# ── what understands ──────────────────────────────────────────────────────────────────────────────────────────────────


def of_today(directory: Path) -> Understands:
    """Understand as an agent that starts now does; it keeps what it learnt in this directory."""
    return lambda actions: taught(actions, directory)


def of_file(path: Path) -> Understands:
    """Understand as what was learnt and kept before."""

    def understands(_actions: Sequence[Action]) -> Classifier:
        try:
            return load(path)
        except ModelUnusable as error:
            raise Unusable(str(error)) from None

    return understands
