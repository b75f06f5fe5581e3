"""A turn is told alike while it goes on and when it is remembered, and always as AG-UI has it."""

from typing import Any

import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from agent import telling
from agent.at import Said
from agent.dialogue import Dialogue
from schemas.conversation import Citation, Receipt
from tests.agent.at import MESSAGE, recording

EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])

RECEIPT = Receipt(command_id="x", type="resource.rename", subject="r", status="accepted", position="resource:0:1")
CITATION = Citation(kind="fact", id="r", place="resource:0:1")
PROPOSAL = {"proposal_id": "p", "digest": "d" * 64}


def remembered(**more: Any) -> dict[str, Any]:
    none: dict[str, Any] = {"reply": None, "answers": [], "proposal": None, "receipts": [], "citations": []}
    return {"conversation_id": "c", "fact_id": MESSAGE} | none | more


@pytest.mark.parametrize(
    ("said", "turn"),
    [
        (Said("Hello, I am Eliza. What shall I do?", Dialogue()), {}),
        (Said("Done.", Dialogue(), receipts=(RECEIPT,)), {"receipts": [RECEIPT.model_dump()]}),
        (Said("It was Bo.", Dialogue(), citations=(CITATION,)), {"citations": [CITATION.model_dump()]}),
        (Said("Shall I do this?", Dialogue(), proposed=("p", "d" * 64)), {"proposal": PROPOSAL}),
    ],
    ids=["talk", "receipt", "citation", "interrupt"],
)
def test_what_is_remembered_is_what_was_told(said: Said, turn: dict[str, Any]) -> None:
    turn_of = recording([])
    live = [*telling.called(said), *telling.message(turn_of, said.text), *telling.finished(turn_of, said)]
    assert telling.recalled(remembered(reply=said.text, **turn)) == live
    EVENTS.validate_python(live)


def test_what_a_person_answered_in_the_agents_stead_is_told() -> None:
    told = telling.recalled(remembered(answers=[{"text": "I am on it."}, {"text": "Done."}]))
    assert "".join(event.get("delta", "") for event in told) == "I am on it.\n\nDone."


def test_how_a_turn_begins_and_fails_is_as_ag_ui_has_it() -> None:
    turn_of = recording([])
    begun = [*telling.started(turn_of), *telling.understood("talk.greet")]
    EVENTS.validate_python([*begun, *telling.failed(turn_of, "rule_failed", "Something failed here.")])
    EVENTS.validate_python(telling.taken_over(remembered(), "grace"))
