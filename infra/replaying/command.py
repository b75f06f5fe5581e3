"""What `annal replay` does: it counts, and replays with a bar. All that it says is on stderr."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import ProgressColumn, TimeRemainingColumn
from rich.progress import Task as Shown
from rich.table import Column, Table
from rich.text import Text

from infra import kafka
from infra.bars import progress_bar
from infra.records import AT_ONCE, Records
from infra.replaying import file
from infra.replaying.asked import Asked, Words, asked
from infra.replaying.places import Range
from infra.replaying.ranges import nearer, ranges
from infra.replaying.reading import MUCH, How, Piece, pieces, side_by_side
from infra.replaying.topic import Topic, require_another
from infra.settings import Settings, Unusable

STEPS = 10
"""How often in a second something goes out where there is a rate."""


@dataclass(frozen=True)
class Where:
    """Where a replay goes, and how."""

    out: Path | None = None
    topic: str | None = None
    projection: str | None = None
    rate: float | None = None
    dry_run: bool = False
    resume: bool = False


class Sink(Protocol):
    """Takes the pieces of ranges; `ranges` is how far they have come."""

    ranges: list[Range]

    def write(self, piece: Piece) -> None: ...

    def close(self, *, whole: bool) -> None: ...


class Output:
    """The standard output."""

    def __init__(self, found: Sequence[Range]) -> None:
        self.ranges = list(found)

    def write(self, piece: Piece) -> None:
        sys.stdout.buffer.write(piece.lines)

    def close(self, *, whole: bool) -> None:
        if whole:
            sys.stdout.buffer.flush()


def run(settings: Settings, words: Words, where: Where, console: Console) -> int:
    """Replay what can be asked, once it is noted, for that is to read it; the exit code. Raises Unusable."""
    _require_possible(words, where)
    wanted = asked(words, datetime.now(UTC))
    asyncio.run(kafka.check(settings))
    if where.projection:
        return _project(settings, where, console)
    if not where.dry_run:
        asyncio.run(_noted(settings, words, where))
    return replay(settings, wanted, where, console)


async def _noted(settings: Settings, words: Words, where: Where) -> None:
    from infra.noting import note  # noqa: PLC0415 - both doors, which who only counts needs not

    said = {"from": words.since, "to": words.until, "out": where.out, "to-topic": where.topic}
    asked = {"topics": words.names, "type": words.types, "subject": words.subjects, "actor": words.actors} | said
    await note(settings, "annal replay", asked)


def replay(settings: Settings, wanted: Asked, where: Where, console: Console) -> int:
    """Count, and replay unless only that was asked; the exit code. Raises Unusable."""
    earlier = file.resumed(where.out, wanted.said) if where.resume and where.out else None
    with Records(settings) as reader:
        found = earlier.ranges if earlier else asyncio.run(nearer(settings, ranges(reader, wanted)))
    console.print(_counted(found, resumed=earlier is not None))
    if isinstance(wanted.since, int) or isinstance(wanted.until, int):
        console.print("What is of the moments asked for is among them: clocks may be ten minutes apart.")
    if where.dry_run:
        if earlier:
            earlier.close(whole=False)
        return 0
    sink = earlier or _sink(settings, wanted, where, found)
    try:
        count = _replay(settings, wanted, where, sink, console)
    except BrokenPipeError:  # whoever reads has enough; what Python still holds for them goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    console.print(_ended(count, wanted, where))
    return 0


def _replay(settings: Settings, wanted: Asked, where: Where, sink: Sink, console: Console) -> int:
    """Let everything that is left go to where it shall; give how many records went out."""
    count, whole = 0, False
    left = list(sink.ranges)
    try:
        with progress_bar(console, _Rate(), TimeRemainingColumn()) as progress:
            bar = progress.add_task("Replaying", total=sum(each.left for each in left))
            for piece in _paced(read(settings, wanted, where, left), where.rate):
                sink.write(piece)
                count += piece.told
                progress.advance(bar, piece.read)
        whole = True
    finally:
        sink.close(whole=whole)
    return count


def read(settings: Settings, wanted: Asked, where: Where, found: Sequence[Range]) -> Iterator[Piece]:
    """Read what is left of ranges, on all cores where that is worth it. Raises Unusable."""
    total = sum(each.left for each in found)
    if where.rate is None and where.topic is None and total >= MUCH:
        yield from side_by_side(settings, found, wanted)
        return
    at_once = AT_ONCE if where.rate is None else max(1, min(AT_ONCE, int(where.rate / STEPS)))
    with Records(settings) as reader:
        yield from pieces(reader, found, How(wanted, at_once, raw=where.topic is not None))


def _paced(found: Iterator[Piece], rate: float | None) -> Iterator[Piece]:
    """Give pieces no sooner than so many records a second may go out."""
    due = monotonic()
    for piece in found:
        if rate is not None and piece.told:
            sleep(max(0.0, due - monotonic()))
            due = max(due, monotonic() - 1 / STEPS) + piece.told / rate
        yield piece


def _sink(settings: Settings, wanted: Asked, where: Where, found: Sequence[Range]) -> Sink:
    if where.topic:
        return Topic(settings, where.topic, found)
    if where.out:
        return file.begun(where.out, wanted.said, found)
    return Output(found)


def _require_possible(words: Words, where: Where) -> None:
    """Raise Unusable for what cannot be asked together, before anything is reached."""
    if sum(each is not None for each in (where.out, where.topic, where.projection)) > 1:
        raise Unusable("A replay goes to one place: name one of --out, --to-topic and --to-projection.")
    if where.resume and where.out is None:
        raise Unusable("Only a file can be gone on with: name it with --out, or leave out --resume.")
    if where.projection and any(vars(words).values()):
        raise Unusable(
            "A read model is made of all facts of its domains, or it would be wrong: leave out topics, range and "
            f"filters. It is what `annal projection build {where.projection}` does."
        )
    if where.topic:
        require_another(where.topic)
    if where.out and not where.resume:
        file.require_new(where.out)


def _project(settings: Settings, where: Where, console: Console) -> int:
    """Build a version of a read model beside the one that people read."""
    from infra.repair import building  # noqa: PLC0415 - all of PostgreSQL's side, which no other replay needs
    from projections import versions  # noqa: PLC0415

    name = where.projection or ""
    words = Words(names=[domain.name for domain in versions.named(name).domains])
    if where.dry_run:
        with Records(settings) as reader:
            console.print(_counted(ranges(reader, asked(words, datetime.now(UTC))), resumed=False))
        return 0
    asyncio.run(building.build(settings, name, where.rate or 10_000, console))
    return 0


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Rate(ProgressColumn):
    """How many records a second are read just now."""

    def render(self, task: Shown) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def _counted(found: Sequence[Range], *, resumed: bool) -> Table:
    right = [Column(name, justify="right") for name in ("from", "to", "records")]
    table = Table("partition", *right, *([Column("left", justify="right")] if resumed else []), box=SIMPLE)
    table.show_footer = True
    for each in found:
        if each.count:
            left = [f"{min(each.left, each.count):,}"] if resumed else []
            table.add_row(str(each.place), str(each.start), str(each.end - 1), f"{each.count:,}", *left)
    table.columns[0].footer = "all"
    table.columns[3].footer = f"{sum(each.count for each in found):,}"
    if resumed:
        table.columns[4].footer = f"{sum(min(each.left, each.count) for each in found):,}"
    return table


def _ended(count: int, wanted: Asked, where: Where) -> str:
    if not count:
        return "Nothing of this range is as it was asked for." if wanted.chooses else "Nothing stands in this range."
    place = where.topic or (where.out and escape(str(where.out)))
    records = "1 record" if count == 1 else f"{count:,} records"
    return f"[green]{records}[/] went {f'to {place}' if place else 'out'}."
