"""Puts what journals on paper tell onto the real ones."""

from aiokafka import AIOKafkaProducer

from infra import kafka
from infra.settings import Settings
from schemas import topics
from tests.projections.telling import Journal


class Appender:
    """Appends to each journal what it has told since the last time."""

    def __init__(self, settings: Settings) -> None:
        self._producer = AIOKafkaProducer(**kafka.connection(settings), acks="all")
        self._appended: dict[tuple[str, int], int] = {}

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def append(self, *journals: Journal) -> None:
        for journal in journals:
            done = self._appended.get(journal.place, 0)
            topic = topics.facts(journal.domain)
            sent = [
                await self._producer.send(
                    topic, record.value, record.key, partition=journal.partition, headers=record.headers
                )
                for record in journal.records[done:]
            ]
            for each in sent:
                await each
            self._appended[journal.place] = len(journal.records)
