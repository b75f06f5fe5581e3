"""How soon what happened can be read from PostgreSQL, and how fast all of it is read again."""

from collections.abc import Sequence
from typing import Any

from infra.bench import commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.facts import RESOURCE_COMMANDS, RESOURCE_FACTS
from infra.bench.heard import Ends, all_shown, hearing
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import paced, percentile
from infra.embedded.process import Child
from projections.resource import projection

NAME = projection.name
RATE, SECONDS = 200, 10


@measures(
    Row("shown.p50", "Fact → row visible in PostgreSQL, 200 facts/s", "ms"),
    Row("shown.p99", "The same", "ms", at_most=200),
)
async def shown(bed: Bed) -> Sequence[Reading]:
    """From the time that the fact's record bears, with `annal project` at work on all read models."""
    await facts.none(bed)
    with bed.running(bed.role("worker")):
        floor = await _delays(bed, bed.program("floors.insert", RESOURCE_FACTS.name, "first"), "floor")
        ours = await _delays(bed, bed.role("project"), NAME)
    return [Reading(1000 * percentile(ours, share), 1000 * percentile(floor, share)) for share in (0.5, 0.99)]


@measures(
    Row(
        "rebuild",
        "Rebuild of a projection: resources, from the first batch written to the last",
        "facts/s",
        at_least=30_000,
    ),
)
async def rebuild(bed: Bed) -> Sequence[Reading]:
    """The floor writes the bytes of each subject's newest fact."""
    count = bed.count(facts.MANY)
    await facts.many(bed, count)
    await bed.clear_known()
    floor = await _rebuilt(bed, bed.program("floors.insert", RESOURCE_FACTS.name, "first"), "floor")
    await bed.clear_known()
    return [Reading(await _rebuilt(bed, bed.program("alone", NAME), NAME), floor)]


async def _delays(bed: Bed, child: Child, name: str) -> list[float]:
    """Ask commands while a process makes rows of their facts; give the seconds from each fact to its row."""
    bed.say(f"facts become rows: {name}")
    count = int(RATE * bed.seconds(SECONDS))
    asked = commands.letters(commands.mixed(count, RATE, name))
    async with (
        hearing(bed.settings, name) as heard,
        kafka.looking(bed.settings) as consumer,
        commands.producer(bed.settings) as producer,
    ):
        before = await kafka.reached(consumer, [RESOURCE_FACTS])
        with bed.running(child):
            await commands.ask(bed, commands.letters(commands.mixed(RATE, RATE, f"warm-{name}")))
            warm = await all_shown(consumer, heard, before + RATE)
            async for _ in paced(RATE, bed.seconds(SECONDS)):
                await commands.send(producer, RESOURCE_COMMANDS, next(asked))
            await all_shown(consumer, heard, before + RATE + count)
        return [heard.seen(each.partition, each.offset) - each.timestamp / 1000 for each in await _read(consumer, warm)]


async def _rebuilt(bed: Bed, child: Child, name: str) -> float:
    """Let a process make rows of all facts; give the facts a second."""
    bed.say(f"all facts become rows: {name}")
    async with hearing(bed.settings, name) as heard, kafka.looking(bed.settings) as consumer:
        count = await kafka.reached(consumer, [RESOURCE_FACTS])
        with bed.running(child):
            await all_shown(consumer, heard, count)
    (first, _, read_to), (last, _, _) = heard.words[0], heard.words[-1]
    return (count - read_to - 1) / (last - first)


async def _read(consumer: Any, since: Ends) -> list[Any]:
    """Read the facts from an earlier end to the end."""
    consumer.assign(list(since))
    for place, end in since.items():
        consumer.seek(place, end)
    left = sum((await consumer.end_offsets(list(since))).values()) - sum(since.values())
    read: list[Any] = []
    while len(read) < left:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            read += records
    return read
