from collections.abc import Iterator
from typing import Any

import pytest

from schemas import avro
from schemas.domains import COMMANDS, DOMAINS, EVERYWHERE, FACTS
from schemas.message import Command, Domain, Fact


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_a_domain_is_one_word_everywhere(domain: Domain) -> None:
    messages: tuple[type[Command | Fact], ...] = (*domain.commands, *domain.facts)
    for message in messages:
        assert message.type.split(".")[0] == domain.name
        assert avro.full_name(message) == f"annal.{domain.name}.{message.__name__}"


def test_no_two_messages_have_one_type() -> None:
    assert len(COMMANDS) == sum(len(domain.commands) for domain in DOMAINS)
    assert len(FACTS) == len(EVERYWHERE) + sum(len(domain.facts) for domain in DOMAINS)
    assert not COMMANDS.keys() & FACTS.keys()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.type)
def test_every_number_that_may_be_asked_fits_on_the_wire(command: type[Command]) -> None:
    for number in _integers(command.model_json_schema()):
        assert number.get("minimum", -(2**64)) >= -(2**63), f"give it a lowest value: {number}"
        assert number.get("maximum", 2**64) < 2**63, f"give it a highest value: {number}"


def _integers(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for each in schema:
            yield from _integers(each)
    elif isinstance(schema, dict):
        if schema.get("type") == "integer":
            yield schema
        for word, each in schema.items():
            if word != "examples":
                yield from _integers(each)
