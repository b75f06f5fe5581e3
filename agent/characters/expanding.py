"""Fills in the placeholders that stand in a character's texts, when they are used."""

import re
from collections.abc import Sequence

_PLACEHOLDER = re.compile(r"\{\{\s*(?:(name|agentName)|(?:user|name)([1-9][0-9]?))\s*\}\}")


def expand(text: str, name: str, people: Sequence[str] = ()) -> str:
    """Put the character's name in place of `{{name}}` and `{{agentName}}`, and people's for `{{user1}}`, `{{name1}}`….

    People beyond those that are named are called User and their number; all else in braces stays.
    """

    def named(found: re.Match[str]) -> str:
        if found[1]:
            return name
        number = int(found[2])
        return people[number - 1] if number <= len(people) else f"User {number}"

    return _PLACEHOLDER.sub(named, text)
