import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from fastapi import FastAPI
from fastapi.testclient import TestClient

from projections import registry
from schemas.contracts import committed, newest
from schemas.message import Actor, Asked, CommandMeta, FactMeta, Recorded
from schemas.resource import RegisterResource, ResourceRegistered
from schemas.wire import encode_command, encode_fact
from tests.served import served

FACT = Recorded(
    FactMeta(
        id="f1",
        type="resource.registered",
        subject="r1",
        version=1,
        time=1_700_000_000_123,
        actor=Actor(id="alice"),
        command_id="c1",
        command_type="resource.register",
        command_offset=41,
        correlation_id="c1",
    ),
    ResourceRegistered(
        kind="book",
        kind_version=1,
        kind_position=0,
        name="Il nome della rosa",
        attributes={"pages": 503, "author": "Eco"},
        tags=("novel",),
        owner="alice",
    ),
)
SUBJECT = "resource.facts-annal.resource.ResourceRegistered"
CONTRACT = newest(committed())["annal.resource.ResourceRegistered"]


def app() -> FastAPI:
    made = FastAPI()
    made.include_router(registry.routes())
    return made


@pytest.fixture(scope="module")
def client() -> Iterator[SchemaRegistryClient]:
    with served(app()) as url, SchemaRegistryClient({"url": url}) as made:
        yield made


@pytest.fixture(scope="module")
def http() -> TestClient:
    return TestClient(app())


def test_confluents_own_deserializer_reads_our_facts(client: SchemaRegistryClient) -> None:
    deserialize = AvroDeserializer(client)
    record: Any = deserialize(encode_fact(FACT), SerializationContext("resource.facts", MessageField.VALUE))
    assert json.loads(record.pop("attributes")) == {"author": "Eco", "pages": 503}
    assert record.pop("meta") == {**FACT.meta.model_dump(), "time": datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)}
    assert record == FACT.fact.model_dump(exclude={"attributes"}) | {"tags": ["novel"]}


def test_confluents_own_deserializer_reads_our_commands_by_the_newest_schema_of_the_subject(
    client: SchemaRegistryClient,
) -> None:
    command = RegisterResource(resource_id="r1", kind="book", name="x", attributes={})
    meta = CommandMeta(id="c1", type=command.type, subject="r1", time=1, actor=Actor(id="alice"), correlation_id="c1")
    deserialize = AvroDeserializer(
        client,
        conf={"subject.name.strategy": topic_record_subject_name_strategy, "use.latest.version": True},
    )
    context = SerializationContext("resource.commands", MessageField.VALUE)
    record: Any = deserialize(encode_command(Asked(meta, command)), context)
    assert (record["meta"]["subject"], record["kind_version"]) == ("r1", None)


def test_the_client_finds_subjects_versions_and_schemas(client: SchemaRegistryClient) -> None:
    assert client.get_schema_types() == ["AVRO"]
    assert SUBJECT in client.get_subjects()
    assert "kind.facts-annal.CommandRejected" in client.get_subjects()
    assert client.get_versions(SUBJECT) == list(range(1, CONTRACT.version + 1))
    latest = client.get_latest_version(SUBJECT)
    assert (latest.schema_id, latest.version, latest.subject) == (CONTRACT.id, CONTRACT.version, SUBJECT)
    assert latest.schema is not None
    assert json.loads(str(latest.schema.schema_str)) == CONTRACT.schema
    assert client.get_version(SUBJECT, 1).version == 1
    assert client.get_compatibility() == "FULL_TRANSITIVE"
    (place,) = client.get_schema_versions(CONTRACT.id)
    assert (place.subject, place.version) == (SUBJECT, CONTRACT.version)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/schemas/ids/99999", 404, 40403),
        ("/schemas/ids/x", 404, 40403),
        ("/schemas/ids/99999/versions", 404, 40403),
        ("/subjects/nothing/versions", 404, 40401),
        ("/subjects/nothing/versions/1", 404, 40401),
        (f"/subjects/{SUBJECT}/versions/99999", 404, 40402),
        (f"/subjects/{SUBJECT}/versions/0", 422, 42202),
        (f"/subjects/{SUBJECT}/versions/new", 422, 42202),
    ],
)
def test_what_is_not_registered_is_said_as_confluent_says_it(
    http: TestClient, path: str, status: int, code: int
) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("subject", "body", "status", "code"),
    [
        (SUBJECT, b'{"schema": "\\"string\\""}', 404, 40403),
        ("nothing", b'{"schema": "\\"string\\""}', 404, 40401),
        (SUBJECT, b'{"schema": "["}', 422, 42201),
        (SUBJECT, b"[]", 422, 42201),
        (SUBJECT, b"", 422, 42201),
    ],
)
def test_a_schema_that_is_not_found_is_said_as_confluent_says_it(
    http: TestClient, subject: str, body: bytes, status: int, code: int
) -> None:
    answer = http.post(f"/subjects/{subject}", content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_the_client_understands_what_is_not_registered(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError) as caught:
        client.get_schema(99999)
    assert (caught.value.http_status_code, caught.value.error_code) == (404, 40403)


def test_the_topics_are_described(http: TestClient) -> None:
    answer = http.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["asyncapi"] == "3.0.0"
