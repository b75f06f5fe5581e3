"""What people who read notice of a read model that is built beside the one they read."""

from collections.abc import Sequence
from functools import partial
from random import Random
from time import perf_counter

from infra import postgres
from infra.bench import client, facts, kafka
from infra.bench.bed import Bed
from infra.bench.heard import all_shown, hearing
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.embedded.process import Child
from infra.ports import answers
from infra.settings import Unusable
from projections import versions
from projections.resource import projection

NAME = projection.name
FACTS = 1_000_000
RATE = 200
"""Reads a second."""

SECONDS, ROUND = 30, 3
"""Of all reads while nothing is built, and of a round: connections that rest for longer are closed by the door."""

READ = 2_000
"""Resources that are read."""

PATIENCE = 900


@measures(
    Row("rebuild.read.p99", "GET by id from PostgreSQL, 200/s, while resources are built beside", "ms", floors=2),
    Row("rebuild.beside", "Facts read a second by that build, as fast as it goes by default", "facts/s"),
    patience=PATIENCE,
)
async def beside(bed: Bed) -> Sequence[Reading]:
    """The floor is the same reads while nothing is built."""
    count = bed.count(FACTS)
    await facts.many(bed, count)
    await bed.clear_known()
    with bed.running(bed.program("alone", NAME)):
        bed.say("all facts become rows")
        async with hearing(bed.settings, NAME) as heard, kafka.looking(bed.settings) as consumer:
            await all_shown(consumer, heard, count)
        door = bed.role("api")
        with bed.running(door):
            door.wait_ready(partial(answers, bed.settings.port))
            return await _read(bed, count)


async def _read(bed: Bed, count: int) -> Sequence[Reading]:
    """Read while nothing is built, and while all is."""
    subjects = max(1, count // facts.COMMANDS_OF_EACH)
    chosen = Random(1).sample(range(subjects), min(subjects, READ))  # noqa: S311 - any will do
    asked = [bed.request("GET", f"/v1/resources/invoice-{n}") for n in chosen]
    ask = partial(client.times, bed.settings.port, asked, RATE)
    bed.say("resources are read")
    await ask(bed.seconds(ROUND))
    floor = [took for _ in range(SECONDS // ROUND) for took in await ask(bed.seconds(ROUND))]
    bed.say("resources are read and built")
    build = bed.command("projection", "build", NAME)
    build.start()
    try:
        began, ours = perf_counter(), []
        while build.alive:
            ours += await ask(bed.seconds(ROUND))
        took = perf_counter() - began
        _require_built(build)
    finally:
        build.stop()
        await _drop(bed)
    return [Reading(*(1000 * percentile(times, 0.99) for times in (ours, floor))), Reading(count / took)]


def _require_built(build: Child) -> None:
    if build.process is None or build.process.returncode:
        raise Unusable(f"The build ended early ({build.last_words()}).")


async def _drop(bed: Bed) -> None:
    async with await postgres.connect(bed.settings) as connection:
        await versions.drop(connection, versions.name_of(NAME, "next"))
