"""What the agent says about slots."""

import pytest

from agent.slots import card, question
from tests.agent.slots.talking import action


@pytest.mark.parametrize(
    ("name", "parameter", "asked"),
    [
        (
            "resource.rename",
            "name",
            "What should the name be? What people call the resource. For example: Invoice 7, Rossi.",
        ),
        ("resource.trash", "resource_id", "Which resource? For example: invoice-7."),
        ("resource.share", "role", "Which role: viewer or editor?"),
        ("resource.share", "account", "Which account? The id of an account. For example: bob."),
        ("resource.list", "trashed", "Trashed: yes or no?"),
        (
            "resource.change",
            "patch",
            (
                "What should the patch be? A JSON Merge Patch (RFC 7396): a member replaces the member of that name, "
                'null removes it. For example: {"amount": 1250}.'
            ),
        ),
    ],
)
def test_what_is_missing_is_asked_for(name: str, parameter: str, asked: str) -> None:
    assert question(action(name), parameter) == asked


def test_every_parameter_can_be_asked_for() -> None:
    rename = action("resource.register")
    assert all(question(rename, name).endswith((".", "?")) for name in rename.properties)


def test_a_card_shows_the_fields_in_their_order() -> None:
    shown = card(action("resource.change"), {"patch": {"amount": 5, "a": None}, "resource_id": "invoice-7"})
    assert shown == 'resource_id: "invoice-7"\npatch: {"a": null, "amount": 5}'


def test_no_value_can_look_like_another_line() -> None:
    name = 'Rossi"\nresource_id: "invoice-8\u202e\x1b[2J\u2028'
    assert card(action("resource.rename"), {"name": name}).count("\n") == 0
    assert card(action("resource.rename"), {"name": name}).isprintable()
