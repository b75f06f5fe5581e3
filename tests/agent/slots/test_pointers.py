"""Fields of things."""

import pytest

from tests.agent.slots.talking import seven, values


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("who changed the amount of invoice-7", "/attributes/amount"),
        ("when was the name of it changed", "/name"),
        ("who set the tags in it", "/tags"),
        ("what was the currency of it before", "/attributes/currency"),
        ("who changed /attributes/lines/0 of it", "/attributes/lines/0"),
        ("who changed it", None),
    ],
)
def test_a_field_is_found(text: str, field: str | None) -> None:
    found = values("resource.changes", text, seven)
    assert found.get("field") == field
    assert found["resource_id"] == "invoice-7"
