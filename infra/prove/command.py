"""What `annal checkpoint`, `annal export` and `annal verify` do, with progress, and told as tables."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TimeElapsedColumn
from rich.table import Table

from infra.bars import progress_bar
from infra.noting import note
from infra.prove import checkpointing, files, offline, online
from infra.prove.export import Export, exporting
from infra.prove.models import Compared
from infra.prove.online import Scope, Signed
from infra.prove.selecting import Filter, select
from infra.prove.walk import Walked
from infra.settings import Settings
from schemas.checkpoint import Checkpoint


def checkpoint(settings: Settings, console: Console, *, key: bool) -> int:
    """Make a checkpoint and show it, or only the public key; the exit code."""
    notary = asyncio.run(checkpointing.notary_of(settings))
    if key:
        console.print(notary.key)
        return 0
    with console.status("Reading what happened since the last checkpoint"):
        made = notary.make()
    console.print(_shown(made, settings) if made else "Nothing ever happened here: there is nothing to sign.")
    return 0


def export(settings: Settings, console: Console, wanted: Filter, file: Path, named: str | None) -> int:
    """Write the facts wanted into a file, with their proof, once it is noted; the exit code."""
    format_, names = files.format_of(file, named), wanted.journals()
    asyncio.run(note(settings, "annal export", wanted.asked() | {"out": str(file)}))
    notary = asyncio.run(checkpointing.notary_of(settings))
    file.parent.mkdir(parents=True, exist_ok=True)
    with progress_bar(console, TimeElapsedColumn()) as progress, exporting(settings, notary, wanted.asked()) as made:
        last = made.proving.last
        known = sum(made.proving.block(name, last.statement.number).next for name in names)
        task = progress.add_task("Reading the journals", total=known)

        def read(count: int) -> None:
            progress.advance(task, count)

        if wanted.chooses:
            positions = list(select(made.proving, wanted, names, read))
            task = progress.add_task("Proving", total=len(positions))
            lines = made.chosen(positions)
        else:
            lines = made.all_of(names)
        files.write(made, progress.track(lines, task_id=task), file, format_)
    console.print(_exported(made, file))
    return 0


def verify(console: Console, file: Path, kept: Sequence[Path], key: str | None) -> int:
    """Verify an export; the exit code is 1 if anything is wrong."""
    with console.status(f"Verifying {file}"):
        verdict = offline.verify(file, kept, key)
    if verdict.findings:
        for finding in verdict.findings[: offline.TOLD]:
            console.print(f"[red]✗[/] {escape(str(finding))}")
        console.print(f"[red]{escape(str(file))} is not what was exported.")
        return 1
    console.print(_verified(verdict, key))
    return 0


def verify_all(
    settings: Settings, console: Console, key: str | None, part: tuple[str | None, int], kept: Sequence[Path]
) -> int:
    """Verify what there is, once it is noted, or the journal and what came after the checkpoint that `part` names.

    The exit code is 1 if anything is wrong.
    """
    key = key or asyncio.run(checkpointing.notary_of(settings)).key
    scope = Scope(settings, key, journal=part[0], since=part[1])
    scope.journals()
    asyncio.run(note(settings, "annal verify", {"journal": scope.journal, "since": scope.since}))
    with console.status("Reading the checkpoints"):
        said = online.signed(scope, kept)
    with progress_bar(console, TimeElapsedColumn()) as progress:
        walked = [*online.journals_walked(scope, said, *_told(progress, "Walking the journals"))]
        # What was before a checkpoint is in the rows, too: they are compared with the whole fold or not at all.
        compared = [] if scope.since else _models(scope, progress)
        documents = [] if scope.since else [*online.documents_compared(scope, *_told(progress, "Folding documents"))]
    console.print(_looked_at(said, walked, compared, documents))
    wrong = [
        *said.wrong,
        *(each for one in walked for each in one.wrong),
        *(each for one in compared for each in one.wrong),
        *(each for one in documents if one for each in one.wrong),
    ]
    for position, sentence in wrong[: offline.TOLD]:
        console.print(f"[red]✗[/] {escape(f'{position}: {sentence}')}", soft_wrap=True)
    console.print("[red]Not all is as it must be." if wrong else "[green]All is as it must be.")
    return int(bool(wrong))


def _models(scope: Scope, progress: Progress) -> list[Compared]:
    found = online.models_compared(scope, *_told(progress, "Folding the read models"))
    return [each for models_of in found for each in models_of]


def _told(progress: Progress, what: str) -> tuple[Callable[[int], None], Callable[[int], None]]:
    """Give what is told how much there is to do, and how much more was done."""
    task = progress.add_task(what, total=None)
    return lambda total: progress.update(task, total=total), lambda count: progress.advance(task, count)


def _looked_at(
    said: Signed, walked: Sequence[Walked], compared: Sequence[Compared], documents: Sequence[Compared | None]
) -> Table:
    table = _pairs()
    table.add_row(
        "checkpoints", f"{said.count:,}, of which {said.kept:,} were kept elsewhere" if said.count else "none"
    )
    if said.void:
        table.add_row("void checkpoints", f"[yellow]{said.void:,}: repeated, of another key, or none at all")
    table.add_row("journals", f"{sum(1 for each in walked if each.facts):,} of {len(walked):,} hold records that count")
    table.add_row("facts and refusals", f"{sum(each.facts for each in walked):,}")
    table.add_row("void records", f"{sum(each.void for each in walked):,}")
    table.add_row("subjects", f"{sum(each.subjects for each in walked):,}")
    table.add_row("commands compared", f"{sum(each.commands for each in walked):,}")
    if compared:
        models = len({each.projection for each in compared})
        table.add_row("rows compared", f"{sum(each.rows for each in compared):,} of {models} read models")
    if documents:
        table.add_row("documents compared", f"{sum(each.rows for each in documents if each):,} in Redis")
    if anew := documents.count(None):
        told = f"the documents of {anew} journal{'s'[: anew - 1]}, made anew just now and served to nobody"
        table.add_row("not compared", f"[yellow]{told}")
    if held := sum(each.held for each in compared):
        table.add_row("facts held back", f"[yellow]{held:,}: `annal quarantine list` shows them")
    return table


def _shown(made: Checkpoint, settings: Settings) -> Table:
    statement, counted = made.statement, sum(1 for block in made.blocks if block.count)
    table = _pairs()
    table.add_row("checkpoint", str(statement.number))
    table.add_row("time", statement.time)
    table.add_row("records", f"{sum(block.next for block in made.blocks):,} in {len(made.blocks)} journals")
    table.add_row("since the last", f"{sum(block.count for block in made.blocks):,} in {counted} journals")
    table.add_row("hash", statement.hash())
    table.add_row("key", statement.key)
    file = settings.data_dir / "checkpoints" / f"{statement.number}.json"
    table.add_row("file", str(file) if file.exists() else f"[red]{escape(str(file))} could not be written")
    return table


def _exported(made: Export, file: Path) -> Table:
    table = _pairs()
    table.add_row("file", f"{file}, {file.stat().st_size:,} bytes")
    table.add_row("facts", f"{made.count:,}" if made.count else "[yellow]none: nothing is as it was asked for")
    table.add_row("proof", "the chain of whole journals" if made.whole else "a path from each to its checkpoint")
    table.add_row("checkpoint", f"{made.proving.last.statement.number} of {made.proving.last.statement.time}")
    table.add_row("key", made.notary.key)
    return table


def _verified(verdict: offline.Verdict, key: str | None) -> Table:
    manifest = verdict.manifest
    table = _pairs()
    if manifest is None:
        return table
    numbers = [statement.number for statement in manifest.statements]
    table.add_row("lines", f"[green]{verdict.lines:,}, each as it was exported")
    table.add_row("asked for", escape(", ".join(f"{name} {value}" for name, value in manifest.asked.items()) or "all"))
    table.add_row("left out", "nothing of these journals" if manifest.whole else "what was not asked for")
    table.add_row("exported", manifest.time)
    table.add_row("checkpoints", f"{len(numbers)}, from {numbers[0]} to {numbers[-1]}" if numbers else "none needed")
    kept = f"[green]the same, of {verdict.kept}" if verdict.kept else "[yellow]none given: name them with --checkpoint"
    table.add_row("kept elsewhere", kept)
    whose = "[green]the one expected" if key else "[yellow]compare it with the one you know"
    table.add_row("key", f"{manifest.key}, {whose}")
    return table


def _pairs() -> Table:
    table = Table(box=SIMPLE, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
