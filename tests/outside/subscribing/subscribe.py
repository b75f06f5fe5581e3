"""Reads facts of resources with confluent-kafka, and says each once: a record that was read before is no fact."""

import json
import os

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "resource.facts"
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["KAFKA"],
        "group.id": "subscriber.python",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
decode = AvroDeserializer(SchemaRegistryClient({"url": os.environ["ANNAL"]}))
consumer.subscribe([TOPIC])
seen: set[str] = set()  # in your database, beside what you make of the facts
left = int(os.environ["COUNT"])
while left:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    value = message.value()
    headers = {name: text.decode() for name, text in message.headers() or []}
    if value is None or headers["ce_id"] in seen:
        continue
    seen.add(headers["ce_id"])
    fact = decode(value, SerializationContext(TOPIC, MessageField.VALUE))
    if headers["ce_subject"] == os.environ["SUBJECT"]:
        told = {"type": headers["ce_type"], "subject": headers["ce_subject"], "name": fact.get("name")}
        print(json.dumps(told), flush=True)
        left -= 1
    consumer.commit(message=message)
consumer.close()
