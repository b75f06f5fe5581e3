"""Texts out of words: what a thing is called."""

import pytest

from tests.agent.slots.talking import seven, values


@pytest.mark.parametrize(
    "text",
    [
        "rename invoice-7 to Rossi",
        "please rename invoice-7 to Rossi",
        "rename invoice-7 to Rossi please",
        "call it Rossi",
        "name it Rossi",
        "call invoice-7 Rossi",
        "change the name of invoice-7 to Rossi",
        "change its name to Rossi",
        "give it the name Rossi",
        "it should be called Rossi",
        "from now on it is called Rossi",
        "I want to rename it to Rossi.",
        "rename it to Rossi, thanks",
        'rename it to "Rossi"',
        "rename it to “Rossi”",
        "rename it to 'Rossi'",
        "retitle it as Rossi",
        "rename it to Rossi and tag it overdue",
        "its name is Rossi now",
    ],
)
def test_a_name_is_found(text: str) -> None:
    assert values("resource.rename", text, seven) == {"resource_id": "invoice-7", "name": "Rossi"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rename invoice-7 to Invoice 7, Bianchi & Sons", "Invoice 7, Bianchi & Sons"),
        ("rename invoice-7 to the March report", "the March report"),
        ("rename invoice-7 to \"to be called 'it'\"", "to be called 'it'"),
        ("rename invoice-7 to Müller-Lüdenscheidt", "Müller-Lüdenscheidt"),
        ("rename invoice-7 to 2027", "2027"),
        ("rename invoice-7 to bob", "bob"),
    ],
)
def test_a_name_may_be_of_many_words(text: str, name: str) -> None:
    assert values("resource.rename", text)["name"] == name


@pytest.mark.parametrize(
    "text",
    [
        "rename invoice-7",
        "call it something else",
        "give it a new name",
        "I want to rename it",
        "the name of it is wrong",
        "I want another name for it",
        "change its name",
    ],
)
def test_no_name_is_made_up(text: str) -> None:
    assert values("resource.rename", text, seven) == {"resource_id": "invoice-7"}


def test_the_answer_to_a_question_is_the_name() -> None:
    assert values("resource.rename", "Rossi", asked="name") == {"name": "Rossi"}
    assert values("resource.rename", "let's call it Rossi", seven, asked="name")["name"] == "Rossi"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("search for Rossi", "Rossi"),
        ("find everything about March", "March"),
        ("look for reports", None),
        ('find "due soon"', "due soon"),
    ],
)
def test_words_to_search_for_are_found(text: str, words: str | None) -> None:
    assert values("resource.list", text).get("q") == words


def test_one_register_says_it_all() -> None:
    text = "register an invoice called Rossi with amount 1200, currency EUR and tags overdue and urgent"
    assert values("resource.register", text) == {
        "kind": "invoice",
        "name": "Rossi",
        "attributes": {"amount": 1200, "currency": "EUR"},
        "tags": ["overdue", "urgent"],
    }
