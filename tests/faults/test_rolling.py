"""Workers are replaced one after the other under load, and nobody waits until the group misses one of them.

A command whose worker is told to stop waits until that one has let go of its journals and has left the group, until the
others hear of it at their next heartbeat, and until they have opened what they are given: some ten milliseconds a
partition on an idle machine, and as many times more as the machine has to do besides. That is a second or two. A worker
that is not known to be gone takes a session of ten.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP, SIGTERM

import httpx2
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from infra import kafka
from infra.faults.run import start
from infra.faults.stage import Process, Stage, stage
from infra.settings import Settings
from schemas.partition import partition_of
from streams.app import GROUP, HEARTBEAT, SESSION_TIMEOUT
from tests.calling import Playing

ALICE = {"As": "alice", "Prefer": "wait=30"}
PARTITIONS = 8
PAUSE = 2.0
"""Seconds between the return of one worker to the group and the next one's end."""
PATIENCE = 60.0


def test_a_rolling_restart_pauses_no_longer_than_a_rebalance(tmp_path: Path) -> None:
    with stage(tmp_path, {"worker": 2, "project": 1, "api": 1}) as there:
        waited = asyncio.run(rolled(there))
    assert max(waited) < 0.8 * SESSION_TIMEOUT, f"of {len(waited)} commands one waited {max(waited):.1f} s"


def test_a_worker_leaves_also_in_the_midst_of_a_rebalance(tmp_path: Path) -> None:
    """It need not wait for a member that lets everybody wait, and nobody has to wait for it."""
    with stage(tmp_path, {"worker": 3}) as there:
        took, members = asyncio.run(left(there))
    assert took < SESSION_TIMEOUT / 2
    assert members <= 1


async def left(there: Stage) -> tuple[float, int]:
    """Give the seconds a worker took to stop while its group waited for a stalled one, and how many remained."""
    leaving, stalled, stopped = there.of("worker")
    for worker in there.processes:
        worker.start()
    await gathered(there.settings, 3)
    stalled.send(SIGSTOP)
    await stopped.end(SIGTERM)
    await asyncio.sleep(3 * HEARTBEAT)
    began = time.monotonic()
    await leaving.end(SIGTERM)
    took = time.monotonic() - began
    _, members = await group(there.settings)
    stalled.send(SIGCONT)
    return took, members


async def rolled(there: Stage) -> list[float]:
    """Give the seconds that each command took, asked on every partition all the time."""
    await start(there)
    (door,) = there.doors()
    async with httpx2.AsyncClient(base_url=f"{door}/v1/commands/", headers=ALICE, timeout=60, auth=Playing()) as http:
        await post(http, "kind.define", kind="bill", json_schema={"type": "object"})
        subjects = {partition_of(f"bill-{n}".encode(), PARTITIONS): f"bill-{n}" for n in range(100)}
        assert len(subjects) == PARTITIONS
        await gathered(there.settings, 2)
        async with asking(http, list(subjects.values())) as waited:
            for worker in there.of("worker"):
                await asyncio.sleep(PAUSE)
                await replace(worker)
                await gathered(there.settings, 2)
            await asyncio.sleep(PAUSE)
    return waited


async def replace(worker: Process) -> None:
    await worker.end(SIGTERM)
    worker.start()


async def gathered(settings: Settings, members: int) -> None:
    """Wait until so many workers have shared the partitions among them."""
    until = time.monotonic() + PATIENCE
    while (found := await group(settings)) != ("Stable", members):
        assert time.monotonic() < until, found
        await asyncio.sleep(0.2)


async def group(settings: Settings) -> tuple[str, int]:
    """Give the state of the workers' group, and how many it has."""
    admin = AIOKafkaAdminClient(**kafka.connection(settings))
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([GROUP])
    except GroupCoordinatorNotAvailableError:
        return "Unknown", 0  # Kafka makes its place for groups when the first of them comes.
    finally:
        await admin.close()
    ((_, _, state, _, _, members, *_),) = answer.groups
    return state, len(members)


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
