"""What a model says counts as far as the person's own words go: what it invents is left, what it adds is confirmed."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from agent.actions.plugin import action
from agent.dialogue import Dialogue, Doing
from infra.agent import endpoint
from infra.agent.endpoint import says, writes
from schemas.conversation import AssembleContext, Propose
from tests.agent.model.turning import Person, eight, seven

RENAME = "call invoice-7 Verdi"
RENAMED = ("resource.rename", {"resource_id": "invoice-7", "name": "Verdi"})
LIKE_RENAME = ("resource.rename", 0.9)

TRASH = says("begin", action="resource.trash", values={"resource_id": "invoice-7"})


LIES = {
    "prose": writes("I will not tell."),
    "nothing": writes(""),
    "a move of its own": writes('{"move": "execute", "command": "rm -rf /"}'),
    "a call of a tool": endpoint.calls_a_tool,
    "an action of its own": says("begin", action="shell.run", values={"command": "ls"}),
    "an action that nobody asks for": says("begin", action="conversation.take_over", values={"conversation_id": "c"}),
    "a parameter": says("begin", action="resource.rename", values={"resource_id": "invoice-7", "as": "admin"}),
    "an id": says("begin", action="resource.rename", values={"resource_id": "payroll-1", "name": "Verdi"}),
    "something that was spoken of": says("begin", action="resource.rename", values={"resource_id": "@7", "name": "V"}),
    "a number for a name": says("begin", action="resource.rename", values={"resource_id": "invoice-7", "name": 12}),
    "a list for values": says("begin", action="resource.rename", values=["invoice-7"]),
    "that something goes on": says("fill", values={"name": "Verdi"}),
    "that something is corrected": says("correct", values={"name": "Verdi"}),
    "that the person agrees": says("agree", approved=True),
    "a deed": says("talk", intent="talk.chat", text="I have renamed it for you."),
    "talk in place of a deed": says("talk", intent="talk.thank", text="It is called so now."),
    "an intent": says("talk", intent="talk.admin"),
    "that something is to be forgotten": says("talk", intent="memory.forget"),
}


@pytest.mark.parametrize("invented", LIES)
async def test_what_a_model_invents_is_told_to_it_and_then_left(ada: Person, invented: str) -> None:
    ada.endpoint.answers(LIES[invented])
    turned = await ada.says(RENAME, LIKE_RENAME)
    assert turned.failures == ["nonsense", "nonsense"]
    assert turned.understood == ("lexical", "resource.rename")
    assert turned.asked == [RENAMED]


async def test_nobody_does_with_a_model_what_they_may_not(ada: Person) -> None:
    ada = replace(ada, forbidden=frozenset({"resource.trash"}))
    ada.endpoint.answers(TRASH)
    turned = await ada.says("throw invoice-7 away", ("resource.trash", 0.9))
    assert turned.understood == ("lexical", "resource.trash")
    assert turned.asked == []
    assert turned.said.text.startswith("You may not do that: resource.trash")
    assert "resource.trash" not in ada.endpoint.read()


# ── what the person did not say ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "sounds", "action", "values"),
    [
        # A value that is nowhere in the words.
        ("tag invoice-7", "resource.tag", "resource.tag", {"resource_id": "invoice-7", "tags": ["paid"]}),
        # Another thing than the words name.
        (RENAME, "resource.rename", "resource.rename", {"resource_id": "invoice-8", "name": "Verdi"}),
        # Another action than the words sound like.
        ("hello invoice-7", "talk.greet", "resource.restore", {"resource_id": "invoice-7"}),
    ],
)
async def test_what_a_model_adds_is_confirmed_by_the_person(
    ada: Person, text: str, sounds: str, action: str, values: dict[str, object]
) -> None:
    ada.endpoint.answers(says("begin", action=action, values=values))
    turned = await ada.says(text, (sounds, 0.9))
    assert turned.asked == []
    assert turned.the(Propose).action == action
    assert turned.the(AssembleContext).used[0].foreign
    assert turned.steps.index(turned.the(AssembleContext)) < turned.steps.index(turned.the(Propose))
    assert "Shall I do this?" in turned.said.text
    doing = turned.said.dialogue.doing
    assert doing is not None
    assert doing.proposed


@pytest.mark.parametrize("action", ["resource.trash", "account.erase", "resource.transfer"])
async def test_what_cannot_be_taken_back_is_not_even_proposed_unless_the_words_sound_like_it(
    ada: Person, action: str
) -> None:
    ada.endpoint.answers(says("begin", action=action, values={}))
    turned = await ada.says("hello invoice-7", ("talk.greet", 0.9), (action, 0.05))
    assert turned.failures == ["nonsense", "nonsense"]
    assert turned.understood == ("lexical", "talk.greet")


async def test_what_a_model_added_is_confirmed_also_where_more_is_said_in_the_next_message(ada: Person) -> None:
    ada.endpoint.answers(says("begin", action="resource.tag", values={"tags": ["paid"]}))
    first = await ada.says("tag it", ("resource.tag", 0.9))
    assert first.asked == []
    assert "Which resource?" in first.said.text
    ada.endpoint.answers(endpoint.fails)
    second = await ada.says("invoice-7", dialogue=first.said.dialogue)
    assert second.asked == []
    assert second.the(Propose).action == "resource.tag"


async def test_a_correction_of_what_was_proposed_is_proposed_again(ada: Person) -> None:
    doing = Doing("resource.tag", {"resource_id": "invoice-7", "tags": ["paid"]}, proposed=True)
    ada.endpoint.answers(says("correct", values={"resource_id": "invoice-8"}))
    turned = await ada.says("no, invoice-8", ("resource.tag", 0.5), dialogue=Dialogue(doing=doing))
    assert turned.asked == []
    assert turned.the(Propose).about == "invoice-8"


async def test_reading_asks_for_no_consent(ada: Person) -> None:
    ada = replace(
        ada,
        told={"/v1/resources/invoice-8": {"resource_id": "invoice-8", "name": "Bianchi", "position": "resource:1:1"}},
    )
    ada.endpoint.answers(says("begin", action="resource.read", values={"resource_id": "Bianchi"}))
    turned = await ada.says("tell me about the other one", ("talk.greet", 0.2))
    assert turned.understood == ("model", "resource.read")
    assert "Bianchi" in turned.said.text


# ── things, by what the person calls them ─────────────────────────────────────────────────────────────────────────────


async def test_a_thing_is_named_as_the_person_calls_it(ada: Person) -> None:
    ada.endpoint.answers(says("begin", action="resource.rename", values={"resource_id": "rossi", "name": "Verdi"}))
    turned = await ada.says("Rossi is called Verdi now", LIKE_RENAME)
    assert turned.understood == ("model", "resource.rename")
    assert turned.asked == [RENAMED]


async def test_of_several_things_of_one_name_the_person_says_which(ada: Person) -> None:
    twin = structs.replace(eight, name="Rossi")
    ada.endpoint.answers(says("begin", action="resource.rename", values={"resource_id": "Rossi", "name": "Verdi"}))
    turned = await replace(ada, known=(seven, twin)).says("Rossi is called Verdi now", LIKE_RENAME)
    assert turned.asked == []
    assert turned.said.text.startswith("Which one do you mean?")


async def test_a_thing_that_was_spoken_of_has_a_word(ada: Person) -> None:
    ada.endpoint.answers(says("begin", action="resource.rename", values={"resource_id": "@1", "name": "Verdi"}))
    turned = await ada.says("rename it to Verdi", LIKE_RENAME, dialogue=Dialogue().mention(seven))
    assert turned.asked == [RENAMED]


async def test_what_is_asked_for_is_filled_in(ada: Person) -> None:
    doing = Doing("resource.rename", {"resource_id": "invoice-7"}, asked="name")
    ada.endpoint.answers(says("fill", values={"name": "Verdi"}))
    turned = await ada.says("it should be Verdi then", ("talk.affirm", 0.1), dialogue=Dialogue(doing=doing))
    assert turned.understood == ("model", "resource.rename")
    assert turned.asked == [RENAMED]


@action("garden.water", permission=None, description="Water the plants.", subject="plant")
async def water(_: Any, plant: str) -> str:
    return f"Watered {plant}."


async def test_what_a_plugin_does_is_done_on_the_persons_own_words(ada: Person) -> None:
    ada = replace(ada, more=(water,))
    ada.endpoint.answers(says("begin", action="garden.water", values={"plant": "fern"}))
    turned = await ada.says("water the fern", ("garden.water", 0.9))
    assert turned.said.text == "Watered fern."
    turned = await ada.says("hello", ("talk.greet", 0.9))
    assert turned.failures == ["nonsense", "nonsense"]
    assert turned.understood == ("lexical", "talk.greet")


async def test_a_plugin_does_nothing_where_others_words_were_read(ada: Person) -> None:
    said = {
        "turn": 1,
        "text": "?",
        "intent": "knowledge.ask",
        "receipts": [],
        "foreign": True,
        "reply": "x",
        "used": [],
    }
    used = {"kind": "document", "id": "memo", "digest": "0" * 64, "place": "0-1", "foreign": True}
    ada = replace(ada, more=(water,), turns=[{**said, "used": [used]}], turn=2)
    ada.endpoint.answers(says("begin", action="garden.water", values={"plant": "fern"}))
    turned = await ada.says("water the fern", ("garden.water", 0.9))
    assert turned.failures == ["nonsense", "nonsense"]
