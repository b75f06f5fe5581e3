"""Placeholders are filled in when texts are used."""

import pytest

from agent.characters.expanding import expand


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("I am {{name}}, {{ agentName }}.", "I am Eliza, Eliza."),
        ("{{user1}} and {{name2}}", "Ada and Bob"),
        ("{{user3}}, {{user12}}", "User 3, User 12"),
        ("{{user}} {{user0}} {{other}} {name} {{}}", "{{user}} {{user0}} {{other}} {name} {{}}"),
    ],
)
def test_names_take_the_place_of_placeholders(text: str, expanded: str) -> None:
    assert expand(text, "Eliza", ["Ada", "Bob"]) == expanded


def test_what_is_filled_in_is_not_looked_through_again() -> None:
    assert expand("{{user1}}", "Eliza", ["{{name}}"]) == "{{name}}"
