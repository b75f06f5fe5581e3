"""What is done of what was proposed: only what was shown, as it was shown, to who then said yes."""

from dataclasses import replace
from typing import Any

import pytest

from agent import acting
from agent.actions.action import Action
from agent.at import At
from agent.dialogue import Dialogue, Doing
from agent.slots import Gazetteer, Thing
from infra.auth.vault import Person
from schemas.conversation import NoteConsent, PostCommand, Propose
from schemas.message import Command
from schemas.problems import Problem
from tests.agent.actions.catalogue import everything
from tests.agent.at import Answers, at

TRASH: Action = everything()["resource.trash"]
READ: Action = everything()["resource.read"]
SHARE: Action = everything()["resource.share"]
seven = Thing("resource", "invoice-7", "Rossi", "invoice")
BODY = {"resource_id": "invoice-7"}
DONE = {"status": "accepted", "facts": ["resource.trashed"], "position": "resource:1:4"}


def proposal(**more: Any) -> dict[str, Any]:
    said = {"proposal_id": "p", "digest": "0" * 64, "action": "resource.trash", "about": "invoice-7", "body": BODY}
    return {**said, "turn": 1, "version": 3, "confirmed": False, **more}


def here(steps: list[Command], waiting: dict[str, Any] | None, posted: Any = None, **more: Any) -> At:
    doors = Answers({"/v1/resources/invoice-7": {"version": 3}, "/v1/commands/resource.trash": posted or (200, DONE)})
    dialogue = Dialogue(doing=Doing("resource.trash", BODY, proposed=True))
    made = at("yes", doors, known=[seven], actions=[TRASH, READ, SHARE], dialogue=dialogue, steps=steps, **more)
    return replace(made, conversation={**made.conversation, "proposal": waiting})


async def test_what_destroys_something_is_shown_first_as_of_the_version_that_is_there() -> None:
    steps: list[Command] = []
    said = await acting.do(here(steps, None), TRASH, BODY)
    (proposed,) = steps
    assert isinstance(proposed, Propose)
    assert proposed.version == 3
    assert said.proposed == (proposed.proposal_id, proposed.digest)
    assert 'resource_id: "invoice-7"' in said.text
    assert "invoice-7 is Rossi" in said.text


async def test_a_yes_has_done_what_was_shown() -> None:
    steps: list[Command] = []
    said = await acting.consent(here(steps, proposal()), approved=True, noted=False)
    assert [type(step) for step in steps] == [NoteConsent, PostCommand]
    assert [receipt.status for receipt in said.receipts] == ["accepted"]


async def test_a_yes_that_was_said_before_it_was_shown_has_nothing_done() -> None:
    steps: list[Command] = []
    said = await acting.consent(here(steps, proposal(turn=2)), approved=True, noted=False)
    assert steps == []
    assert said.proposed == ("p", "0" * 64)
    assert said.text.endswith("Shall I do this? (yes / no)")


async def test_a_button_of_an_older_proposal_does_nothing_of_a_newer_one() -> None:
    steps: list[Command] = []
    said = await acting.consent(here(steps, proposal()), approved=True, noted=True)
    assert (steps, said.receipts) == ([], ())
    assert "any more" in said.text


async def test_a_button_that_says_no_leaves_it() -> None:
    said = await acting.consent(here([], None), approved=False, noted=True)
    assert said.text == "All right, I leave it as it is."


async def test_who_is_to_get_something_is_shown_by_name() -> None:
    bob = Thing("account", "b-7", "bob@example.org")
    made = here([], None)
    made = replace(made, known=Gazetteer([seven, bob]))
    said = await acting.do(made, SHARE, {"resource_id": "invoice-7", "account": "b-7", "role": "viewer"})
    assert "b-7 is bob@example.org" in said.text


@pytest.mark.parametrize("status", [503, 429, 500])
async def test_what_may_have_been_stored_is_not_told_to_have_failed(status: int) -> None:
    unsure = (status, {"code": "kafka_unavailable", "detail": "It may be stored."})
    made = here([], proposal(), posted=unsure)
    made = replace(made, doors=replace(made.doors, waits=True))
    with pytest.raises(Problem):
        await acting.consent(made, approved=True, noted=False)


async def test_a_rule_that_broke_is_a_refusal() -> None:
    broke = (500, {"code": "rule_failed", "detail": "A rule failed.", "position": "resource:1:4"})
    made = here([], proposal(), posted=broke)
    made = replace(made, doors=replace(made.doors, waits=True))
    said = await acting.consent(made, approved=True, noted=False)
    assert [(receipt.status, receipt.code) for receipt in said.receipts] == [("rejected", "rule_failed")]


async def test_what_the_person_said_is_known_by_no_hash_that_can_be_guessed() -> None:
    steps: list[Command] = []
    made = here(steps, None)
    other = replace(made, recording=replace(made.recording, person=Person("ada", b"\x08" * 64)))
    assert made.recording.fingerprint("command", BODY) == made.recording.fingerprint("command", dict(BODY))
    assert made.recording.fingerprint("command", BODY) != other.recording.fingerprint("command", BODY)
