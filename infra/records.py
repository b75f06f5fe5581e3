"""Records of a range of a topic, read as fast as Kafka gives them; for whoever reads much, once, and in no group."""

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from infra.authorizer import client
from infra.settings import Settings, Unusable

AT_ONCE = 2_000
"""Records that are handed over together."""

PATIENCE = 30.0
"""Seconds in which Kafka must say something."""

LOOK = 0.25
"""Seconds for records to come together: of a range that ends in what is no record, the last look lasts so long."""

_NOTHING_YET = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT)  # noqa: SLF001 - so named
_NO_MEMBER = KafkaError.GROUP_AUTHORIZATION_FAILED
"""What is said of a group to whoever only reads, and need not be its member."""
_LOST = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)  # noqa: SLF001


class Record(NamedTuple):
    """A record of a topic's partition; `timestamp` is in milliseconds since 1970."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Records:
    """Reads records with one consumer, partition after partition. All its methods block, and raise Unusable."""

    def __init__(self, settings: Settings) -> None:
        self._closed = False
        self._consumer = Consumer(
            {
                **client(settings),
                "group.id": "annal.nobody",  # which is never joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "max.partition.fetch.bytes": 8 << 20,
                # At the end of one range nothing more is waited for, nor is it before the next one is asked for.
                "fetch.wait.max.ms": 5,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed = True
        self._consumer.close()

    def around(self, topic: str, partition: int) -> tuple[int, int]:
        """Give the offset of a partition's first record, and the one after its last."""
        begin, end = self._ask(topic, self._consumer.get_watermark_offsets, TopicPartition(topic, partition))
        return int(begin), int(end)

    def since(self, topic: str, moments: Mapping[int, int]) -> dict[int, int]:
        """Give for partitions the offset of the first record that is not older than a moment, in ms since 1970.

        Where all are older it is the offset after the last.
        """
        asked = [TopicPartition(topic, partition, moment) for partition, moment in moments.items()]
        found = {each.partition: each.offset for each in self._ask(topic, self._consumer.offsets_for_times, asked)}
        return {
            partition: offset if offset >= 0 else self.around(topic, partition)[1]
            for partition, offset in found.items()
        }

    def read(self, topic: str, partition: int, start: int, end: int, *, headers: bool = True) -> Iterator[list[Record]]:
        """Give the records from one offset to before another, in their order, many at once.

        Without `headers` they have none, and are read faster. Offsets that are taken by what is no record, such as the
        end of a transaction, are passed over.
        """
        if start >= end:
            return
        make = _record if headers else _bare
        self._consumer.assign([TopicPartition(topic, partition, start)])
        try:
            while start < end:
                messages, start = self._next(topic, start, end)
                if messages:
                    yield [make(message) for message in messages]
        finally:
            if not self._closed:
                self._consumer.unassign()

    def _next(self, topic: str, start: int, end: int) -> tuple[list[Any], int]:
        """Give what comes next, and the offset after it: the range's end when nothing of it is left."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            found: list[Any] = []
            messages: list[Any] = self._consumer.consume(min(AT_ONCE, end - start), LOOK)
            for message in messages:
                error, offset = message.error(), message.offset()
                if error is None and offset >= end:
                    return found, end
                if error is None:
                    found.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    _require_there(topic, offset, end)
                    return found, end
                elif error.code() not in (*_NOTHING_YET, _NO_MEMBER):
                    raise _unusable(topic, error)
            if found:
                return found, found[-1].offset() + 1
        raise Unusable(f"Kafka gives nothing of {topic} from offset {start}: see that it is settled, and try again.")

    def _ask(self, topic: str, ask: Any, *about: Any) -> Any:
        try:
            return ask(*about, timeout=PATIENCE)
        except KafkaException as error:
            raise _unusable(topic, error.args[0]) from error


def records(settings: Settings, topic: str, partition: int, start: int, end: int) -> Iterator[Record]:
    """Give the records of one range, one by one. Raises Unusable."""
    with Records(settings) as reader:
        for batch in reader.read(topic, partition, start, end):
            yield from batch


def _record(message: Any) -> Record:
    said = (message.offset(), message.timestamp()[1], message.key(), message.value(), message.headers() or ())
    return _new(Record, said)  # type: ignore[no-any-return]


def _bare(message: Any) -> Record:
    return _new(Record, (message.offset(), message.timestamp()[1], message.key(), message.value(), ()))  # type: ignore[no-any-return]


_new: Any = tuple.__new__
"""Half of the time that a record takes by its name."""


def _require_there(topic: str, offset: int, end: int) -> None:
    if offset < end:
        raise Unusable(f"{topic} ends before offset {offset}, not {end}: ask for what is there.")


def _unusable(topic: str, error: KafkaError) -> Unusable:
    if error.code() in _LOST:
        return Unusable(f"Kafka has no such records of {topic} any more: begin at its first record ({error.str()}).")
    return Unusable(f"Kafka gives no records of {topic} ({error.str()}): see that it runs and lets this user read it.")
