"""What it takes to read a subject as it was, when much has happened to it."""

from collections.abc import Iterator, Sequence

from infra.bench import client, commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.facts import RESOURCE_FACTS
from infra.bench.heard import all_shown, hearing
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.bench.signing_in import at_work
from projections import past
from schemas.message import Command
from schemas.partition import partition_of
from schemas.resource import ChangeResource

FACTS = 10_000
SUBJECT = "invoice-0"
MOMENTS = 50
"""How many different moments are asked for."""

RATE, SECONDS = 20, 10


@measures(
    Row("as_of.p50", "A resource with 10,000 facts, as of any of them", "ms"),
    Row("as_of.p99", "The same", "ms", at_most=50),
)
async def looking_back(bed: Bed) -> Sequence[Reading]:
    """The floor is the same resource as it is now."""
    count = bed.count(FACTS)
    await facts.none(bed)
    place = partition_of(SUBJECT.encode(), RESOURCE_FACTS.partitions)
    offsets = [n * count // MOMENTS for n in range(MOMENTS)]
    then = [bed.request("GET", f"/v1/resources/{SUBJECT}?as_of=resource:{place}:{offset}") for offset in offsets]
    now = [bed.request("GET", f"/v1/resources/{SUBJECT}")]
    async with at_work(bed):
        await _happen(bed, count)
        bed.say("looking back")
        taken = []
        for asked in (then, now):
            await client.times(bed.settings.port, asked, RATE, bed.seconds(2))
            taken.append(await client.times(bed.settings.port, asked, RATE, bed.seconds(SECONDS)))
    ours, floor = taken
    return [Reading(1000 * percentile(ours, share), 1000 * percentile(floor, share)) for share in (0.5, 0.99)]


async def _happen(bed: Bed, count: int) -> None:
    """Let much happen to one resource, and wait until all of it is known."""
    bed.say(f"{count:,} facts of one resource")
    async with hearing(bed.settings, past.projection.name) as heard, kafka.looking(bed.settings) as consumer:
        await commands.ask(bed, commands.letters(_changes(count)))
        await all_shown(consumer, heard, count)


def _changes(count: int) -> Iterator[Command]:
    yield commands.registered(SUBJECT, 0)
    for n in range(1, count):
        yield ChangeResource(resource_id=SUBJECT, patch={"amount": n}, kind_position=0)
