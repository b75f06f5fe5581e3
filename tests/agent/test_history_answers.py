"""Who, when, why and what before, of pasts made by chance: what is right to say of each is computed beside it."""

import random
import re
from collections.abc import Sequence
from functools import cache

import pytest

from agent.actions.action import Action
from agent.at import Said
from agent.dialogue import Dialogue
from agent.history import PAGE, answer
from agent.slots import Thing
from tests.agent.actions.catalogue import everything
from tests.agent.at import ADA, Answers, at
from tests.agent.past import ID, Deed, Past

PEOPLE = (ADA, "bob", "cleo", "dan")
NAMES = ("Rossi", "Bianchi", "Verdi", "Neri & Figli", "Invoice seven")
TAGS = ((), ("late",), ("late", "paid"), ("draft",))
PASTS = [1, 2, 3, 5, 8, 13, 40, 120]
"""How many deeds; each of so many is another past."""

FIELDS = {
    "/name": ("who renamed it?", "when was it renamed?", "what was it called before?"),
    "/attributes/amount": ("who changed the amount?", "when did the amount change?", "what was the amount before?"),
    "/owner": ("who made that the owner?", "when did the owner change?", "who was the owner before?"),
    "/tags": ("who changed the tags?", "when were the tags set?", "what were the tags before?"),
}
ACTED = {
    "resource.registered": "created",
    "resource.tagged": "tagged",
    "resource.trashed": "deleted",
    "resource.restored": "restored",
    "resource.shared": "shared",
}


def past_by_chance(seed: int, deeds: int) -> Past:
    chance = random.Random(seed)
    past = Past(chance.choice(PEOPLE), chance.choice(NAMES), chance.randrange(5000))
    while len(past.deeds) < deeds:
        _deed(past, chance)
    return past


def _deed(past: Past, chance: random.Random) -> None:
    by, now = chance.choice(PEOPLE), past.now
    match chance.randrange(6):
        case 0:
            past.did(by, "resource.renamed", name=chance.choice([name for name in NAMES if name != now.name]))
        case 1:
            past.did(by, "resource.changed", amount=now.amount + 1 + chance.randrange(100))
        case 2:
            past.did(by, "resource.transferred", owner=chance.choice([each for each in PEOPLE if each != now.owner]))
        case 3:
            tags = chance.choice([tags for tags in TAGS if tags != now.tags])
            past.did(by, "resource.tagged" if set(tags) > set(now.tags) else "resource.untagged", tags=tags)
        case 4:
            past.did(by, "resource.restored" if now.trashed else "resource.trashed", trashed=not now.trashed)
        case _:
            old = chance.choice(past.deeds).after
            past.did(by, "resource.reverted", name=old.name, amount=old.amount, tags=old.tags)


@cache
def _actions() -> tuple[Action, ...]:
    return (everything()["resource.history"],)


async def ask(past: Past, intent: str, text: str, mentioned: Sequence[Thing] = (Thing("resource", ID),)) -> Said:
    spoken = Dialogue(mentioned=tuple(mentioned))
    return await answer(at(text, past.doors(), actions=_actions(), dialogue=spoken), intent)


def names(said: Said, deed: Deed) -> None:
    """The answer says who did it and when, and cites where that stands."""
    who = "you" if deed.by == ADA else f"account {deed.by}"
    assert re.search(rf"\b{who}\b", said.text, re.IGNORECASE), said.text
    assert not [other for other in PEOPLE if other != deed.by and f"account {other}" in said.text], said.text
    assert f"{deed.time:%-d %B %Y at %H:%M:%S} UTC" in said.text
    assert said.text.endswith(f"[{deed.position}]")
    assert [(each.kind, each.id, each.place) for each in said.citations] == [("fact", ID, deed.position)]


def shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "nothing" if value is None else str(value)


@pytest.fixture(params=[(seed, deeds) for deeds in PASTS for seed in range(deeds, deeds + 3)], scope="module")
def past(request: pytest.FixtureRequest) -> Past:
    return past_by_chance(*request.param)


@pytest.mark.parametrize("field", FIELDS)
async def test_whoever_changed_a_field_last_is_named_with_the_moment(past: Past, field: str) -> None:
    who, when, _ = FIELDS[field]
    deed = past.changed(field)
    for intent, text in (("history.who", who), ("history.when", when)):
        said = await ask(past, intent, text)
        names(said, deed)
        assert f" to {shown(deed.after.field(field))}" in said.text


@pytest.mark.parametrize("field", FIELDS)
async def test_what_a_field_was_before_is_what_it_was(past: Past, field: str) -> None:
    deed = past.changed(field)
    said = await ask(past, "history.before", FIELDS[field][2])
    names(said, deed)
    assert f"was {shown(deed.was(field))}" in said.text
    assert f"made it {shown(deed.after.field(field))}" in said.text


@pytest.mark.parametrize("type_", ACTED)
async def test_the_last_deed_of_a_sort_is_found_or_said_to_be_none(past: Past, type_: str) -> None:
    deed = past.newest(type_)
    for intent, text in (("history.who", f"who {ACTED[type_]} it?"), ("history.when", f"when was it {ACTED[type_]}?")):
        said = await ask(past, intent, text)
        if deed is None:
            assert said.text.startswith("Nothing in the history")
            assert not said.citations
        else:
            names(said, deed)
            assert type_.partition(".")[2] in said.text


async def test_the_last_of_all_deeds_is_told_with_the_request_that_led_to_it(past: Past) -> None:
    deed = past.deeds[-1]
    names(await ask(past, "history.who", "who touched it last?"), deed)
    said = await ask(past, "history.why", "why did that happen?")
    names(said, deed)
    assert f"request-{deed.number}, with command command-{deed.number}" in said.text


async def test_what_happened_long_ago_is_found_behind_many_pages() -> None:
    past = past_by_chance(7, PAGE * 3)
    names(await ask(past, "history.who", "who created it?"), past.deeds[0])


async def test_the_fact_that_made_a_policy_ask_is_the_reason() -> None:
    past = Past("bob", "Rossi", 5)
    caused = past.deeds[0].row | {"causation_id": "fact-9"}
    doors = Answers({f"/v1/resources/{ID}/history": {"items": [caused], "next": None}})
    seven = Dialogue(mentioned=(Thing("resource", ID),))
    said = await answer(at("why?", doors, dialogue=seven), "history.why")
    assert "because of the fact fact-9" in said.text


async def test_a_resource_that_is_named_is_meant_and_not_the_one_spoken_of_before() -> None:
    past = Past("bob", "Rossi", 5)
    said = await ask(past, "history.who", "who changed invoice-9?")
    assert said.text == "Nothing in the history that you may read says that of invoice-9."


async def test_without_anything_named_or_spoken_of_it_is_asked_of_what() -> None:
    said = await ask(Past("bob", "Rossi", 5), "history.who", "who renamed it?", mentioned=())
    assert said.text.startswith("Of what?")


async def test_of_several_that_are_called_alike_none_is_taken() -> None:
    twins = [Thing("resource", "invoice-7", "Rossi"), Thing("resource", "invoice-8", "Rossi")]
    turn = at("who renamed Rossi?", actions=_actions(), known=twins)
    said = await answer(turn, "history.who")
    assert said.text == "Several could be meant: invoice-7, invoice-8. Ask again with one of these ids."
