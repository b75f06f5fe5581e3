"""Whoever is told to stop does, also while nothing answers that it would like to say goodbye to."""

import asyncio
import time
from pathlib import Path
from signal import SIGKILL, SIGTERM

from infra.ending import STOPPING
from infra.faults.run import start
from infra.faults.stage import Stage, stage


def test_everyone_stops_while_kafka_is_away(tmp_path: Path) -> None:
    with stage(tmp_path, {"worker": 1, "project": 1, "api": 1}) as there:
        assert asyncio.run(stopped(there)) < STOPPING + 10


async def stopped(there: Stage) -> float:
    await start(there)
    kafka = there.servers["kafka"].process
    assert kafka is not None
    kafka.send_signal(SIGKILL)
    kafka.wait()
    await asyncio.sleep(2)
    began = time.monotonic()
    await asyncio.gather(*(process.end(SIGTERM) for process in there.processes))
    return time.monotonic() - began
