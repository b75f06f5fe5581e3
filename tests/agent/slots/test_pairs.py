"""Objects: names with values."""

from typing import Any

import pytest

from tests.agent.slots.talking import seven, values


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("change the amount of invoice-7 to 1300", {"amount": 1300}),
        ("set the amount to 1,300.50", {"amount": 1300.5}),
        ("update it with amount 1250", {"amount": 1250}),
        ("change it: amount 1200, currency EUR", {"amount": 1200, "currency": "EUR"}),
        ("set amount = 1200 and currency = USD on it", {"amount": 1200, "currency": "USD"}),
        ("the amount of it should be 1300", {"amount": 1300}),
        ("set the amount to € 99", {"amount": 99}),
        ("set paid to yes", {"paid": True}),
        ('set note to "to be paid, 12"', {"note": "to be paid, 12"}),
        ('set reference to "12"', {"reference": "12"}),
        ("set due_date to 2026-12-01", {"due_date": "2026-12-01"}),
        ('change it: {"amount": 5, "lines": [1, 2]}', {"amount": 5, "lines": [1, 2]}),
        ("remove the currency of it", {"currency": None}),
        ("set status to in progress", {"status": "in progress"}),
        ("set the amount of invoice-7 to twelve hundred and fifty", {"amount": 1250}),
        ("set the amount to one thousand two hundred, and currency to EUR", {"amount": 1200, "currency": "EUR"}),
        ("set the amount to zero", {"amount": 0}),
        ("set status to two thirds done", {"status": "two thirds done"}),
    ],
)
def test_members_are_found(text: str, patch: dict[str, Any]) -> None:
    assert values("resource.change", text, seven).get("patch") == patch


@pytest.mark.parametrize(
    "text",
    [
        "change invoice-7",
        "edit it please",
        "correct the amount of it",
        "update the currency of it",
        "I want to change it",
        "the amount of it is wrong",
    ],
)
def test_no_member_is_made_up(text: str) -> None:
    assert values("resource.change", text, seven) == {"resource_id": "invoice-7"}


@pytest.mark.parametrize(
    "text", ["an invoice with an amount of 300", "an invoice with amount 300", "an invoice, amount: 300"]
)
def test_attributes_are_found(text: str) -> None:
    assert values("resource.register", f"register {text}")["attributes"] == {"amount": 300}
