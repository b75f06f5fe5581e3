"""The AsyncAPI document: what stands on which topic, as OpenAPI says what the doors answer."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas import avro, topics
from schemas.domains import EVERYWHERE
from schemas.journal import PREV
from schemas.message import Command, Domain, Fact
from schemas.topics import Topic

Json = dict[str, Any]

_SCHEMA_FORMAT = "application/vnd.apache.avro;version=1.9.0"
_BINDING = "0.5.0"


def document(domains: Sequence[Domain]) -> Json:
    """Describe the topics of domains by AsyncAPI 3.0."""
    channels: Json = {}
    operations: Json = {}
    messages: Json = {}
    for domain in domains:
        commands, facts = topics.of(domain)
        happens: tuple[type[Fact], ...] = (*domain.facts, *EVERYWHERE)
        said: tuple[type[Command | Fact], ...] = (*domain.commands, *happens)
        channels[commands.name] = _channel(commands, f"What is asked about each {domain.name}.", domain.commands)
        channels[facts.name] = _channel(facts, f"What happened to each {domain.name}, for good, in order.", happens)
        operations[f"decide-{domain.name}"] = _operation("receive", commands, domain.commands)
        operations[f"record-{domain.name}"] = _operation("send", facts, happens)
        messages |= {avro.full_name(message): _message(message) for message in said}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Annal",
            "version": "1",
            "description": "Commands are asked on one topic of a domain; what became of them is recorded on the other. "
            "Values are Avro in Confluent's wire format, and `/schemas/ids/{id}` gives the schema of an id. A record "
            f"of facts counts only if its header `{PREV}` is the hash of the last record before it that counts; a "
            "reader that drops a fact whose id it has seen is right too.",
        },
        "defaultContentType": "application/avro",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "messageTraits": {"command": _COMMAND, "fact": _FACT}},
    }


def _channel(topic: Topic, description: str, messages: Iterable[type[Command | Fact]]) -> Json:
    names = [(message.__name__, avro.full_name(message)) for message in messages]
    return {
        "address": topic.name,
        "description": description,
        "messages": {word: {"$ref": f"#/components/messages/{name}"} for word, name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": _BINDING,
            }
        },
    }


def _configuration(topic: Topic) -> Json:
    policy = topic.config.get("cleanup.policy", "delete").split(",")
    numbers = {name: int(value) for name, value in topic.config.items() if name.startswith("retention.")}
    return {**topic.config, **numbers, "cleanup.policy": policy}


def _operation(action: str, topic: Topic, messages: Iterable[type[Command | Fact]]) -> Json:
    place = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{message.__name__}"} for message in messages],
    }


def _message(message: type[Command | Fact]) -> Json:
    trait = "command" if issubclass(message, Command) else "fact"
    return {
        "name": message.type,
        "title": message.__name__,
        "summary": " ".join((message.__doc__ or "").split()),
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": avro.contract(message)},
        "traits": [{"$ref": f"#/components/messageTraits/{trait}"}],
    }


def _trait(**headers: str) -> Json:
    told = {name: {"type": "string", "description": description} for name, description in headers.items()}
    return {
        "contentType": "application/avro",
        "headers": {"type": "object", "properties": _CLOUD_EVENTS | told, "required": [*_CLOUD_EVENTS]},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The subject."},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": "TopicRecordNameStrategy",
                "bindingVersion": _BINDING,
            }
        },
    }


_CLOUD_EVENTS: Json = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "description": "The id of the command or fact."},
    "ce_source": {"type": "string", "format": "uri-reference", "description": "`/annal/` and the domain."},
    "ce_type": {"type": "string", "description": "The type of the command or fact."},
    "ce_subject": {"type": "string", "description": "The subject."},
    "ce_time": {"type": "string", "format": "date-time"},
    "content-type": {"type": "string", "const": "application/avro"},
}
_TRACE = "W3C trace context, passed on from a command to its facts."
_COMMAND = _trait(traceparent=_TRACE, reply="The Redis channel on which the outcome is told.")
_PREV = "64 hexadecimal digits: the hash of the last record that counts before this one."
_FACT = _trait(**{PREV: _PREV, "traceparent": _TRACE})
_FACT["headers"]["required"].append(PREV)
