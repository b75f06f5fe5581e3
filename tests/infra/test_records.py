"""Ranges of topics, read as they are."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # it does not say that it has it

from infra.authorizer import client
from infra.records import Record, Records, records
from infra.settings import Settings, Unusable

COUNT = 12_000
FIRST = 1_764_000_000_000


@pytest.fixture(scope="module")
def topic(stack: Settings) -> Iterator[str]:
    """A topic of two partitions: the first holds many records and the end of a transaction, the second none."""
    name = f"records-{uuid4().hex}"
    admin = AdminClient(client(stack))
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
    producer = Producer(client(stack) | {"transactional.id": name, "queue.buffering.max.messages": 1_000_000})
    producer.init_transactions(30)
    producer.begin_transaction()
    for n in range(COUNT):
        producer.produce(name, b"%d" % n, b"key", 0, timestamp=FIRST + n, headers=[("n", b"%d" % n), ("n", b"again")])
    producer.commit_transaction(30)
    yield name
    admin.delete_topics([name])[name].result(30)


@pytest.fixture
def reader(stack: Settings) -> Iterator[Records]:
    with Records(stack) as reader:
        yield reader


def test_all_of_a_record_is_given(stack: Settings, topic: str) -> None:
    assert list(records(stack, topic, 0, 7, 8)) == [
        Record(7, FIRST + 7, b"key", b"7", [("n", b"7"), ("n", b"again")]),
    ]


@pytest.mark.parametrize(("start", "end"), [(0, COUNT), (11, 4_711), (COUNT - 1, COUNT + 1), (5, 5), (9, 3)])
def test_a_range_is_given_whole_and_in_order(reader: Records, topic: str, start: int, end: int) -> None:
    offsets = [each.offset for batch in reader.read(topic, 0, start, end) for each in batch]
    assert offsets == list(range(start, min(end, COUNT)))  # the end of the transaction is no record


def test_one_reader_reads_range_after_range(reader: Records, topic: str) -> None:
    for start in (100, 50, 11_000):
        (batch,) = reader.read(topic, 0, start, start + 10)
        assert [each.offset for each in batch] == list(range(start, start + 10))


def test_a_range_left_early_disturbs_no_later_one(reader: Records, topic: str) -> None:
    next(iter(reader.read(topic, 0, 0, COUNT)))
    (batch,) = reader.read(topic, 0, 3, 5)
    assert [each.offset for each in batch] == [3, 4]


def test_it_knows_where_a_partition_begins_and_ends(reader: Records, topic: str) -> None:
    assert reader.around(topic, 0) == (0, COUNT + 1)
    assert reader.around(topic, 1) == (0, 0)


def test_a_moment_is_a_place(reader: Records, topic: str) -> None:
    assert reader.since(topic, {0: FIRST + 4_000, 1: FIRST}) == {0: 4_000, 1: 0}
    assert reader.since(topic, {0: 2 * FIRST}) == {0: COUNT + 1}


def test_what_is_not_there_is_said(reader: Records, topic: str) -> None:
    with pytest.raises(Unusable, match="ask for what is there"):
        list(reader.read(topic, 0, 0, COUNT + 2))
    with pytest.raises(Unusable, match="begin at its first record"):
        list(reader.read(topic, 0, COUNT + 5, COUNT + 9))
    with pytest.raises(Unusable, match="gives no records"):
        reader.around(f"no-{topic}", 0)
