"""A question is looked up by what it is about."""

import pytest

from agent.knowledge.question import subject_of


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("what does the manual say about taxis", "taxis"),
        ("What do the documents say about late receipts?", "late receipts?"),
        ("please tell me about the ferry", "the ferry"),
        ("explain how erasing works", "how erasing works"),
        ("where do I find the docs about subscribing", "subscribing"),
        ("Could you look up the opening hours", "the opening hours"),
        ("How long is a password?", "How long is a password?"),
        ("what is the capital of Australia?", "what is the capital of Australia?"),
        ("explain", "explain"),
        ("tell me", "tell me"),
        ("wide\n  question", "wide question"),
        ("", ""),
    ],
)
def test_subject_of(question: str, subject: str) -> None:
    assert subject_of(question) == subject
