"""The whole way of a command: the door, Kafka, the rules, Kafka, the read models, the door; and others on Kafka."""

import asyncio
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import confluent_kafka
import httpx2
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from schemas.partition import partition_of
from tests.calling import Playing
from tests.walk.conftest import Running

SCHEMA = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
ALICE, BOB = {"As": "alice"}, {"As": "bob"}
WAIT = {"Prefer": "wait=20"}


@pytest.fixture
def http(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.url, timeout=30, auth=Playing()) as client:
        yield client


def ask(http: httpx2.Client, command: str, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
    return http.post(f"/v1/commands/{command}", json=body, headers={**ALICE, **WAIT, **(headers or {})})


@pytest.fixture
def invoice(http: httpx2.Client) -> str:
    """Register an invoice of a kind of its own and give its id."""
    kind, id_ = f"invoice-{uuid.uuid4().hex[:8]}", f"invoice-{uuid.uuid4().hex}"
    assert ask(http, "kind.define", kind=kind, json_schema=SCHEMA).status_code == 200
    registered = ask(http, "resource.register", resource_id=id_, kind=kind, name="Invoice", attributes={"amount": 1})
    assert registered.status_code == 200, registered.text
    return id_


def test_a_newcomer_is_told_where_everything_is(running: Running) -> None:
    assert "/docs" in running.welcome
    assert "/readyz" in running.welcome


def test_ready_is_said_once_commands_are_decided_and_projected(running: Running) -> None:
    worker, project = re.findall(r"(\d+) \((?:worker|projections)\)", running.welcome)
    deciding = httpx2.get(f"http://127.0.0.1:{worker}/readyz")
    assert (deciding.status_code, deciding.json()["journals"]) == (200, "open")
    assert httpx2.get(f"http://127.0.0.1:{project}/readyz").json()["ready"]


def test_what_is_written_is_read(http: httpx2.Client, invoice: str) -> None:
    renamed = ask(http, "resource.rename", resource_id=invoice, name="Invoice 7")
    outcome = renamed.json()
    assert outcome["status"] == "accepted"
    assert outcome["facts"] == ["resource.renamed"]
    position = renamed.headers["Annal-Position"]
    read = http.get(f"/v1/resources/{invoice}", headers=ALICE | {"Annal-Min-Position": position})
    assert read.json()["name"] == "Invoice 7"
    assert read.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    "path", ["resources/{0}?min-position={1}", "resources?min-position={1}", "commands/x?position={1}"]
)
def test_a_position_that_no_record_has_is_refused_at_once(http: httpx2.Client, invoice: str, path: str) -> None:
    place, _, _ = ask(http, "resource.rename", resource_id=invoice, name="B").headers["Annal-Position"].rpartition(":")
    beyond = path.format(invoice, f"{place}:123456789")
    read = http.get(f"/v1/{beyond}", headers=ALICE | {"Prefer": "wait=30"})
    assert (read.status_code, read.json()["code"]) == (400, "position_beyond_end"), read.text
    assert read.elapsed.total_seconds() < 10


def test_without_waiting_the_outcome_is_found_where_location_says(http: httpx2.Client, invoice: str) -> None:
    asked = ask(http, "resource.rename", {"Prefer": ""}, resource_id=invoice, name="Later")
    assert asked.status_code == 202
    outcome = http.get(asked.headers["Location"], headers=ALICE | WAIT).json()
    assert outcome["status"] == "accepted"
    assert outcome["version"] == 2


