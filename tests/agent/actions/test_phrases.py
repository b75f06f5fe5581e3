"""Sentences that ask for actions."""

import re
from itertools import combinations

import pytest

from agent.actions.action import Action
from agent.actions.phrases import AT_MOST, phrases
from schemas.rights import Right
from tests.agent.actions.catalogue import everything

ACTIONS = everything()
FEWEST = 15


def invented(verb: str, **otherwise: object) -> Action:
    fields = {
        "name": f"parcel.{verb}",
        "kind": "command",
        "description": "Do it.",
        "parameters": {"type": "object", "properties": {"parcel_id": {"type": "string", "examples": ["parcel-1"]}}},
        "subject": "parcel_id",
        "effect": "changes",
        "right": Right(None),
        "domain": "parcel",
    }
    return Action(**{**fields, **otherwise})  # type: ignore[arg-type] # the fields of one


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_has_enough_to_learn_from(name: str) -> None:
    said = phrases(ACTIONS[name])
    assert FEWEST <= len(said) <= AT_MOST
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_place_of_a_sentence_is_filled(name: str) -> None:
    assert not [said for said in phrases(ACTIONS[name]) if re.search(r"[{}\[\]_]|\bNone\b", said.replace("_id", ""))]


def test_no_sentence_asks_for_two_actions() -> None:
    said = {name: {each.lower() for each in phrases(action)} for name, action in ACTIONS.items()}
    shared = {(one, other): said[one] & said[other] for one, other in combinations(said, 2)}
    assert not {names: both for names, both in shared.items() if both}


def test_sentences_are_the_same_each_time() -> None:
    rename = ACTIONS["resource.rename"]
    assert phrases(rename) == phrases(rename)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resource.rename", "rename invoice-7 to Rossi"),
        ("resource.list", "show me my resources"),
        ("resource.read", "what is in report 24"),
        ("account.me", "who am I"),
    ],
)
def test_sentences_are_what_people_say(name: str, said: str) -> None:
    assert any(said in each for each in phrases(ACTIONS[name]))


def test_an_action_of_a_domain_nobody_foresaw_has_sentences_too() -> None:
    said = phrases(invented("deliver"))
    assert "deliver parcel-1" in said
    assert len(said) >= FEWEST


def test_a_known_verb_is_asked_for_alike_in_every_domain() -> None:
    assert "get rid of this parcel" in " ".join(phrases(invented("trash")))


def test_an_actions_own_examples_come_first() -> None:
    assert phrases(invented("deliver", examples=("bring it to her",)))[0] == "bring it to her"
