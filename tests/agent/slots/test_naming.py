"""Which parameters name things."""

import pytest

from agent.slots.naming import directed, domain_of, is_made, references
from tests.agent.slots.talking import action


@pytest.mark.parametrize(
    ("parameter", "domain"),
    [
        ("resource_id", "resource"),
        ("account", "account"),
        ("owner", "account"),
        ("key_id", "apikey"),
        ("role", "role"),
        ("subject", ""),
        ("name", None),
    ],
)
def test_a_parameter_is_called_as_what_it_names(parameter: str, domain: str | None) -> None:
    assert domain_of(parameter) == domain


def test_a_choice_names_no_thing() -> None:
    assert references(action("resource.share")) == {"resource_id": "resource", "account": "account"}
    assert references(action("account.give_role")) == {"account_id": "account", "role": "role"}


def test_what_is_made_is_not_there_yet() -> None:
    assert is_made(action("resource.register"), "resource_id")
    assert not is_made(action("resource.rename"), "resource_id")


@pytest.mark.parametrize(
    ("before", "parameter"),
    [("list what was done on behalf of ", "on_behalf_of"), ("what did ", "actor"), ("by ", "actor")],
)
def test_the_words_before_a_name_say_what_it_is_for(before: str, parameter: str) -> None:
    assert directed(before, ["actor", "on_behalf_of"]) == parameter
