"""Tokens are estimated, and rather too many than too few."""

from agent.tokens import tokens


def test_a_text_of_any_letters_has_tokens() -> None:
    assert tokens("") == 0
    assert tokens("a") == 1
    assert tokens("What is a projection?") >= 5
    assert tokens("Что такое проекция?") >= 6
