"""The Avro schema of a message, made from its class, which stays the only source."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import orjson
from pydantic.fields import FieldInfo

from schemas.message import Command, CommandMeta, Fact, FactMeta, Message

Schema = dict[str, Any]
"""An Avro schema as JSON."""

JSON = "annal.json"
"""The attribute of a string that holds JSON."""

VALUES = "annal.values"
"""The attribute of a string that is one of a few; a contract may only gain some."""

_PLAIN: dict[Any, str] = {str: "string", bool: "boolean", int: "long", float: "double"}


class Unmappable(TypeError):  # noqa: N818 - a sentence about a class, met only by who writes one
    """A class has a field that has no form in Avro here."""


def contract(message: type[Command | Fact]) -> Schema:
    """Give the schema of a whole record value: `meta`, then the fields of the command or fact."""
    known: dict[str, type[Message]] = {}
    meta = _record(CommandMeta if issubclass(message, Command) else FactMeta, known)
    schema: Schema = _record(message, known)
    return {**schema, "fields": [{"name": "meta", "type": meta}, *schema["fields"]]}


def classes(*messages: type[Message]) -> dict[str, type[Message]]:
    """Give these classes and those of their fields, by their names in Avro."""
    known: dict[str, type[Message]] = {}
    for message in messages:
        _record(message, known)
    return known


def full_name(message: type[Message]) -> str:
    """`annal.resource.ResourceRegistered`: the file's name says the domain; what all domains share is plain `annal`."""
    domain = message.__module__.rpartition(".")[2]
    return f"annal.{message.__name__}" if domain == "message" else f"annal.{domain}.{message.__name__}"


def record_name(schema: Schema) -> str:
    """Give the full name of a record by its schema."""
    return f"{schema['namespace']}.{schema['name']}"


def _record(message: type[Message], known: dict[str, type[Message]]) -> Any:
    name = full_name(message)
    if name in known:
        return name
    known[name] = message
    fields = [_field(message, word, field, known) for word, field in message.model_fields.items()]
    namespace, _, word = name.rpartition(".")
    return {"type": "record", "namespace": namespace, "name": word, "fields": fields}


def _field(message: type[Message], word: str, field: FieldInfo, known: dict[str, type[Message]]) -> Schema:
    try:
        schema = _type(_annotation(field), known)
    except Unmappable as error:
        raise Unmappable(f"{message.__name__}.{word}: {error}") from None
    if field.is_required():
        return {"name": word, "type": schema}
    default = _default(field.get_default(call_default_factory=True), schema)
    if isinstance(schema, list) and default is not None:
        schema = schema[::-1]  # Avro wants the default's own branch first.
    return {"name": word, "type": schema, "default": default}


def _annotation(field: FieldInfo) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _type(kind: Any, known: dict[str, type[Message]]) -> Any:  # noqa: PLR0911 - one line for each form
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Message):
        return _record(kind, known)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        words = [mark for mark in arguments[1:] if isinstance(mark, str)]
        schema = _type(arguments[0], known)
        return {"type": schema, "logicalType": words[0]} if words else schema
    if origin is Literal and all(isinstance(word, str) for word in arguments):
        return {"type": "string", VALUES: [*arguments]}
    if origin in (UnionType, Union) and len(arguments) == 2 and arguments[1] is NoneType:  # noqa: PLR2004
        return ["null", _type(arguments[0], known)]
    if origin is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": _type(arguments[0], known)}
    if origin is dict and arguments == (str, Any):
        return {"type": "string", JSON: True}
    if origin is dict and arguments[0] is str:
        return {"type": "map", "values": _type(arguments[1], known)}
    raise Unmappable(
        f"{kind} has no form in Avro here; use str, int, float, bool, a Literal of str, a Message, JsonObject, "
        "or one of them in X | None, tuple[X, ...] or dict[str, X]."
    )


def _default(value: Any, schema: Any) -> Any:
    if isinstance(schema, dict) and JSON in schema:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return value.model_dump(mode="json") if isinstance(value, Message) else orjson.loads(orjson.dumps(value))
