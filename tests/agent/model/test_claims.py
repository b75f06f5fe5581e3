"""Words that say something was done are a claim; talk is none."""

import pytest

from agent.model.claims import claims


@pytest.mark.parametrize(
    "text",
    [
        "Done!",
        "I have renamed it for you.",
        "Your invoice was trashed a moment ago.",
        "It has been shared with Bob",
        "I deleted everything, as you wanted.",
        "All set: registered under Verdi.",
    ],
)
def test_what_speaks_of_a_deed_is_a_claim(text: str) -> None:
    assert claims(text)


@pytest.mark.parametrize(
    "text", ["You are welcome.", "Rain again. I like rain.", "Welcome back! What are you up to today?"]
)
def test_talk_is_no_claim(text: str) -> None:
    assert claims(text) is None
