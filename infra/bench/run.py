"""A run of `annal bench`: servers of its own, one measurement after the other, and the table."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvloop
from aiokafka.errors import KafkaError
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra import embedded, tables, topics
from infra.bench import callers, kafka, report
from infra.bench.bed import Bed
from infra.bench.families import MEASURES
from infra.bench.measure import Measure, Reading, chosen
from infra.bench.report import Result
from infra.ports import free_near
from infra.ready import reach
from infra.settings import Settings, Unusable, load
from schemas.problems import Problem

KEY = SecretStr("5a" * 32)
ISSUER = "http://localhost"
"""Who issues tokens, so that all doors take the same."""


def list_all(console: Console) -> None:
    report.show_all(MEASURES, console)


def run(names: Sequence[str], json: Path | None, console: Console) -> int:
    """Measure what is named, all if nothing is; give the exit code: 1 if something could not be measured."""
    measures = chosen(names, MEASURES)
    _tell_of_load(console)
    with _told_to_stop(), _progress(console) as progress:
        showing = progress.add_task("Starting Kafka, PostgreSQL and Redis", total=None)
        with bed(lambda doing: progress.update(showing, description=doing)) as measured_on:
            results = [result for measure in measures for result in take(measure, measured_on, console)]
    report.show(results, console)
    if json is not None:
        report.write(results, json)
    return int(any(result.reading is None for result in results))


@contextmanager
def bed(say: Callable[[str], None], scale: float = 1.0) -> Iterator[Bed]:
    """Start every server that no setting names; everything is gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="annal-bench-") as directory:
        given = {"master_key": KEY, "public_url": ISSUER, "rate_limits": False, "dev_login": True}
        asked = load(running=False, data_dir=Path(directory), **given)
        ports = {name: free_near(0) for name in ("port", "worker_port", "project_port", "agent_port")}
        with embedded.running(asked.model_copy(update=ports), {}) as servers:
            asyncio.run(_prepare(servers.settings))
            tables.make(servers.settings)
            yield Bed(servers.settings, say, asyncio.run(callers.alice(servers.settings)), scale)


def take(measure: Measure, on: Bed, console: Console) -> list[Result]:
    on.say(measure.rows[0].what)
    try:
        readings = uvloop.run(_in_time(measure, on))
    except TimeoutError:
        console.print(
            f"[red]{measure.rows[0].name}: given up after {measure.patience:.0f} s; what else does this machine do?"
        )
        return [Result(row, None) for row in measure.rows]
    except (Unusable, Problem, KafkaError, OSError) as error:
        console.print(f"[red]{measure.rows[0].name}: {escape(str(error))}")
        return [Result(row, None) for row in measure.rows]
    results = [Result(row, reading) for row, reading in zip(measure.rows, readings, strict=True)]
    for result in results:
        console.print(report.sentence(result))
    return results


async def _in_time(measure: Measure, on: Bed) -> Sequence[Reading]:
    """Measure; give up when it takes too long, and as soon as a process that it needs stops."""
    taking = asyncio.ensure_future(measure.take(on))
    watching = asyncio.create_task(on.watch())
    try:
        async with asyncio.timeout(measure.patience):
            await asyncio.wait([taking, watching], return_when=asyncio.FIRST_COMPLETED)
            return taking.result() if taking.done() else watching.result()
    finally:
        taking.cancel()
        watching.cancel()
        await asyncio.wait([taking, watching])


async def _prepare(settings: Settings) -> None:
    await reach(settings)
    await kafka.require_empty(settings, topics.expected())
    await topics.create(settings)


def _tell_of_load(console: Console) -> None:
    """Numbers of a machine that does other things are numbers of those, too."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    console.print(f"{cores} cores, load {load:.1f} before the start.")


def _progress(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Let every signal to end do what Ctrl-C does, once: while processes are stopped, more of them change nothing."""
    told = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in told:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in told:
        signal.signal(number, stop)
    yield
