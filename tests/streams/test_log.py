"""Partitions of commands and facts on a real Kafka, also where an offset is no record's."""

from collections.abc import AsyncIterator
from uuid import uuid4

import confluent_kafka
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra import kafka
from infra.ends import Ends
from infra.settings import Settings
from streams.held import first_held, held
from streams.kinds import FollowedKinds
from streams.log import KafkaLog
from streams.producer import Producer


@pytest.fixture
async def topic(stack: Settings) -> AsyncIterator[str]:
    name = f"facts-{uuid4().hex}"
    admin = AIOKafkaAdminClient(**kafka.connection(stack))
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


def transact(settings: Settings, topic: str, *values: bytes) -> None:
    """Write records in a transaction; its end takes an offset of its own, and is no record."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": settings.kafka_bootstrap, "transactional.id": uuid4().hex}
    )
    producer.init_transactions()
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, b"stranger", partition=0)
    producer.commit_transaction()


async def test_a_journal_that_ends_with_no_record_is_read_to_its_end(stack: Settings, topic: str) -> None:
    transact(stack, topic, b"a")
    transact(stack, topic, b"b", b"c")
    connection = kafka.connection(stack)
    log = KafkaLog(connection, Producer(connection, 10), topic, 0, topic)
    read = [record async for records in log.read(0) for record in records]
    assert [(record.offset, record.value) for record in read] == [(0, b"a"), (2, b"b"), (3, b"c")]
    assert [record async for records in log.read(4) for record in records] == []


async def test_the_next_command_is_found_behind_what_is_no_record(stack: Settings, topic: str) -> None:
    transact(stack, topic, b"a")
    transact(stack, topic, b"b")
    place, connection = TopicPartition(topic, 0), kafka.connection(stack)
    ends = Ends(connection)
    assert await held(ends, place) == (0, 4)
    await ends.stop()
    assert [await first_held(connection, place, offset) for offset in range(5)] == [0, 2, 2, 4, 4]


async def test_kinds_are_known_up_to_an_end_that_is_no_record(stack: Settings, topic: str) -> None:
    transact(stack, topic, b"noise")
    kinds = FollowedKinds(kafka.connection(stack))
    kinds._place = kinds._place._replace(topic=topic)
    await kinds.start()
    await kinds.reach()
    assert kinds.position == 1
    await kinds.stop()
