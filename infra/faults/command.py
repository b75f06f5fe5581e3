"""`annal faults`: breaks everything for some minutes while people work, and checks every record that came of it."""

import asyncio
import shutil
import signal
import tempfile
import time
from pathlib import Path
from random import SystemRandom

import orjson
from rich.console import Console
from rich.live import Live
from rich.text import Text

from infra.faults import report
from infra.faults.run import Progress, Run, play
from infra.faults.stage import stage


def run(minutes: float, seed: int | None, json: Path | None, console: Console) -> int:
    """Do it, and say what was found; the exit code."""
    seed = SystemRandom().randrange(10**6) if seed is None else seed
    directory = Path(tempfile.mkdtemp(prefix="annal-faults-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console.print(f"Seed {seed}; everything is in {directory}.")
    try:
        done = _watched(directory, seed, minutes * 60, console)
    except KeyboardInterrupt:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    report.tables(done, console)
    if json is not None:
        json.write_bytes(orjson.dumps(report.document(done), option=orjson.OPT_INDENT_2))
    if done.findings.wrong:
        console.print(f"[red]Something is wrong; all of it, with the logs, stays in {directory}.")
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _watched(directory: Path, seed: int, seconds: float, console: Console) -> Run:
    began = time.monotonic()
    with Live(Text("starting the servers"), console=console, transient=True) as live, stage(directory) as there:

        def look(progress: Progress) -> None:
            live.update(_line(progress, time.monotonic() - began))

        return asyncio.run(play(there, seed, seconds, look))


def _line(progress: Progress, seconds: float) -> Text:
    broken = sum(progress.faults.values())
    return Text(
        f"{seconds:4.0f} s  {progress.doing}: {progress.told:,} answers of doors, "
        f"{progress.written:,} commands written past them, {broken} faults"
    )
