"""Writes into journals what does not belong there, as a stranger would, or a writer that lost its partition."""

from random import Random

from aiokafka import AIOKafkaProducer

from infra import kafka
from infra.faults.check.evidence import Stored
from infra.faults.gather import records
from infra.faults.settle import PLACES
from infra.settings import Settings
from schemas import topics

RECORDS = 20
"""How many of a journal's newest records are repeated or bent."""


async def scribble(settings: Settings, random: Random) -> None:
    """Append some records to one journal that must not count."""
    domain, partition = random.choice(PLACES)
    topic = topics.facts(domain)
    newest = await records(settings, topic, partition, RECORDS)
    producer = AIOKafkaProducer(**kafka.connection(settings), acks="all")
    await producer.start()
    try:
        for _ in range(random.randrange(1, 6)):
            bent = _bent(random.choice(newest) if newest else Stored(0, 0, b"", b"", ()), random)
            await producer.send_and_wait(topic, bent.value, bent.key, partition, headers=list(bent.headers))
    finally:
        await producer.stop()


def _bent(record: Stored, random: Random) -> Stored:
    """Repeat a record as it is, or with something in it that is not right."""
    noise = random.randbytes(30)
    return random.choice(
        (
            record,
            record,
            Stored(0, 0, record.key, record.value, ()),
            Stored(0, 0, record.key, record.value, (("prev", noise),)),
            Stored(0, 0, record.key, noise, record.headers),
            Stored(0, 0, noise, record.value, record.headers),
            Stored(0, 0, b"", b"", (("prev", b""),)),
        )
    )
