"""Sentences are told apart in prose, in lists and in code."""

import pytest

from agent.knowledge.sentences import sentences


def told(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It is “so.” Then it ends.", ["It is “so.”", "Then it ends."]),
        ("See e.g. Figure 2. Dr. Rossi knows.", ["See e.g. Figure 2.", "Dr. Rossi knows."]),
        ("J. L. Borges wrote it. So they say.", ["J. L. Borges wrote it.", "So they say."]),
        ("It takes 1.5 s. 3 times.", ["It takes 1.5 s.", "3 times."]),
        ("**Bold ends.** Then it goes on", ["**Bold ends.**", "Then it goes on"]),
        ("wrapped\nin the middle", ["wrapped\nin the middle"]),
        ("- one\n- two\n  lines", ["- one", "- two\n  lines"]),
        ("| a | b |\n| c | d |", ["| a | b |", "| c | d |"]),
        ("# Title\nText", ["# Title", "Text"]),
        ("```sh\nmake\nrun it\n```\nDone.", ["```sh", "make", "run it", "```", "Done."]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert told(text) == expected
