"""Each step of a conversation test holds for the turn that it describes, and says what is otherwise of another."""

from typing import Any

import pytest

from agent.checking import Seen, wrong
from agent.script import STEP

RENAMED: dict[str, Any] = {
    "intent": "resource.rename",
    "ranking": [{"intent": "resource.rename", "score": 0.8}],
    "slots": [{"name": "name", "value": '"Rossi"', "before": None}],
    "proposal": None,
    "posted": [{"command_id": "c", "action": "resource.rename", "body": {"resource_id": "invoice-7", "name": "Rossi"}}],
    "receipts": [{"command_id": "c", "type": "resource.rename", "status": "accepted", "code": None}],
    "citations": [{"kind": "fact", "id": "invoice-7", "place": "resource:6:3"}],
    "reply": "Done: resource invoice-7 was renamed (name: Rossi).",
}
REFUSED = RENAMED | {
    "receipts": [{"command_id": "c", "type": "resource.rename", "status": "rejected", "code": "resource_forbidden"}],
    "reply": "That was not done: You only view this resource; ask its owner to make you an editor.",
}
PROPOSED = RENAMED | {
    "posted": [],
    "receipts": [],
    "proposal": {"action": "resource.trash", "body": {"resource_id": "invoice-7"}},
    "reply": "Shall I do this? (yes / no)",
}
TOLD = RENAMED | {"posted": [], "receipts": [], "reply": "You may not do that: it takes a permission."}


def complaint(step: dict[str, Any], turn: dict[str, Any], *, wanted: bool = False) -> str | None:
    outcomes = [{"facts": ["resource.renamed"]}] if turn["posted"] else []
    return wrong(STEP.validate_python(step), Seen(turn, {"wanted": wanted}, outcomes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "turn"),
    [
        ({"intent": "resource.rename", "min_confidence": 0.8}, RENAMED),
        ({"slot_was_set": [{"name": "name", "value": "Rossi"}]}, RENAMED),
        ({"command_posted": {"type": "resource.rename", "payload": {"name": "Rossi"}}}, RENAMED),
        ({"fact_recorded": "resource.renamed"}, RENAMED),
        ({"bot": "/done:.*rossi/"}, RENAMED),
        ({"bot": "Done: resource invoice-7 was renamed (name: Rossi)."}, RENAMED),
        ({"cites": ["invoice-7"]}, RENAMED),
        ({"cites": ["invoice-7@resource:6:3"]}, RENAMED),
        ({"handover": False}, RENAMED),
        ({"command_posted": {"type": "resource.rename", "status": "rejected", "code": "resource_forbidden"}}, REFUSED),
        ({"not_allowed": True}, REFUSED),
        ({"not_allowed": True}, TOLD),
        ({"nothing_posted": True}, TOLD),
        ({"proposed": {"type": "resource.trash", "payload": {"resource_id": "invoice-7"}}}, PROPOSED),
    ],
)
def test_a_step_holds(step: dict[str, Any], turn: dict[str, Any]) -> None:
    assert complaint(step, turn) is None


@pytest.mark.parametrize(
    ("step", "turn", "told"),
    [
        ({"intent": "resource.read"}, RENAMED, "the intent is resource.rename, not resource.read"),
        (
            {"intent": "resource.rename", "min_confidence": 0.9},
            RENAMED,
            "resource.rename is 0.80 likely, less than 0.9",
        ),
        ({"slot_was_set": [{"name": "name", "value": "Verdi"}]}, RENAMED, 'the slot name is "Rossi", not "Verdi"'),
        ({"slot_was_set": [{"name": "tags", "value": []}]}, RENAMED, "no slot tags was set, but name"),
        ({"command_posted": {"type": "resource.tag"}}, RENAMED, "the command is resource.rename, not resource.tag"),
        (
            {"command_posted": {"type": "resource.rename", "payload": {"name": "Verdi"}}},
            RENAMED,
            'resource.rename has {"name":"Rossi"}, not {"name":"Verdi"}',
        ),
        (
            {"command_posted": {"type": "resource.rename"}},
            REFUSED,
            "resource.rename was rejected (resource_forbidden), ",
        ),
        ({"command_posted": {"type": "resource.trash"}}, PROPOSED, "no command was asked; the answer is"),
        ({"nothing_posted": True}, RENAMED, "resource.rename was asked"),
        ({"fact_recorded": "resource.tagged"}, RENAMED, "no fact resource.tagged was recorded, but resource.renamed"),
        ({"bot": "Done"}, RENAMED, "the answer is"),
        ({"cites": ["invoice-8"]}, RENAMED, "the answer does not cite invoice-8, but invoice-7@resource:6:3"),
        ({"not_allowed": True}, RENAMED, "it was allowed: resource.rename"),
        ({"not_allowed": True}, PROPOSED, "it was allowed: resource.trash was proposed"),
        ({"handover": True}, RENAMED, "no person is wanted"),
        ({"proposed": {"type": "resource.rename"}}, RENAMED, "nothing was proposed; the answer is"),
        ({"proposed": {"type": "resource.share"}}, PROPOSED, "the command is resource.trash, not resource.share"),
    ],
)
def test_what_is_otherwise_is_said(step: dict[str, Any], turn: dict[str, Any], told: str) -> None:
    said = complaint(step, turn)
    assert said is not None
    assert said.startswith(told), said


def test_numbers_are_equal_however_they_are_written_and_objects_may_have_more() -> None:
    turn = RENAMED | {"slots": [{"name": "attributes", "value": '{"amount": 5.0, "currency": "EUR"}', "before": None}]}
    assert complaint({"slot_was_set": [{"name": "attributes", "value": {"amount": 5}}]}, turn) is None
