"""Journals to measure with: with nothing in them but one kind, or with many facts."""

from time import perf_counter

from infra.bench import commands, kafka
from infra.bench.bed import Bed
from infra.embedded.process import Child
from infra.settings import Unusable
from schemas import kind, resource, topics, wire
from schemas.message import CommandRejected
from schemas.topics import Topic

MANY = 200_000
COMMANDS_OF_EACH = 10
LOOKED_AT = 100
"""Facts of each partition."""

_, KIND_FACTS = topics.of(kind.DOMAIN)
RESOURCE_COMMANDS, RESOURCE_FACTS = topics.of(resource.DOMAIN)


async def none(bed: Bed) -> None:
    """Leave nothing anywhere but one kind, which every worker and door then knows."""
    await bed.clear()
    async with kafka.looking(bed.settings) as consumer:
        defined = await kafka.reached(consumer, [KIND_FACTS])
    if not defined:
        bed.say("defining a kind")
        await commands.ask(bed, commands.letters([commands.KIND]))
        await drain(bed, bed.role("worker"), KIND_FACTS, 1)


async def ask_many(bed: Bed, count: int) -> None:
    """Leave so many commands waiting, and no fact."""
    await none(bed)
    bed.say(f"storing {count:,} commands")
    await commands.ask(bed, commands.letters(commands.mixed(count, max(1, count // COMMANDS_OF_EACH))))


async def many(bed: Bed, count: int) -> None:
    """Let there be so many facts; those that an earlier measurement left will do."""
    if bed.facts < count:
        await ask_many(bed, count)
        bed.say("a worker decides them")
        await drain(bed, bed.role("worker"), RESOURCE_FACTS, count)
        await require_happened(bed)
        bed.facts = count


async def drain(bed: Bed, child: Child, topic: Topic, count: int) -> tuple[float, float]:
    """Let a process fill a topic; give the records a second since it was started, and since the first of them."""
    began = perf_counter()
    with bed.running(child):
        seen = [each async for each in kafka.growth(bed.settings, topic, count)]
    (first, there), (last, everything) = seen[0], seen[-1]
    return everything / (last - began), (everything - there) / (last - first) if last > first else 0.0


async def require_happened(bed: Bed) -> None:
    """Look at the newest facts. Raises Unusable if one is a refusal: refusing is quicker than what is measured."""
    async with kafka.looking(bed.settings) as consumer:
        ends = await consumer.end_offsets(kafka.places(RESOURCE_FACTS))
        consumer.assign(list(ends))
        for place, end in ends.items():
            consumer.seek(place, max(0, end - LOOKED_AT))
        left = sum(min(end, LOOKED_AT) for end in ends.values())
        while left:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                left -= len(records)
                for record in records:
                    fact = wire.decode_fact(record.value).fact
                    if isinstance(fact, CommandRejected):
                        raise Unusable(f"A command to measure with was refused: {fact.reason}")
