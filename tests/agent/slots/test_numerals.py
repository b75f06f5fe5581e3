"""Numbers as parameters."""

import pytest

from tests.agent.slots.talking import said, values


@pytest.mark.parametrize(
    "text",
    [
        "revert invoice-7 to version 3",
        "go back to version three of invoice-7",
        "I want version 3 of invoice-7 back",
        "roll invoice-7 back to the third version",
        "revert invoice-7 to 3",
    ],
)
def test_a_version_is_found(text: str) -> None:
    assert values("resource.revert", text) == {"resource_id": "invoice-7", "to_version": 3}


def test_of_two_numbers_the_person_chooses() -> None:
    filled = said("resource.revert", "revert invoice-7 to 3 or 4")
    assert filled.ambiguous == {"to_version": ("3", "4")}
    assert filled.missing == ()


def test_a_number_out_of_bounds_is_invalid() -> None:
    filled = said("resource.revert", "revert invoice-7 to version 0")
    assert filled.invalid == {"to_version": "The to version will not do: it is less than the minimum of 1."}
    assert "to_version" not in filled.values


def test_the_number_of_a_thing_is_no_version() -> None:
    assert values("resource.revert", "undo my changes to report 17") == {}


def test_a_number_in_a_path_is_a_text() -> None:
    assert values("kind.version", "show me version 2 of the kind invoice") == {"kind": "invoice", "version": "2"}


def test_an_optional_number_wants_its_name() -> None:
    assert "limit" not in values("resource.list", "show me the 3 invoices")
    assert values("resource.list", "show me the first 10 resources")["limit"] == 10


def test_the_answer_to_a_question_is_the_number() -> None:
    assert values("resource.revert", "the 4th", asked="to_version") == {"to_version": 4}
