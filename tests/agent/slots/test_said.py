"""A text while its parts are given to parameters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.slots.said import LONGEST, Said, trimmed


@pytest.mark.parametrize("text", ['say "a b"', "say “a b”", "say «a b»", "say `a b`", "say 'a b'", "say ‘a b’"])  # noqa: RUF001 - people type them
def test_what_is_quoted_is_one_piece(text: str) -> None:
    said = Said(text)
    assert said.search(re.compile("a b")) is None
    assert said.piece((4, len(text))).value == "a b"


def test_an_apostrophe_quotes_nothing() -> None:
    assert Said("it's Rossi's invoice").quotations == {}


def test_what_is_taken_is_not_found_again() -> None:
    said = Said("tag invoice-7 overdue")
    said.take("resource_id", (4, 13))
    assert said.search(re.compile("invoice")) is None
    assert said.spans == {"resource_id": (4, 13)}
    assert said.leftovers() == ("tag", "overdue")


def test_a_piece_has_no_blanks_around_it() -> None:
    assert Said("to  Rossi, ").piece((2, 11)).span == (4, 9)
    assert trimmed(" ,. ", (0, 4)) == (4, 4)


def test_what_is_too_long_is_left_over() -> None:
    said = Said("x" * LONGEST + "rest")
    assert len(said.open) == LONGEST
    assert said.leftovers()[-1] == "rest"


@given(st.text(max_size=300))
def test_places_stay_what_they_are(text: str) -> None:
    said = Said(text)
    assert len(said.open) == len(text)
    assert all(text[start + 1 :].startswith(quoted) for start, quoted in said.quotations.items())