def test_asked_twice_with_one_key_is_done_once(http: httpx2.Client, invoice: str) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = ask(http, "resource.tag", key, resource_id=invoice, tags=["paid"])
    second = ask(http, "resource.tag", key, resource_id=invoice, tags=["paid"])
    assert second.json() == first.json()
    other = ask(http, "resource.tag", key, resource_id=invoice, tags=["late"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    another = ask(http, "resource.tag", key | {"Prefer": ""}, resource_id=invoice, tags=["lost"])
    told = http.get(another.headers["Location"], headers=ALICE | WAIT).json()
    assert (told["status"], told["code"]) == ("rejected", "idempotency_key_reused")


def test_an_offset_that_is_no_record_holds_nothing_up(running: Running, http: httpx2.Client, invoice: str) -> None:
    """A stranger's transaction ends with a marker, on topics that anyone may write to who can reach Kafka."""
    partition = partition_of(invoice.encode(), 8)
    settings = {"bootstrap.servers": running.settings.kafka_bootstrap, "transactional.id": invoice}
    stranger = confluent_kafka.Producer(settings)
    stranger.init_transactions()
    for topic in ("resource.commands", "resource.facts"):
        stranger.begin_transaction()
        stranger.produce(topic, b"noise", b"stranger", partition=partition)
        stranger.commit_transaction()
    assert ask(http, "resource.rename", resource_id=invoice, name="Behind it").json()["status"] == "accepted"


def test_a_stale_version_is_refused(http: httpx2.Client, invoice: str) -> None:
    assert ask(http, "resource.rename", {"If-Match": '"1"'}, resource_id=invoice, name="A").status_code == 200
    stale = ask(http, "resource.rename", {"If-Match": '"1"'}, resource_id=invoice, name="B")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")


def test_what_the_kind_forbids_is_refused(http: httpx2.Client, invoice: str) -> None:
    refused = ask(http, "resource.change", resource_id=invoice, patch={"amount": "a lot"})
    assert (refused.status_code, refused.json()["code"]) == (422, "attributes_invalid")
    assert "/amount" in refused.json()["detail"]


def test_what_is_not_shared_is_not_there(http: httpx2.Client, invoice: str) -> None:
    assert http.get(f"/v1/resources/{invoice}", headers=BOB).status_code == 404
    shared = ask(http, "resource.share", resource_id=invoice, account="bob", role="viewer")
    least = {"Annal-Min-Position": shared.headers["Annal-Position"]}
    assert http.get(f"/v1/resources/{invoice}", headers=BOB | least).status_code == 200
    assert ask(http, "resource.rename", BOB, resource_id=invoice, name="Mine").json()["code"] == "resource_forbidden"


def test_the_past_is_listed_and_can_be_had_back(http: httpx2.Client, invoice: str) -> None:
    ask(http, "resource.change", resource_id=invoice, patch={"amount": 2})
    reverted = ask(http, "resource.revert", resource_id=invoice, to_version=1)
    least = {"Annal-Min-Position": reverted.headers["Annal-Position"]}
    assert http.get(f"/v1/resources/{invoice}", headers=ALICE | least).json()["attributes"] == {"amount": 1}
    history = http.get(f"/v1/resources/{invoice}/history", headers=ALICE | least).json()
    types = [entry["type"] for entry in history["items"]]
    assert sorted(types) == ["resource.changed", "resource.registered", "resource.reverted"]


def test_the_row_is_in_postgres(running: Running, http: httpx2.Client, invoice: str) -> None:
    tagged = ask(http, "resource.tag", resource_id=invoice, tags=["x"])
    http.get(f"/v1/resources/{invoice}", headers=ALICE | {"Annal-Min-Position": tagged.headers["Annal-Position"]})
    with psycopg.connect(running.settings.postgres_url) as database:
        row = database.execute("SELECT owner, tags, version FROM resource WHERE resource_id = %s", [invoice]).fetchone()
    assert row == ("alice", ["x"], 2)


def test_another_librarys_consumer_reads_the_facts(running: Running, http: httpx2.Client, invoice: str) -> None:
    """With nothing of ours: confluent-kafka, its Avro deserializer, and the registry that the read door serves."""
    ask(http, "resource.rename", resource_id=invoice, name="Read by others")
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": running.settings.kafka_bootstrap,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["resource.facts"])
    facts: list[dict[str, Any]] = []
    headers: dict[str, Any] = {}
    with SchemaRegistryClient({"url": running.url}) as registry:
        deserialize = AvroDeserializer(registry)
        while len(facts) < 2:
            message = consumer.poll(20)
            assert message is not None, "no more facts came"
            if message.key() == invoice.encode():
                facts.append(deserialize(message.value(), SerializationContext("resource.facts", MessageField.VALUE)))
                headers = dict(message.headers() or ())
    consumer.close()
    registered, renamed = facts
    assert registered["meta"]["type"] == "resource.registered"
    assert registered["meta"]["actor"]["id"] == "alice"
    assert renamed["name"] == "Read by others"
    assert headers["ce_type"] == b"resource.renamed"


def test_one_trace_leads_from_the_door_to_the_facts(running: Running, http: httpx2.Client, invoice: str) -> None:
    trace = uuid.uuid4().hex
    traceparent = f"00-{trace}-b7ad6b7169203331-00"
    asked = ask(http, "resource.rename", {"traceparent": traceparent}, resource_id=invoice, name="Traced")
    assert asked.status_code == 200

    async def fetched() -> dict[str, bytes]:
        _, partition, offset = asked.headers["Annal-Position"].split(":")
        consumer = AIOKafkaConsumer(bootstrap_servers=running.settings.kafka_bootstrap)
        await consumer.start()
        place = TopicPartition("resource.facts", int(partition))
        consumer.assign([place])
        consumer.seek(place, int(offset))
        record = await consumer.getone(place)
        await consumer.stop()
        return dict(record.headers)

    assert trace in asyncio.run(fetched())["traceparent"].decode()


def test_the_command_line_shows_how_far_everything_is(running: Running) -> None:
    shown = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "infra.cli", "status", "--data-dir", str(running.settings.data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "resource" in shown.stdout
