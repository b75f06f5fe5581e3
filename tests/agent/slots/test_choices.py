"""Choices, and yes or no."""

import pytest

from tests.agent.slots.talking import seven, values


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("share it with bob as viewer", "viewer"),
        ("share it with bob as an editor", "editor"),
        ("let bob edit it", "editor"),
        ("let bob see it", "viewer"),
        ("let bob view it", "viewer"),
        ("share it with bob as edtior", "editor"),
        ("make bob an Editor of it", "editor"),
    ],
)
def test_a_role_is_found(text: str, role: str) -> None:
    assert values("resource.share", text, seven)["role"] == role


def test_no_role_is_made_up() -> None:
    assert "role" not in values("resource.share", "share it with bob", seven)


@pytest.mark.parametrize(
    ("text", "trashed"),
    [
        ("show me trashed resources", True),
        ("show me what is in the trash", True),
        ("show resources that are not trashed", False),
        ("list resources", None),
    ],
)
def test_yes_or_no_is_found(text: str, trashed: bool | None) -> None:  # noqa: FBT001 - a column
    assert values("resource.list", text).get("trashed") is trashed


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("list resources sorted by name", "name"),
        ("list resources sorted by name descending", "-name"),
        ("list resources sort by created, newest first", "-created"),
        ("list resources with a name", None),
    ],
)
def test_an_order_is_found(text: str, sort: str | None) -> None:
    assert values("resource.list", text).get("sort") == sort


def test_a_status_is_found() -> None:
    assert values("account.list", "list suspended accounts")["status"] == "suspended"
