"""Who is offered which action, and how an action's parameters are read."""

import pytest

from agent.actions.action import Action, offered, plain
from infra.auth import Caller
from schemas.message import Actor
from schemas.rights import Right


def caller(*permissions: str, of_key: tuple[str, ...] | None = None) -> Caller:
    grants = (frozenset(permissions),) if of_key is None else (frozenset(permissions), frozenset(of_key))
    return Caller(Actor(id="ada"), grants)


def action(right: Right, domain: str = "account") -> Action:
    return Action(
        name=f"{domain}.close",
        kind="command",
        description="Close it.",
        parameters={"type": "object", "properties": {"account_id": {"type": "string"}}, "required": ["account_id"]},
        subject="account_id",
        effect="destroys",
        right=right,
        domain=domain,
    )


@pytest.mark.parametrize(
    ("right", "permissions", "is_offered"),
    [
        (Right("account:close"), ("account:close",), True),
        (Right("account:close"), ("account:*",), True),
        (Right("account:close"), ("account:own",), False),
        (Right("account:close", own=True), ("account:own",), True),
        (Right("account:close", own=True), ("session:own",), False),
        (Right("account:close", own=True), (), False),
        (Right(None), (), True),
    ],
)
def test_offered_is_what_the_caller_may(right: Right, permissions: tuple[str, ...], is_offered: bool) -> None:  # noqa: FBT001 - a column
    made = action(right)
    assert offered([made], caller(*permissions)) == ([made] if is_offered else [])


def test_a_key_is_offered_no_more_than_its_scopes() -> None:
    made = action(Right("account:close"))
    assert offered([made], caller("*", of_key=("account:read",))) == []


def test_a_name_is_a_noun_and_a_verb() -> None:
    made = action(Right(None))
    assert (made.noun, made.verb) == ("account", "close")


def test_required_parameters_stand_in_the_order_of_all() -> None:
    made = Action(
        name="a.b",
        kind="command",
        description="",
        parameters={"properties": {"first": {}, "second": {}, "third": {}}, "required": ["third", "first"]},
        subject=None,
        effect="changes",
        right=Right(None),
        domain="a",
    )
    assert made.required == ("first", "third")


def test_a_schema_that_may_be_null_is_read_as_what_else_it_may_be() -> None:
    schema = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
        "default": None,
        "description": "How many.",
    }
    assert plain(schema, {}) == {"type": "integer", "minimum": 1, "default": None, "description": "How many."}


def test_a_schema_that_refers_to_another_is_read_as_that() -> None:
    assert plain({"$ref": "#/$defs/Size", "description": "S or M."}, {"Size": {"enum": ["S", "M"]}}) == {
        "enum": ["S", "M"],
        "description": "S or M.",
    }


def test_a_schema_of_several_types_stays_as_it_is() -> None:
    either = {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}
    assert plain(either, {}) == either
