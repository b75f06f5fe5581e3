"""Steps of a turn on record: what is begun is asked at once, and what was refused of it is raised by the next."""

import asyncio
from dataclasses import replace

import pytest

from agent.recording import Recording
from schemas.conversation import Consent, NoteConsent, Reply
from schemas.message import Asked, Command, Outcome
from schemas.problems import Problem
from tests.agent.at import recording

CONSENT = {"consent": Consent(proposal_id="p", digest="d" * 64, approved=True)}


def refusing(steps: list[Command]) -> Recording:
    async def ask(asked: Asked) -> Outcome:
        await asyncio.sleep(0)
        steps.append(asked.command)
        refused = isinstance(asked.command, NoteConsent)
        code = "turn_answered" if refused else None
        return Outcome(command_id=asked.meta.id, status="rejected" if refused else "accepted", type="", code=code)

    return replace(recording([]), ask=ask)


async def test_what_is_begun_goes_out_before_the_next_step() -> None:
    steps: list[Command] = []
    turn = recording(steps)
    turn.begin("consent", NoteConsent, **CONSENT)
    await turn.record("reply", Reply, text="a", dialogue="b")
    assert [type(step) for step in steps] == [NoteConsent, Reply]
    assert not turn.begun


async def test_the_next_step_raises_what_was_refused_of_the_one_begun() -> None:
    steps: list[Command] = []
    turn = refusing(steps)
    turn.begin("consent", NoteConsent, **CONSENT)
    with pytest.raises(Problem, match="no such step"):
        await turn.record("reply", Reply, text="a", dialogue="b")
    assert [type(step) for step in steps] == [NoteConsent, Reply]


async def test_who_acts_without_a_step_of_their_own_learns_first_what_was_begun() -> None:
    turn = refusing([])
    turn.begin("consent", NoteConsent, **CONSENT)
    with pytest.raises(Problem, match="no such step"):
        await turn.learn()
