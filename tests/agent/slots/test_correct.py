"""Corrections of what was just said."""

from typing import Any

import pytest

from tests.agent.slots.talking import ADA, BOB, corrected, seven

RENAME = {"resource_id": "invoice-7", "name": "Rosi"}
CHANGE = {"resource_id": "invoice-7", "patch": {"amount": 1200, "currency": "EUR"}}
SHARE = {"resource_id": "invoice-7", "account": BOB, "role": "viewer"}


@pytest.mark.parametrize(
    ("name", "before", "text", "changed"),
    [
        ("resource.rename", RENAME, "no, call it Rossi", {"name": "Rossi"}),
        ("resource.rename", RENAME, "sorry, I meant Rossi", {"name": "Rossi"}),
        ("resource.rename", {"resource_id": "invoice-8", "name": "Rosi"}, "I meant Rossi", {"name": "Rossi"}),
        ("resource.rename", RENAME, "Rossi, not Rosi", {"name": "Rossi"}),
        ("resource.rename", RENAME, "not Rosi but Rossi", {"name": "Rossi"}),
        ("resource.rename", RENAME, "I meant invoice-8", {"resource_id": "invoice-8"}),
        ("resource.rename", RENAME, "no, the name should be Rossi", {"name": "Rossi"}),
        ("resource.change", CHANGE, "make that 1300", {"patch": {"amount": 1300, "currency": "EUR"}}),
        (
            "resource.change",
            CHANGE,
            "the amount should be 1300 instead",
            {"patch": {"amount": 1300, "currency": "EUR"}},
        ),
        ("resource.change", CHANGE, "no, currency USD", {"patch": {"amount": 1200, "currency": "USD"}}),
        ("resource.change", CHANGE, "not 1200, 1300", {"patch": {"amount": 1300, "currency": "EUR"}}),
        ("resource.share", SHARE, "no, as editor", {"role": "editor"}),
        ("resource.share", SHARE, "I meant Ada Lovelace", {"account": ADA}),
        ("resource.share", SHARE, "not bob, Ada Lovelace", {"account": ADA}),
        ("resource.tag", {"resource_id": "invoice-7", "tags": ["overdue"]}, "make that paid", {"tags": ["paid"]}),
        ("resource.revert", {"resource_id": "invoice-7", "to_version": 2}, "make that 3", {"to_version": 3}),
    ],
)
def test_what_is_corrected_changes(name: str, before: dict[str, Any], text: str, changed: dict[str, Any]) -> None:
    assert corrected(name, text, before, seven).values == changed


def test_a_number_that_may_be_one_of_two_is_ambiguous() -> None:
    before = {"resource_id": "invoice-7", "patch": {"amount": 1200, "discount": 10}}
    assert corrected("resource.change", "make that 1300", before).ambiguous == {"patch": ("1300",)}


def test_a_correction_that_will_not_do_is_invalid() -> None:
    before = {"resource_id": "invoice-7", "to_version": 2}
    assert "to_version" in corrected("resource.revert", "make that 0", before).invalid


@pytest.mark.parametrize("text", ["no", "", "hmm"])
def test_what_corrects_nothing_changes_nothing(text: str) -> None:
    found = corrected("resource.change", text, CHANGE, seven)
    assert (found.values, found.ambiguous, found.invalid) == ({}, {}, {})
