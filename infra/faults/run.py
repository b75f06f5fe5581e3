"""A run: everything is started, people ask, an adversary breaks things; then all heals, and every record is checked."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from infra.faults import gather
from infra.faults.adversary import Adversary
from infra.faults.check import check
from infra.faults.check.evidence import Evidence, Findings
from infra.faults.clients import Clients
from infra.faults.listeners import ALL, Listeners
from infra.faults.people import PEOPLE, People
from infra.faults.settle import PATIENCE, ends_of, settle
from infra.faults.stage import Stage
from infra.faults.topic import Writer
from infra.faults.workload import Workload
from infra.ready import ready
from infra.settings import Unusable
from schemas import topics

CLIENTS = 16
START_PATIENCE = 90.0


@dataclass
class Progress:
    """How far a run has come, for whoever looks on."""

    doing: str = "starting"
    told: int = 0
    written: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class Run:
    """What happened in a run and what the checker says to it."""

    seed: int
    seconds: float
    evidence: Evidence
    findings: Findings
    faults: Counter[str]


Look = Callable[[Progress], None]


async def play(stage: Stage, seed: int, seconds: float, look: Look = lambda _: None) -> Run:
    """Work for so many seconds while things break, heal, and check."""
    # It says of every attempt that the broker is away; it is.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    random = Random(seed)
    evidence = Evidence()
    adversary = Adversary(stage, Random(random.random()))
    workload = Workload(Random(random.random()))
    clients = Clients(stage.doors(), workload, Random(random.random()), evidence)
    people = People(stage.doors(), Random(random.random()), evidence)
    listeners = Listeners(stage.doors(), Random(random.random()), evidence)
    writer = Writer(stage.settings, workload, Random(random.random()), clients.defined)
    progress = Progress(faults=adversary.done)

    def show(doing: str) -> None:
        told = len(evidence.told) + len(evidence.exchanges)
        progress.doing, progress.told, progress.written = doing, told, writer.written
        look(progress)

    show("starting")
    await start(stage)
    await clients.begin()
    await people.begin()
    await listeners.begin()
    listening = [asyncio.create_task(listeners.live(number)) for number in range(len(ALL))]
    began = time.monotonic()
    live = [clients.live() for _ in range(CLIENTS)] + [people.live() for _ in range(PEOPLE)]
    live += [writer.live(), adversary.rage()]
    tasks = [asyncio.create_task(each) for each in live]
    while (left := began + seconds - time.monotonic()) > 0:
        show(f"breaking things for {left:.0f} s more")
        await asyncio.wait(tasks, timeout=min(left, 1), return_when=asyncio.FIRST_EXCEPTION)
        _raise_any([*tasks, *listening])
    await _end(tasks)
    show("healing")
    await adversary.mend()
    evidence.behind = await settle(stage, PATIENCE)
    await people.come_back()
    await people.end()
    evidence.behind += await settle(stage, PATIENCE)
    evidence.behind += await listeners.until(await ends_of(stage.settings, topics.facts))
    await _end(listening)
    # That auditors listen is on record too, perhaps of one who connected a moment ago.
    evidence.behind += await settle(stage, PATIENCE)
    show("checking")
    await gather.gather(stage.settings, evidence)
    await gather.read_once_more(clients, evidence, random)
    findings = await asyncio.to_thread(check, evidence)
    return Run(seed, seconds, evidence, findings, adversary.done)


async def start(stage: Stage) -> None:
    """Start every process and wait until the doors are ready. Raises Unusable."""
    for process in stage.processes:
        process.start()
    until = time.monotonic() + START_PATIENCE
    for door in stage.of("api"):
        while not await asyncio.to_thread(ready, door.settings):
            if time.monotonic() > until:
                raise Unusable(f"{door.name} was not ready after {START_PATIENCE:.0f} s: see {door.child.log}.")
            await asyncio.sleep(0.2)


def _raise_any(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
