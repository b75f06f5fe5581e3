"""How fast journals are verified, beside a loop that consumes the same records and hashes them."""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from time import process_time

from confluent_kafka import Consumer, TopicPartition

from infra.authorizer import client
from infra.bench import facts
from infra.bench.bed import Bed
from infra.bench.facts import RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import middle
from infra.prove.walk import Task, walk
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas import resource
from schemas.checkpoint import Journal, beginning

ROUNDS = 3


@measures(
    Row("verify", "Journals verified beside their commands: facts in each second of one core", "facts/s", 50_000),
)
async def verify(bed: Bed) -> Sequence[Reading]:
    """By the time that the process works: the broker works beside it. The floor consumes and hashes facts, no more."""
    count = bed.count(facts.MANY)
    await facts.many(bed, count)
    taken: list[tuple[float, float]] = []
    for n in range(bed.rounds(ROUNDS)):
        bed.say(f"hashing and verifying, round {n + 1}")
        floor = await asyncio.to_thread(_rate, _hash, bed.settings)
        taken.append((floor, await asyncio.to_thread(_rate, _verify, bed.settings)))
    return [Reading(middle(ours for _, ours in taken), middle(floor for floor, _ in taken))]


def _rate(work: Callable[[Settings, int, int], int], settings: Settings) -> float:
    """Work through all partitions; give the facts in each second that this process was at work."""
    with Records(settings) as reader:
        ends = [reader.around(RESOURCE_FACTS.name, partition)[1] for partition in range(RESOURCE_FACTS.partitions)]
    began = process_time()
    count = sum(work(settings, partition, end) for partition, end in enumerate(ends))
    return count / (process_time() - began)


def _verify(settings: Settings, partition: int, end: int) -> int:
    start = beginning(Journal(resource.DOMAIN.name, partition))
    found = walk(Task(settings, resource.DOMAIN, start, end, ()), lambda _: None)
    if found.wrong:
        raise Unusable(f"What was measured with is wrong: {found.wrong[0].position}: {found.wrong[0].said}.")
    return found.facts


def _hash(settings: Settings, partition: int, end: int) -> int:
    consumer = Consumer({**client(settings), "group.id": "bench", "enable.auto.commit": False, "fetch.wait.max.ms": 5})
    consumer.assign([TopicPartition(RESOURCE_FACTS.name, partition, 0)])
    done = 0
    while done < end:
        messages = consumer.consume(min(10_000, end - done), 1.0)
        for message in messages:
            sha256(message.value() or b"").digest()
        done += len(messages)
    consumer.close()
    return done
