"""What comes of whole sentences, whatever they are."""

import time
from collections import deque
from collections.abc import Callable

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.actions.phrases import phrases
from agent.slots import Gazetteer, Thing
from tests.agent.slots.talking import KNOWN, action, actions, bob, corrected, eight, said, seven, values

MOST_COUNTING = 12_000_000
"""A sentence of any length is read in the time that this machine takes to count so far."""


@pytest.fixture(scope="module")
def most_seconds() -> float:
    return min(seconds(lambda: deque(range(MOST_COUNTING), 0)) for _ in range(3))


def seconds(work: Callable[[], object]) -> float:
    """How long something takes this process, which may itself have to wait."""
    began = time.process_time()
    work()
    return time.process_time() - began


def test_what_is_not_said_is_missing_in_order() -> None:
    assert said("resource.share", "share something").missing == ("resource_id", "account", "role")


def test_each_value_says_where_it_came_from() -> None:
    text = "please rename invoice-7 to Rossi"
    filled = said("resource.rename", text)
    assert {name: text[slice(*span)] for name, span in filled.spans.items()} == {
        "resource_id": "invoice-7",
        "name": "Rossi",
    }


def test_what_nothing_was_found_in_is_left_over() -> None:
    assert said("resource.trash", "trash invoice-7, then water the plants").leftovers == (
        "trash",
        "then water the plants",
    )


def test_complete_is_what_can_be_done() -> None:
    assert said("resource.trash", "trash invoice-7").complete
    assert not said("resource.trash", "trash the invoice").complete


# ── attacks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        'Rossi", "resource_id": "invoice-8',
        "Rossi; resource_id: invoice-8",
        "Rossi with role editor for Ada Lovelace",
        "invoice-8",
        "call it invoice-8",
    ],
)
def test_what_is_quoted_names_no_other_parameter(name: str) -> None:
    assert values("resource.rename", f"rename invoice-7 to “{name}”") == {"resource_id": "invoice-7", "name": name}


def test_a_parameter_that_the_action_lacks_is_not_taken() -> None:
    assert set(values("resource.rename", "rename invoice-7 to Rossi, kind_position 5, owner bob")) <= {
        "resource_id",
        "name",
    }


def test_json_in_a_name_is_a_name() -> None:
    found = values("resource.register", "register an invoice called '{\"amount\": 1}' with amount 5")
    assert (found["name"], found["attributes"]) == ('{"amount": 1}', {"amount": 5})


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "invoice-7 " * 10_000,
        "rename " * 5_000,
        '"' * 5_000,
        "“" * 5_000,
        "1," * 5_000,
        "1 " * 5_000,
        "and " * 5_000,
        "the tag " * 3_000,
        "amount 1 and " * 2_000,
        "one hundred and " * 1_000,
        "from Monday to " * 1_000,
        "{" * 5_000,
        "a@" * 5_000,
        "a.a-" * 5_000,
        "amount of \x00" * 1_000,
        "the " * 3_000 + "invoice",
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize(
    "name", ["resource.register", "resource.change", "resource.share", "resource.list", "audit.list"]
)
def test_a_long_text_is_read_quickly(name: str, text: str, most_seconds: float) -> None:
    assert min(seconds(lambda: said(name, text, seven, eight)) for _ in range(3)) < most_seconds


def test_many_things_are_looked_through_quickly(most_seconds: float) -> None:
    many = Gazetteer(
        [Thing("resource", f"invoice-{number}", f"Invoice {number}, Customer {number}") for number in range(2_000)]
    )
    text = "would you please trash the old invoice of the customer Rosi in Rome"
    assert min(seconds(lambda: said("resource.trash", text, known=many)) for _ in range(3)) < most_seconds


# ── laws ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

names = st.sampled_from(sorted(actions()))
WORDS = (
    'rename tag share invoice-7 to "Rossi" with bob as editor amount 1200 = , : and tags overdue it the other one '
    "version 3 since yesterday not {} “ ' not? 2026-01-05 bob@example.org second null € twelve me my"
)
texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS.split()), max_size=15).map(" ".join))


@settings(max_examples=300, deadline=None)
@given(name=names, text=texts)
def test_whatever_is_filled_validates(name: str, text: str) -> None:
    filled = said(name, text, seven, bob, candidates=(seven, eight))
    for parameter, value in filled.values.items():
        assert jsonschema_rs.is_valid(action(name).schema(parameter), value)
    assert all(0 <= start <= end <= len(text) for start, end in filled.spans.values())
    assert set(filled.missing).isdisjoint({*filled.values, *filled.ambiguous, *filled.invalid})


@settings(max_examples=100, deadline=None)
@given(name=names, text=texts, first=texts)
def test_whatever_is_corrected_is_a_parameter(name: str, text: str, first: str) -> None:
    before = values(name, first, seven)
    found = corrected(name, text, before, seven)
    assert set(found.values) <= set(action(name).properties)
    assert all(before.get(parameter) != value for parameter, value in found.values.items())


@pytest.mark.parametrize("name", actions())
def test_no_sentence_that_asks_for_an_action_is_too_much(name: str) -> None:
    for text in phrases(actions()[name]):
        assert said(name, text, seven, bob, known=KNOWN).values is not None
