"""What shall not be done."""

import pytest

from agent.actions.phrases import phrases
from agent.slots import negated
from tests.agent.slots.talking import actions


@pytest.mark.parametrize(
    "text",
    [
        "don't rename it",
        "do not delete invoice-7",
        "please do not delete it",
        "I don't want to share it with bob",
        "never trash that",
        "dont delete it",
        "I'd rather not rename it",
        "don’t touch it",  # noqa: RUF001 - people type it
        "tag it, but do not rename it",
        "I would rather you didn't",
    ],
)
def test_what_is_forbidden_is_negated(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "rename it",
        "why don't you rename it",
        "don't forget to rename it",
        "I don't need it any more, delete it",
        "no, call it Rossi",
        "is it not shared yet",
    ],
)
def test_what_is_asked_for_is_not(text: str) -> None:
    assert not negated(text)


@pytest.mark.parametrize("name", actions())
def test_no_sentence_that_asks_for_an_action_is_negated(name: str) -> None:
    assert [said for said in phrases(actions()[name]) if negated(said)] == []
