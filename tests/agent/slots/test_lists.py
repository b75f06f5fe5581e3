"""Lists of words."""

import pytest

from tests.agent.slots.talking import seven, values


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("tag invoice-7 overdue", ["overdue"]),
        ("tag it as overdue and paid", ["overdue", "paid"]),
        ("tag it overdue, paid, and 2026", ["overdue", "paid", "2026"]),
        ("put the tag overdue on invoice-7", ["overdue"]),
        ("please put the tag overdue on my invoice", ["overdue"]),
        ("add the tags overdue and paid to it", ["overdue", "paid"]),
        ("mark it as urgent", ["urgent"]),
        ("it needs the tag overdue", ["overdue"]),
        ('tag it "very urgent" and paid', ["very urgent", "paid"]),
        ("tag it #overdue", ["overdue"]),
        ("tag it: tags: very urgent, to pay", ["very urgent", "to pay"]),
        ("tag it paid and rename it to Rossi", ["paid"]),
        ("tag it paid, paid", ["paid"]),
    ],
)
def test_tags_are_found(text: str, tags: list[str]) -> None:
    assert values("resource.tag", text, seven) == {"resource_id": "invoice-7", "tags": tags}


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("take the tag overdue off invoice-7", ["overdue"]),
        ("remove the tags overdue and late from it", ["overdue", "late"]),
        ("untag it overdue", ["overdue"]),
        ("remove overdue from it", ["overdue"]),
    ],
)
def test_tags_to_take_off_are_found(text: str, tags: list[str]) -> None:
    assert values("resource.untag", text, seven) == {"resource_id": "invoice-7", "tags": tags}


def test_no_tag_is_made_up() -> None:
    assert values("resource.tag", "add a tag to it", seven) == {"resource_id": "invoice-7"}


def test_the_answer_to_a_question_is_the_list() -> None:
    assert values("resource.tag", "overdue, very late and paid", asked="tags") == {
        "tags": ["overdue", "very late", "paid"]
    }


def test_a_tag_narrows_a_list() -> None:
    assert values("resource.list", "show me invoices tagged overdue")["tag"] == ["overdue"]
