"""Steps of a turn on record: how a message was understood goes there with the first step that follows from it."""

import pytest

from agent.recording import understood_in
from schemas.conversation import CallModel, PostCommand, Ranked, Reply, Understand, Understood
from schemas.message import Asked, Command, Outcome
from schemas.problems import Problem
from tests.agent.at import recording

UNDERSTOOD = Understood(ranking=(Ranked(intent="talk.help", score=0.9),), intent="talk.help", tier="lexical", model="m")
POSTED = {"command_id": "c", "action": "resource.trash", "about": "r", "body": "-", "digest": "d" * 64}


async def test_the_first_step_that_follows_says_how_the_message_was_understood() -> None:
    steps: list[Command] = []
    turn = recording(steps)
    turn.understood = UNDERSTOOD
    await turn.record("call 1", CallModel, call=1, model="m", request="d" * 64)
    await turn.follow("post", PostCommand, **POSTED)
    await turn.follow("reply", Reply, text="a", dialogue="b")
    assert [understood_in(step) for step in steps] == [None, UNDERSTOOD, None]


async def test_before_what_is_no_step_it_is_one_by_itself() -> None:
    steps: list[Command] = []
    turn = recording(steps)
    turn.understood = UNDERSTOOD
    await turn.learn()
    await turn.learn()
    await turn.follow("reply", Reply, text="a", dialogue="b")
    assert [(type(step), understood_in(step) is not None) for step in steps] == [(Understand, True), (Reply, False)]


async def test_a_refusal_is_raised_and_the_next_step_says_how_the_message_was_understood() -> None:
    steps: list[Command] = []

    async def ask(asked: Asked) -> Outcome:
        steps.append(asked.command)
        refused = isinstance(asked.command, PostCommand)
        code = "proposal_changed" if refused else None
        return Outcome(command_id=asked.meta.id, status="rejected" if refused else "accepted", type="", code=code)

    turn = recording([])
    turn.ask, turn.understood = ask, UNDERSTOOD
    with pytest.raises(Problem, match="no such step"):
        await turn.follow("post", PostCommand, **POSTED)
    await turn.follow("reply", Reply, text="a", dialogue="b")
    assert [understood_in(step) for step in steps] == [UNDERSTOOD, UNDERSTOOD]
