"""What the agent says it can do is what people can ask it for, and what it remembers is told or counted."""

from agent import memory, talking
from tests.agent.actions.catalogue import everything
from tests.agent.at import Answers, at


def test_what_nobody_asks_for_by_name_is_not_offered() -> None:
    told = talking.talk(at("what can you do?", actions=everything().values()), "talk.help").text
    assert "- resource: " in told
    assert "conversation:" not in told


def _remembering(count: int) -> Answers:
    said = {"written_time": "2026-11-27T09:00:00.000000Z", "position": "conversation:0:1"}
    items = [{"memory_id": f"m-{n}", "text": f"number {n} counts", **said} for n in range(count)]
    return Answers({"/v1/memories": {"items": items}})


async def test_memories_that_are_not_told_are_counted() -> None:
    told = (await memory.recall(at("what do you know about me?", _remembering(23)))).text
    assert told.count("\n- ") == 20
    assert told.endswith("And 3 older ones, which stand in the list at /v1/memories.")
    told = (await memory.recall(at("what do you know about me?", _remembering(20)))).text
    assert "older" not in told
