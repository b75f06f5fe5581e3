"""Runs many conversation tests, each so many times and a few at once, and shows what became of them."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import TimeElapsedColumn
from rich.table import Table

from agent.script import Case, ScriptInvalid, read
from infra.agent.endpoint import serving
from infra.agent.options import Door
from infra.agent.people import Answer, Ask, People, players
from infra.agent.scripted import Part, Scripted
from infra.agent.testing import ANSWERED_WITHIN, Result, run
from infra.bars import progress_bar
from infra.settings import Unusable

AT_ONCE = 4
"""So many conversations go on at a time."""


def over(session: aiohttp.ClientSession, url: str) -> Ask:
    """Ask the doors at an address. The answer raises Unusable if nobody answers."""

    async def ask(
        method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        shown = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        sent = orjson.dumps(body) if body is not None else None
        try:
            async with session.request(method, url + path, data=sent, headers=shown | dict(headers or {})) as response:
                return Answer(response.status, orjson.loads(await response.read() or b"null"))
        except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError) as error:
            told = f"No door of Annal answers at {url} ({type(error).__name__}): name another with --url."
            raise Unusable(told) from None

    return ask


# ── many of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cases(paths: Sequence[Path]) -> dict[str, list[Case]]:
    """Read the tests of files, and of all YAML files in folders, by file. Raises Unusable."""
    files = [file for path in paths for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    if not files:
        raise Unusable(f"There is no .yaml in {', '.join(map(str, paths))}: name files of tests, or a folder of them.")
    try:
        return {file.name: list(read(file.read_text(), str(file)).cases) for file in files}
    except ScriptInvalid as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"{error.filename} cannot be read ({error.strerror}): name a file of tests.") from None


class Became(NamedTuple):
    """What became of a case in all of its runs."""

    file: str
    case: Case
    results: Sequence[Result]

    @property
    def failed(self) -> list[str]:
        return [result.failed for result in self.results if result.failed is not None]


async def rounds(case: Case, ask: Ask, people: People, times: int, model: Scripted | None = None) -> list[Result]:
    """Run a case so many times; with a model first once more without it, to learn what it is to say.

    Raises Unusable.
    """
    if model is None:
        return [await run(case, ask, people) for _ in range(times)]
    learning = Part(model)
    learnt = await run(case, ask, people, learning)
    if not model.asked:
        raise Unusable("No agent asked the model: let ANNAL_AGENT_MODEL_URL name the port that --model does.")
    if learnt.failed is not None:
        return [learnt._replace(failed=f"with the model out of order, {learnt.failed}")]
    parts = [Part(model, learning.script, f"{seed} {case.test_case}") for seed in range(times)]
    return [await run(case, ask, people, part) for part in parts]


async def run_all(door: Door, paths: Sequence[Path], times: int, port: int | None, console: Console) -> int:
    """Run tests so many times and show what became of each; 1 if one failed once, else 0. Raises Unusable.

    With a port, be the model that the agent asks there.
    """
    by_file = cases(paths)
    found = [(file, case) for file, each in by_file.items() for case in each]
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=ANSWERED_WITHIN)
        ask = over(await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout)), door.url)
        model = await _model(stack, port) if port is not None else None
        people, room = players(ask, door.token), asyncio.Semaphore(AT_ONCE)
        bar = stack.enter_context(progress_bar(console, TimeElapsedColumn()))
        task = bar.add_task("Conversations", total=len(found))

        async def became(file: str, case: Case) -> Became:
            async with room:
                results = await rounds(case, ask, people, times, model)
            bar.advance(task)
            return Became(file, case, results)

        all_ = await asyncio.gather(*(became(*each) for each in found))
    _show(all_, times, console, with_model=model is not None)
    return 1 if any(each.failed for each in all_) else 0


async def _model(stack: AsyncExitStack, port: int) -> Scripted:
    model = Scripted()
    try:
        await stack.enter_async_context(serving(model.handle, port))
    except OSError as error:
        raise Unusable(f"Port {port} cannot be listened at ({error.strerror}): name another with --model.") from None
    return model


def _show(found: Sequence[Became], times: int, console: Console, *, with_model: bool) -> None:
    table = Table("file", "test case", "passed", "seconds")
    for file, case, results in found:
        good, seconds = sum(each.failed is None for each in results), [each.seconds for each in results]
        colour = "green" if good == times else "red"
        table.add_row(
            file, escape(case.test_case), f"[{colour}]{good} of {times}", f"{sum(seconds) / len(seconds):.2f}"
        )
    console.print(table)
    failed = [each for each in found if each.failed]
    for each in failed:
        told = f"{each.file}, {each.case.test_case}: {each.failed[0]}"
        console.print(f"[red]failed[/] {escape(told)}", highlight=False, soft_wrap=True)
    if with_model:
        tiers = Counter(tier for each in found for result in each.results for tier in result.tiers)
        console.print(f"The model understood {tiers['model']:,} messages, their words alone {tiers['lexical']:,}.")
    many = f"{len(found) - len(failed)} of {len(found)} test cases passed"
    console.print(f"{many}{f' {times} times' if times > 1 else ''}.")
