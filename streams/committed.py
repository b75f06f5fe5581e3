"""Places in journals as a consumer group commits them: beside each offset stands the hash of the chain up to there."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from schemas.journal import GENESIS

_HASH = re.compile(r"[0-9a-f]{64}")


class Reached(NamedTuple):
    """How far a journal was seen to: the offset that comes next, and the hash of the last record that counts."""

    next: int = 0
    head: bytes = GENESIS

    def commit(self) -> OffsetAndMetadata:
        return OffsetAndMetadata(self.next, self.head.hex())

    @classmethod
    def read(cls, committed: OffsetAndMetadata | None) -> "Reached":
        """Give the place that was committed; the beginning where none was, or one was set by hand, without a hash."""
        if committed is None or committed.offset < 0 or _HASH.fullmatch(committed.metadata) is None:
            return cls()
        return cls(committed.offset, bytes.fromhex(committed.metadata))


async def committed_by(
    connection: dict[str, Any], group: str, places: Collection[TopicPartition]
) -> dict[TopicPartition, Reached]:
    """Give how far a group has come. A consumer is told the offset alone, so Kafka is asked on a connection of its own.

    Raises KafkaError or OSError.
    """
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(group, partitions=list(places))
        return {place: Reached.read(found.get(place)) for place in places}
    finally:
        await admin.close()
