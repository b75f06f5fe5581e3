"""Whether a value will do, and why not."""

from typing import Any

import pytest

from agent.slots.validity import wrong
from tests.agent.slots.talking import action


@pytest.mark.parametrize(
    ("name", "parameter", "value", "told"),
    [
        ("resource.rename", "name", "Rossi", None),
        ("resource.rename", "name", "x" * 201, "The name will not do: it is longer than 200 characters."),
        ("resource.rename", "name", " Rossi", "The name will not do: What people call the resource."),
        ("resource.share", "role", "owner", 'The role will not do: it is not one of "viewer" or "editor".'),
        ("resource.register", "kind_version", 1, None),
        ("audit.list", "since", "soon", "The since will not do: At this time or later."),
    ],
)
def test_a_value_is_told_what_is_wrong_with_it(name: str, parameter: str, value: Any, told: str | None) -> None:
    assert wrong(action(name), parameter, value) == told
