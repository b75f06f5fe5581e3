"""Commands that wait on their topic, decided by one worker that starts cold: what a backlog costs."""

from collections.abc import Sequence

from infra.bench import facts, kafka
from infra.bench.bed import TOLD, Bed
from infra.bench.facts import RESOURCE_COMMANDS, RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import middle

ROUNDS = 2


@measures(
    Row(
        "journal.cold",
        "Commands preloaded → facts, from starting a worker to the last fact",
        "commands/s",
        25_000,
        of_floor=0.5,
    ),
    Row("journal.going", "The same, from the first fact seen to the last", "commands/s"),
)
async def backlog(bed: Bed) -> Sequence[Reading]:
    """The floor consumes and produces the bytes of the same commands, started as cold."""
    count = bed.count(facts.MANY)
    await facts.ask_many(bed, count)
    rounds = []
    for _ in range(bed.rounds(ROUNDS)):
        bed.say("the floor forwards the commands")
        await kafka.recreate(bed.settings, [TOLD])
        floor = await facts.drain(bed, bed.program("floors.forward", RESOURCE_COMMANDS.name, TOLD.name), TOLD, count)
        bed.say("a worker decides the commands")
        bed.forget()
        await kafka.recreate(bed.settings, [RESOURCE_FACTS])
        rounds.append((floor, await facts.drain(bed, bed.role("worker"), RESOURCE_FACTS, count)))
    await facts.require_happened(bed)
    bed.facts = count
    return [
        Reading(middle(ours[which] for _, ours in rounds), middle(floor[which] for floor, _ in rounds))
        for which in (0, 1)
    ]
