"""What a message is taken for where an answer is waited for: that answer, or another request."""

from collections.abc import Sequence
from functools import cache
from typing import cast

import pytest

from agent.actions.action import Action
from agent.at import At
from agent.dialogue import Dialogue, Doing
from agent.hearing import hear
from agent.moves import Agree, Begin, Correct, Fill, Move, Talk
from agent.slots import Thing
from agent.understanding.classifier import Ranking, Scored
from tests.agent.actions.catalogue import everything
from tests.agent.at import at

seven = Thing("resource", "invoice-7", "Rossi", "invoice")
registering = Doing("resource.register", {"kind": "invoice"}, asked="name")
trashing = Doing("resource.trash", {"resource_id": "invoice-7"}, proposed=True)
sharing = Doing("resource.share", {"resource_id": "invoice-7", "account": "bob", "role": "viewer"}, proposed=True)


def sure(intent: str, score: float, *, in_scope: bool = True) -> Ranking:
    """Take a message for one thing, and be sure of it."""
    return Ranking((Scored(intent, score), Scored("talk.help", 1 - score)), in_scope, "sure/1")


@cache
def _actions() -> Sequence[Action]:
    return tuple(everything().values())


def turn(text: str, doing: Doing | None) -> At:
    waiting = {"proposal_id": "p"} if doing is not None and doing.proposed else None
    made = at(text, known=[seven], actions=_actions(), dialogue=Dialogue(doing=doing, mentioned=(seven,)))
    cast("dict[str, object]", made.conversation)["proposal"] = waiting
    return made


def heard(text: str, doing: Doing | None, intent: str, score: float = 0.9, *, in_scope: bool = True) -> Move:
    return hear(turn(text, doing), sure(intent, score, in_scope=in_scope)).move


def test_a_name_that_sounds_like_a_request_is_the_name_that_was_asked_for() -> None:
    assert heard("Verdi & Sons", registering, "resource.rename") == Fill({"name": "Verdi & Sons"})


def test_a_request_that_says_of_what_is_one_though_something_else_was_asked() -> None:
    assert heard("show me invoice-7", registering, "resource.read") == Begin(
        "resource.read", {"resource_id": "invoice-7"}
    )


def test_a_request_that_needs_no_thing_is_one_too() -> None:
    assert isinstance(heard("list my invoices", registering, "resource.list"), Begin)


def test_what_is_like_nothing_known_is_the_answer() -> None:
    assert heard("Zorblax", registering, "resource.list", in_scope=False) == Fill({"name": "Zorblax"})


def test_attributes_in_two_words_are_those_that_were_asked_for() -> None:
    asked = Doing("resource.register", {"kind": "invoice", "name": "Rossi"}, asked="attributes")
    assert heard("amount 300", asked, "resource.change") == Fill({"attributes": {"amount": 300}})


@pytest.mark.parametrize("text", ["no", "no, leave it", "no thanks", "nope, cancel", "don't"])
def test_a_no_is_one_whatever_follows_it(text: str) -> None:
    assert heard(text, trashing, "resource.list") == Agree(approved=False)


@pytest.mark.parametrize("text", ["yes", "ok", "go ahead", "Yes please"])
def test_a_yes_is_one(text: str) -> None:
    assert heard(text, trashing, "resource.list") == Agree(approved=True)


@pytest.mark.parametrize(
    "text",
    ["ok, cancel", "okay never mind", "ok don't do it", "right, stop", "yes, leave it"],
)
def test_a_yes_that_is_taken_back_is_a_no(text: str) -> None:
    assert heard(text, trashing, "resource.list") == Agree(approved=False)


@pytest.mark.parametrize("text", ["sure?", "ok, what is Rossi?", "yes, but rename it first", "ok but not that one"])
def test_a_yes_is_none_with_anything_beside_it(text: str) -> None:
    assert heard(text, trashing, "talk.affirm") == Talk("talk.affirm")


def test_a_no_with_another_value_corrects_what_was_proposed() -> None:
    assert heard("no, as editor", sharing, "talk.deny") == Correct({"role": "editor"})


def test_a_question_is_one_while_something_waits_to_be_confirmed() -> None:
    assert heard("who renamed it?", trashing, "history.who") == Talk("history.who")


@pytest.mark.parametrize("doing", [None, registering])
def test_what_is_to_be_remembered_may_be_like_nothing_known(doing: Doing | None) -> None:
    move = heard("remember that my locker is 7f3a", doing, "resource.list", 0.2, in_scope=False)
    assert move == Talk("memory.remember")
