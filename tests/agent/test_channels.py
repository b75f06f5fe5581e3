"""Whoever says something hears the answer to it, and to nothing else: live, or as it is remembered."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import pytest

from agent.channels import Words, exchange
from agent.telling import Event
from schemas.problems import Problem

HELLO = Words("hello", "http", "run-1")


def started(run: str) -> Event:
    return {"type": "RUN_STARTED", "runId": run}


def text(told: str) -> list[Event]:
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": told},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": told, "delta": told},
        {"type": "TEXT_MESSAGE_END", "messageId": told},
    ]


def finished(run: str) -> Event:
    return {"type": "RUN_FINISHED", "runId": run}


@dataclass
class Scripted:
    """A channel on which this goes on once something was said, and that recalls these things one after another."""

    goes_on: Sequence[Event | None] = ()
    recalls: list[Sequence[Event] | None] = field(default_factory=list)
    refuses: Problem | None = None
    closed: bool = False

    async def hear(self) -> AsyncGenerator[Event | None]:
        try:
            yield None
            for event in self.goes_on:
                yield event
        finally:
            self.closed = True

    async def say(self, words: Words) -> str:
        if self.refuses is not None:
            raise self.refuses
        return words.key or ""

    async def recall(self, run: str) -> Sequence[Event] | None:
        assert run == HELLO.key
        return self.recalls.pop(0) if self.recalls else None


async def heard(channel: Scripted) -> list[str]:
    events = [event async for event in await exchange(channel, HELLO)]
    assert channel.closed
    return [event.get("delta") or event.get("code") or event["type"] for event in events]


WHOLE = ["TEXT_MESSAGE_START", "hi", "TEXT_MESSAGE_END", "RUN_FINISHED"]


async def test_an_answer_is_heard_as_it_comes() -> None:
    assert await heard(Scripted([started("run-1"), None, *text("hi"), finished("run-1")])) == WHOLE


async def test_answers_to_what_was_said_before_are_not_given() -> None:
    before = [*text("half of"), finished("run-0"), started("run-00"), *text("another"), finished("run-00")]
    assert await heard(Scripted([*before, started("run-1"), *text("hi"), finished("run-1")])) == WHOLE


async def test_what_is_said_again_is_told_as_it_is_remembered() -> None:
    assert await heard(Scripted(recalls=[[*text("hi"), finished("run-1")]])) == WHOLE


async def test_an_answer_whose_beginning_was_missed_is_told_whole() -> None:
    late = Scripted([*text("hi")[1:], finished("run-1")], [None, [*text("hi"), finished("run-1")]])
    assert await heard(late) == WHOLE


async def test_a_run_that_is_taken_up_anew_after_a_crash_is_told_once() -> None:
    whole = [started("run-1"), *text("hi")]
    assert await heard(Scripted([*whole, *whole, finished("run-1")])) == WHOLE


async def test_a_crash_before_the_text_loses_none_of_it() -> None:
    step: Event = {"type": "STEP_STARTED", "stepName": "talk.greet"}
    crashed = [started("run-1"), step, started("run-1"), step, *text("hi"), finished("run-1")]
    assert await heard(Scripted(crashed, [None, [*text("hi"), finished("run-1")]])) == ["STEP_STARTED", *WHOLE]


async def test_a_run_that_fails_ends_so() -> None:
    failed: Event = {"type": "RUN_ERROR", "runId": "run-1", "code": "rule_failed"}
    assert await heard(Scripted([started("run-1"), failed])) == ["rule_failed"]


async def test_silence_ends_and_says_so() -> None:
    assert await heard(Scripted([None])) == ["agent_silent"]


async def test_what_is_refused_is_no_run() -> None:
    channel = Scripted(refuses=Problem("conversation_unknown", "There is none."))
    with pytest.raises(Problem, match="There is none"):
        await exchange(channel, HELLO)
    assert channel.closed


async def test_patience_ends() -> None:
    class Quiet(Scripted):
        async def hear(self) -> AsyncGenerator[Event | None]:
            yield None
            await asyncio.Event().wait()

    events = [event async for event in await exchange(Quiet(), HELLO, patience=0.01)]
    assert [event["code"] for event in events] == ["agent_silent"]
