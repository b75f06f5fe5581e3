"""What a partition holds. On the connection of the app's consumer each question would wait behind a fetch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.ends import Ends

log = structlog.get_logger()

PATIENCE = 0.5
"""Seconds between attempts while the broker cannot be reached."""


async def held(ends: Ends, place: TopicPartition) -> tuple[int, int]:
    """Give the first offset of a partition and its end; waits while the broker is away."""
    while True:
        try:
            return await ends.around(place)
        except (KafkaError, OSError) as error:
            log.warning("cannot ask what a partition holds, trying again", error=str(error))
            await asyncio.sleep(PATIENCE)


async def first_held(connection: dict[str, Any], place: TopicPartition, offset: int) -> int:
    """Give the offset of the first record that is not before `offset`; the end when there is none.

    Offsets may be taken by what is no record, such as the end of a transaction, and a journal must not wait for those.
    Raises KafkaError or OSError.
    """
    async with _consumer(connection) as consumer:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, offset)
        while offset < end:
            for record in (await consumer.getmany(place, timeout_ms=500, max_records=1)).get(place, ()):
                return int(record.offset)
            offset = int(await consumer.position(place))
        return offset


@asynccontextmanager
async def _consumer(connection: dict[str, Any]) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(**connection, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
