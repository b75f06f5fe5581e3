"""Topics are made as schemas/topics.py says, and one that differs is noticed."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra import kafka, topics
from infra.settings import Settings
from schemas.topics import Topic


async def test_missing_topics_are_made_once(stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "expected", lambda: [Topic("made", 3, {"retention.ms": "-1"})])
    (before,) = await topics.check(stack)
    assert before.differences == ("it is missing: create it with `annal topics`",)
    assert await topics.create(stack) == ["made"]
    assert await topics.create(stack) == []
    (after,) = await topics.check(stack)
    assert (after.copies, after.differences) == (1, ())


async def test_a_topic_that_differs_is_noticed(stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = AIOKafkaAdminClient(**kafka.connection(stack))
    await admin.start()
    await admin.create_topics([NewTopic("differs", 2, 1, topic_configs={"retention.ms": "1000"})])
    await admin.close()
    monkeypatch.setattr(topics, "expected", lambda: [Topic("differs", 3, {"retention.ms": "-1"})])
    (found,) = await topics.check(stack)
    assert found.differences == (
        "it has 2 partitions and must have 3: delete and create it anew",
        "retention.ms is 1000 and must be -1",
    )
