"""How long nothing is decided when a worker starts on journals that hold much already."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from infra.bench import commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.facts import RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from schemas.partition import partition_of
from schemas.resource import RenameResource
from streams.app import GROUP

ROUNDS = 2


@measures(
    Row(
        "restart.warm",
        "Worker restarted on 200,000 facts, its states kept: from assignment to deciding everywhere",
        "s",
        at_most=3,
    ),
    Row("restart.cold", "The same, its states lost", "s", at_most=8),
)
async def restart(bed: Bed) -> Sequence[Reading]:
    """A command waits in each partition; the slowest counts. The floor of a cold start reads all facts, and no more."""
    await facts.many(bed, bed.count(facts.MANY))
    warm, cold, floor = [], [], []
    for n in range(bed.rounds(ROUNDS)):
        bed.say("restarting with its states")
        warm.append(await _first_decisions(bed, f"warm {n}"))
        bed.say("reading all facts")
        floor.append(await _read_all(bed))
        bed.say("restarting without its states")
        bed.forget()
        cold.append(await _first_decisions(bed, f"cold {n}"))
    return [Reading(max(warm)), Reading(max(cold), min(floor))]


async def _first_decisions(bed: Bed, name: str) -> float:
    """Start a worker; give the seconds from when it was assigned its partitions until it had decided in each."""
    await commands.ask(bed, commands.letters(RenameResource(resource_id=subject, name=name) for subject in _subjects()))
    worker = bed.role("worker")
    async with kafka.admin(bed.settings) as admin, kafka.looking(bed.settings) as consumer:
        await _until(admin, "Empty")
        waiting = await consumer.end_offsets(kafka.places(RESOURCE_FACTS))
        with bed.running(worker):
            await _until(admin, "Stable")
            began = perf_counter()
            while waiting:
                ends = await consumer.end_offsets(list(waiting))
                waiting = {place: end for place, end in waiting.items() if ends[place] == end}
                await asyncio.sleep(kafka.LOOKED_EVERY)
            return perf_counter() - began


async def _until(admin: Any, state: str) -> None:
    """Wait until the workers' group is in a state: Stable is when each member has been told its partitions."""
    while True:
        (answer,) = await admin.describe_consumer_groups([GROUP])
        if answer.groups[0][2] == state:
            return
        await asyncio.sleep(kafka.LOOKED_EVERY)


async def _read_all(bed: Bed) -> float:
    began = perf_counter()
    async with kafka.looking(bed.settings) as consumer:
        left = await kafka.reached(consumer, [RESOURCE_FACTS])
        consumer.assign(kafka.places(RESOURCE_FACTS))
        while left > 0:
            left -= sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
    return perf_counter() - began


def _subjects() -> list[str]:
    """Give a registered subject of each partition."""
    found: dict[int, str] = {}
    for n in range(1000):
        subject = f"invoice-{n}"
        found.setdefault(partition_of(subject.encode(), RESOURCE_FACTS.partitions), subject)
        if len(found) == RESOURCE_FACTS.partitions:
            break
    return list(found.values())
