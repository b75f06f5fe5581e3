"""Channels: how people talk with the agent, wherever they are. Whatever hears, says and recalls can be one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from agent.telling import Event
from schemas.conversation import Channel as Name
from schemas.conversation import Consent
from schemas.problems import Problem

PATIENCE = 60.0
"""Seconds that an answer is waited for."""

ENDS = ("RUN_FINISHED", "RUN_ERROR")


@dataclass(frozen=True)
class Words:
    """What somebody says. Said again with one `key` it is the same message; `consent` is to what was proposed."""

    text: str
    channel: Name
    key: str | None = None
    consent: Consent | None = None


class Channel(Protocol):
    """Leads to one conversation."""

    def hear(self) -> AsyncGenerator[Event | None]:
        """Give what goes on, from the first None on without a gap; others say that nothing did. Raises Problem."""
        ...

    async def say(self, words: Words) -> str:
        """Say something, and give the id of the run that answers it. Raises Problem."""
        ...

    async def recall(self, run: str) -> Sequence[Event] | None:
        """Give a run that is over as it is known then; None while nothing is known of its end. Raises Problem."""
        ...


async def exchange(channel: Channel, words: Words, patience: float = PATIENCE) -> AsyncGenerator[Event]:
    """Say something, and give the events of the run that answers it, from what follows its start up to its end.

    A run that is over, or was not heard whole, is recalled. Raises Problem while nothing is said; what goes wrong
    later is the last event.
    """
    heard = channel.hear()
    try:
        await anext(heard)
        run = await channel.say(words)
    except BaseException:
        await heard.aclose()
        raise
    return _answer(channel, heard, run, patience)


async def _answer(
    channel: Channel, heard: AsyncGenerator[Event | None], run: str, patience: float
) -> AsyncGenerator[Event]:
    async with aclosing(heard):
        try:
            over = await channel.recall(run)
            if over is None:
                async for event in _live(heard, run, patience):
                    yield event
                    if event["type"] in ENDS:
                        return
                over = await channel.recall(run)
            for event in over if over is not None else [wrong(_silence(patience))]:
                yield event
        except Problem as problem:
            yield wrong(problem)


async def _live(heard: AsyncGenerator[Event | None], run: str, patience: float) -> AsyncGenerator[Event]:
    """Give the events of a run as they come; no end of it if that did not come in time, or its text was missed.

    A run that is taken up anew after a crash starts once more: what was given already is not given again.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    started = ours = whole = False
    while True:
        try:
            event = await asyncio.wait_for(anext(heard), max(0, until - clock()))
        except (TimeoutError, StopAsyncIteration):
            return
        if event is None:
            continue
        if event["type"] == "RUN_STARTED":
            ours = event["runId"] == run and not started
            started = started or ours
        elif event["type"] in ENDS:
            if event["runId"] == run:
                if whole or event["type"] == "RUN_ERROR":
                    yield event
                return
        elif ours:
            whole = whole or event["type"] == "TEXT_MESSAGE_END"
            yield event


def wrong(problem: Problem) -> Event:
    """Tell of a problem as the end of a run."""
    return {"type": "RUN_ERROR", "code": problem.code, "message": problem.detail}


def _silence(patience: float) -> Problem:
    told = (
        f"No agent answered within {patience:.0f} s. Your message is on record and is answered once one runs: "
        "ask the same run again, or read the turn."
    )
    return Problem("agent_silent", told)
