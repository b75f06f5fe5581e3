from collections.abc import Iterator
from typing import Any

import fastavro
import orjson

from schemas import topics
from schemas.asyncapi import document
from schemas.contracts import ASYNCAPI, committed, newest
from schemas.domains import COMMANDS, DOMAINS, FACTS

DOCUMENT = document(DOMAINS)


def test_the_committed_document_is_what_the_classes_say() -> None:
    assert orjson.loads(ASYNCAPI.read_bytes()) == DOCUMENT, "run `uv run python -m schemas.contracts`"


def test_every_topic_is_described() -> None:
    named = {topic.name: topic for domain in DOMAINS for topic in topics.of(domain)}
    assert DOCUMENT["channels"].keys() == named.keys()
    for name, channel in DOCUMENT["channels"].items():
        kafka = channel["bindings"]["kafka"]
        assert (channel["address"], kafka["topic"], kafka["partitions"]) == (name, name, named[name].partitions)


def test_every_message_is_described_by_its_contract() -> None:
    described = DOCUMENT["components"]["messages"]
    assert {message["name"] for message in described.values()} == COMMANDS.keys() | FACTS.keys()
    for name, contract in newest(committed()).items():
        if name in described:
            assert described[name]["payload"]["schema"] == contract.schema
            fastavro.parse_schema(contract.schema)


def test_every_reference_leads_somewhere() -> None:
    references = list(_references(DOCUMENT))
    assert references
    for reference in references:
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        for word, each in value.items():
            if word == "$ref":
                yield each
            else:
                yield from _references(each)
