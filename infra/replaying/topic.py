"""Another topic that a replay writes: records as they are, each into the partition of the number it came from."""

import re
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # it does not say that it has it

from infra.authorizer import client
from infra.replaying.places import Range
from infra.replaying.reading import Piece
from infra.settings import Settings, Unusable
from infra.topics import expected
from schemas.domains import DOMAINS

PATIENCE = 30.0
"""Seconds in which Kafka must take what it was given."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_OURS = ("annal.", "__", *(f"{domain.name}." for domain in DOMAINS))


class Topic:
    """Takes records. Its methods block, and raise Unusable."""

    def __init__(self, settings: Settings, name: str, ranges: Sequence[Range]) -> None:
        require_another(name)
        self.ranges = list(ranges)
        self._name = name
        self._error: str | None = None
        _require_partitions(settings, name, 1 + max((each.place.partition for each in ranges), default=0))
        self._producer = Producer(
            {**client(settings), "enable.idempotence": True, "linger.ms": 20, "queue.buffering.max.kbytes": 64 << 10}
        )

    def write(self, piece: Piece) -> None:
        partition = piece.after.place.partition
        for record in piece.records:
            self._produce(partition, record)
        self._producer.poll(0)
        self._require_taken()

    def close(self, *, whole: bool) -> None:
        left = self._producer.flush(PATIENCE)
        if whole:
            self._require_taken()
        if whole and left:
            raise Unusable(f"Kafka has not taken {left:,} records into {self._name}: see that it runs.")

    def _produce(self, partition: int, record: Any) -> None:
        while True:
            try:
                self._producer.produce(
                    self._name,
                    record.value,
                    record.key,
                    partition,
                    self._taken,
                    timestamp=record.timestamp,
                    headers=list(record.headers),
                )
            except BufferError:
                self._producer.poll(0.1)
                self._require_taken()
            else:
                return

    def _taken(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._error = error.str()

    def _require_taken(self) -> None:
        if self._error is not None:
            raise Unusable(
                f"Kafka does not take records into {self._name} ({self._error}): see that this user may write."
            )


def require_another(name: str) -> None:
    """Raise Unusable for a topic of Annal's own, or a name that Kafka does not take."""
    if name in {topic.name for topic in expected()} or name.startswith(_OURS):
        raise Unusable(f"{name} is, or could be, a topic of Annal or of Kafka: replay into one of another name.")
    if _NAME.fullmatch(name) is None or name in (".", ".."):
        raise Unusable(f"{name} is no name of a topic: use up to 249 letters, digits, dots, dashes and underscores.")


def _require_partitions(settings: Settings, name: str, wanted: int) -> None:
    """See that a topic has partitions enough, and make it where there is none."""
    admin = AdminClient(client(settings))
    try:
        known = admin.list_topics(timeout=PATIENCE).topics.get(name)
        if known is None or known.error is not None:
            admin.create_topics([NewTopic(name, wanted, -1)])[name].result(PATIENCE)
            return
    except KafkaException as error:
        raise Unusable(
            f"Kafka will not create the topic {name} ({error.args[0].str()}): allow this user to."
        ) from error
    there = len(known.partitions)
    if there < wanted:
        raise Unusable(f"{name} has {there} partitions, and {wanted} are needed: name another topic, or add some.")
