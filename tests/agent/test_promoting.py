"""A conversation that was had becomes a test that another run can pass: with ids, people and moments of its own."""

import re
from typing import Any

import pytest

from agent.promoting import Log, NotPromotable, pattern, promoted, spoken_of
from agent.script import read, written

REGISTERED: dict[str, Any] = {
    "type": "resource.registered",
    "command_id": "before",
    "time": "2026-11-27T09:00:00.000000Z",
    "actor": {"id": "a-1"},
    "data": {"kind": "invoice", "name": "Rossi", "attributes": {"amount": 5}, "tags": [], "owner": "a-1"},
}
SHARED = REGISTERED | {"type": "resource.shared", "command_id": "s", "data": {"account": "b-2", "role": "editor"}}
BY_BOB = REGISTERED | {
    "type": "resource.renamed",
    "command_id": "b",
    "actor": {"id": "b-2"},
    "time": "2026-11-27T09:31:00.000000Z",
    "data": {"name": "Bianchi"},
}


def turn(number: int, text: str, reply: str, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "turn": number,
        "text": text,
        "reply": reply,
        "replied": True,
        "said_time": f"2026-11-27T09:{29 + number}:30.000000Z",
        "intent": "talk.greet",
        "consent": None,
        "slots": [],
        "proposal": None,
        "posted": [],
        "receipts": [],
        "citations": [],
    }
    return said | more


TAGGED = turn(
    1,
    "tag invoice-7 as late",
    'Done: resource invoice-7 (Rossi) was tagged (tags: ["late"]).',
    intent="resource.tag",
    slots=[{"name": "resource_id", "value": '"invoice-7"', "before": None}],
    posted=[
        {
            "command_id": "t",
            "about": "invoice-7",
            "action": "resource.tag",
            "body": {"resource_id": "invoice-7", "tags": ["late"]},
        }
    ],
    receipts=[{"command_id": "t", "type": "resource.tag", "subject": "invoice-7", "status": "accepted", "code": None}],
)
ASKED = turn(
    2,
    "who renamed it?",
    "Account b-2 changed the name of invoice-7 to Bianchi on 27 November 2026 at 09:31:00 UTC. [resource:6:3]",
    intent="history.who",
    citations=[{"kind": "fact", "id": "invoice-7", "place": "resource:6:3"}],
)
LOG = Log(
    conversation={"account_id": "a-1"},
    turns=[TAGGED, ASKED],
    roles=[],
    outcomes={"t": {"facts": ["resource.tagged"]}},
    pasts={"invoice-7": [REGISTERED, SHARED, BY_BOB]},
    kinds=[{"kind": "invoice", "json_schema": {"type": "object"}}],
)


def test_what_turns_are_about_is_known_from_what_they_asked_found_and_cite() -> None:
    assert spoken_of([TAGGED, ASKED]) == ["invoice-7"]


def test_a_promoted_conversation_is_a_test_as_people_write_them() -> None:
    script = promoted(LOG, "late")
    assert read(written(script), "promoted.yaml") == script
    (case,) = script.cases
    assert [given.command.type for given in case.given] == ["kind.define", "resource.register", "resource.share"]
    assert case.given[1].command.payload["resource_id"] == "invoice-{{id}}"
    assert case.given[2].command.payload["account"] == "{{bob}}"
    said = [step.model_dump(exclude_defaults=True) for step in case.steps]
    assert {"user": "tag invoice-{{id}} as late"} in said
    assert {"fact_recorded": "resource.tagged"} in said
    assert {"cites": ("invoice-{{id}}",)} in said


def test_what_others_did_in_between_is_done_in_between_again() -> None:
    (case,) = promoted(LOG, "late").cases
    meanwhile = [
        step.model_dump(by_alias=True)["meanwhile"] for step in case.steps if "meanwhile" in type(step).model_fields
    ]
    assert [(each["as"], each["command"]["type"]) for each in meanwhile] == [("bob", "resource.rename")]


def test_what_was_made_in_the_conversation_is_not_given_to_it() -> None:
    made = REGISTERED | {"command_id": "t"}
    (case,) = promoted(Log(LOG.conversation, [TAGGED], [], {}, {"invoice-7": [made]}, []), "made").cases
    assert case.given == ()


def test_what_is_another_in_each_run_may_be_anything() -> None:
    told = pattern("Renamed {{bob}}'s on 27 November 2026 at 09:31:00 UTC. [resource:6:3]")
    assert re.search(told[1:-1].replace("{{bob}}", "x"), "Renamed x's on 3 May 2027 at 01:00:00 UTC. [resource:1:99]")
    assert not re.search(
        told[1:-1].replace("{{bob}}", "x"), "Renamed y's on 3 May 2027 at 01:00:00 UTC. [resource:1:9]"
    )


def test_an_answer_that_is_the_same_in_each_run_is_text() -> None:
    assert pattern("Done: {{bob}} (tags: [late]).") == "Done: {{bob}} (tags: [late])."


def test_an_answer_with_a_button_is_one_again() -> None:
    agreed = turn(1, "yes", "Done.", intent=None, consent="confirmed")
    (case,) = promoted(Log(LOG.conversation, [agreed], [], {}, {}, []), "yes").cases
    assert case.steps[0].model_dump() == {"confirm": True}


@pytest.mark.parametrize(
    "turns", [[], [turn(1, "hi", "", replied=False)], [turn(1, "yes", "-", intent=None, consent="expired")]]
)
def test_what_makes_no_test_is_told(turns: list[dict[str, Any]]) -> None:
    with pytest.raises(NotPromotable):
        promoted(Log(LOG.conversation, turns, [], {}, {}, []), "none")
