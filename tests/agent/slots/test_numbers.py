"""Numbers as people write and say them."""

import pytest

from agent.slots.numbers import figure, numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1200", 1200),
        ("1,200", 1200),
        ("1,200.50", 1200.5),
        ("1.200,50", 1200.5),
        ("1 200", 1200),
        ("1'200", 1200),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("-3", -3),
        ("€ 99", 99),
        ("99 EUR", 99),
        ("$1,000.00", 1000),
        ("50%", 50),
    ],
)
def test_figures_are_read(text: str, value: float) -> None:
    assert figure(text) == value
    assert [found.value for found in numbers(f"it is {text}, I say")] == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("three", 3),
        ("twelve hundred", 1200),
        ("one hundred and five", 105),
        ("twenty-one", 21),
        ("the third", 3),
        ("2nd", 2),
    ],
)
def test_words_are_read(text: str, value: int) -> None:
    assert [found.value for found in numbers(text)] == [value]


@pytest.mark.parametrize("text", ["invoice-7", "r2d2", "2026-01-05", "10:30", "this one", "v3x", "192.0.2.1"])
def test_a_part_of_something_else_is_no_number(text: str) -> None:
    assert list(numbers(text)) == []
