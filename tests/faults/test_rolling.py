"""Workers are replaced one after the other under load, and nobody waits longer than a group takes to rebalance."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import httpx2

from infra.faults.run import start
from infra.faults.stage import Process, Stage, stage
from infra.ready import ready
from schemas.partition import partition_of
from streams.app import SESSION_TIMEOUT
from tests.calling import Playing

ALICE = {"As": "alice", "Prefer": "wait=30"}
PARTITIONS = 8
PAUSE = 6.0
"""Seconds between one worker's return and the next one's end: a new one has joined by then."""


def test_a_rolling_restart_pauses_no_longer_than_a_rebalance(tmp_path: Path) -> None:
    """A group that had to wait for a member to be missed would pause for the session timeout at the least."""
    with stage(tmp_path, {"worker": 2, "project": 1, "api": 1}) as there:
        waited = asyncio.run(rolled(there))
    assert max(waited) < SESSION_TIMEOUT, f"of {len(waited)} commands one waited {max(waited):.1f} s"


async def rolled(there: Stage) -> list[float]:
    """Give the seconds that each command took, asked on every partition all the time."""
    await start(there)
    (door,) = there.doors()
    assert ready(there.of("api")[0].settings)
    async with httpx2.AsyncClient(base_url=f"{door}/v1/commands/", headers=ALICE, timeout=60, auth=Playing()) as http:
        await post(http, "kind.define", kind="bill", json_schema={"type": "object"})
        subjects = {partition_of(f"bill-{n}".encode(), PARTITIONS): f"bill-{n}" for n in range(100)}
        assert len(subjects) == PARTITIONS
        async with asking(http, list(subjects.values())) as waited:
            for worker in there.of("worker"):
                await asyncio.sleep(PAUSE)
                await replace(worker)
            await asyncio.sleep(PAUSE)
    return waited


async def replace(worker: Process) -> None:
    await worker.end(SIGTERM)
    worker.start()


@asynccontextmanager
async def asking(http: httpx2.AsyncClient, subjects: list[str]) -> AsyncIterator[list[float]]:
    """Ask commands of every subject, one after the other of each, while the block runs."""
    waited: list[float] = []
    over = asyncio.Event()

    async def ask(subject: str) -> None:
        await post(http, "resource.register", resource_id=subject, kind="bill", name="Bill", attributes={})
        n = 0
        while not over.is_set():
            n += 1
            began = time.monotonic()
            await post(http, "resource.rename", resource_id=subject, name=f"Bill {n}")
            waited.append(time.monotonic() - began)

    tasks = [asyncio.create_task(ask(subject)) for subject in subjects]
    try:
        yield waited
    finally:
        over.set()
        await asyncio.gather(*tasks)


async def post(http: httpx2.AsyncClient, command: str, **body: object) -> None:
    """Ask a command and have it accepted."""
    answer = await http.post(command, json=body)
    assert answer.status_code == 200, answer.text
