"""The sentence that says what something does."""

import pytest

from agent.actions.sentence import first_sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Do it.", "Do it."),
        ("Do it. And more.", "Do it."),
        ("Do it now\n    and well.\n\n    And more.", "Do it now and well."),
        ("Is it done? Yes.", "Is it done?"),
        ("Of version 1.2 and on.", "Of version 1.2 and on."),
        ("", ""),
    ],
)
def test_the_first_sentence_is_given(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence
