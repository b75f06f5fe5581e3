"""The checkpoints on their topic: the first of each number that our key signed counts, and no other record does."""

from collections.abc import Iterator
from typing import Any

from confluent_kafka import Producer

from infra.authorizer import client
from infra.records import Record, Records
from infra.settings import Settings, Unusable
from schemas.checkpoint import Checkpoint, Forged
from schemas.topics import CHECKPOINTS

NEAR = 64
"""Records that are read at once where one is looked for."""

PATIENCE = 30.0
"""Seconds in which Kafka stores a checkpoint."""


class Book:
    """Reads and writes the topic; `key` is the public key whose checkpoints count. Blocks, and raises Unusable."""

    def __init__(self, settings: Settings, reader: Records, key: str) -> None:
        self._settings = settings
        self._reader = reader
        self._key = key

    def last(self) -> Checkpoint | None:
        """Give the newest checkpoint."""
        begin, end = self._reader.around(CHECKPOINTS.name, 0)
        start = end
        found: list[Checkpoint] = []
        # Of one number the first counts, and it may stand before what was read so far.
        while start > begin and not (found and found[0].statement.number < found[-1].statement.number):
            start, before = max(begin, start - NEAR), start
            found = [*self._signed(start, before), *found]
        newest = max((each.statement.number for each in found), default=0)
        return next((each for each in found if each.statement.number == newest), None)

    def find(self, number: int) -> Checkpoint | None:
        """Give a checkpoint by its number."""
        return next(self.since(number, at_once=1), None)

    def since(self, number: int, at_once: int = NEAR) -> Iterator[Checkpoint]:
        """Give the checkpoints from a number on, in their order; so many records are read at once."""
        due = max(1, number)
        # Every number took a record at least: none stands earlier than this.
        start, (_, end) = due - 1, self._reader.around(CHECKPOINTS.name, 0)
        while start < end:
            upto = min(end, start + at_once)
            for checkpoint in self._signed(start, upto):
                if checkpoint.statement.number == due:
                    yield checkpoint
                    due += 1
                elif checkpoint.statement.number > due:
                    return
            start, at_once = upto, NEAR

    def append(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint; whether it counts is for the topic to say."""
        failed: list[Any] = []
        producer = Producer({**client(self._settings), "enable.idempotence": True, "acks": "all"})
        producer.produce(
            CHECKPOINTS.name,
            checkpoint.write(),
            b"%d" % checkpoint.statement.number,
            0,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        if producer.flush(PATIENCE) or failed:
            reason = failed[0].str() if failed else f"no answer in {PATIENCE:.0f} s"
            raise Unusable(f"Kafka does not store the checkpoint ({reason}): see that this user may write it.")

    def _signed(self, start: int, end: int) -> Iterator[Checkpoint]:
        for batch in self._reader.read(CHECKPOINTS.name, 0, start, end):
            for record in batch:
                checkpoint = read(record)
                if checkpoint is not None and checkpoint.statement.key == self._key:
                    yield checkpoint


def read(record: Record) -> Checkpoint | None:
    """Give the checkpoint that a record holds, if it holds one that was signed."""
    try:
        return Checkpoint.read(record.value or b"")
    except Forged:
        return None
