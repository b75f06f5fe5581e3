"""Avro as messages: for each contract a function that goes straight from bytes to a message."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from struct import Struct
from typing import Any

import orjson

from schemas.avro import VALUES, Schema, record_name
from schemas.message import Message
from schemas.source import Source

Reader = Callable[[bytes, int], tuple[Any, Any]]
"""Gives what travels with a message, and the message, from bytes and the place where the Avro in them begins."""

Classes = Mapping[str, type[Message]]


def reader(schema: Schema, classes: Classes) -> Reader:
    """Make what reads bytes written by a schema. It raises ValueError, IndexError and others for bytes that were not.

    A record whose name is in `classes` becomes a message of that class as the class is today: a field that it has lost
    is left out, one that it has gained has its default. Its values are not checked again: they were when it was made,
    and a rule made stricter since must not make history unreadable. Any other record becomes a dictionary.
    """
    source = Source(
        schema,
        "data, at",
        long=_take_long,
        length=_take_length,
        count=_take_count,
        double=Struct("<d").unpack_from,
        loads=orjson.loads,
        new=object.__new__,
        put=object.__setattr__,
    )
    source("text = data.decode('latin-1')")  # A piece of a str is half the work of a piece of bytes, decoded.
    meta, *own = schema["fields"]
    _read(source, meta["type"], "meta", classes)
    _read(source, {**schema, "fields": own}, "message", classes)
    with source.under("if at != len(data):"):
        source("raise ValueError('more follows after its end' if at < len(data) else 'it ends too early')")
    source("return meta, message")
    return source.function()  # type: ignore[no-any-return]


def _read(source: Source, kind: Any, target: str, classes: Classes) -> None:
    form, kind = source.form(kind)
    _FORMS[form](source, kind, target, classes)


def _string(source: Source, kind: Schema, target: str, _: Classes) -> None:
    _length(source, "length")
    source("end = at + step", f"{target} = text[at:end]", "at = end")
    with source.under(f"if not {target}.isascii():"):
        source(f"{target} = {target}.encode('latin-1').decode()")
    if VALUES in kind:
        sentence = f"a word is none of {', '.join(kind[VALUES])}"
        with source.under(f"if {target} not in {source.constant(frozenset(kind[VALUES]))}:"):
            source(f"raise ValueError({source.constant(sentence)})")


def _json(source: Source, _kind: Any, target: str, _: Classes) -> None:
    _length(source, "length")
    source("end = at + step", f"{target} = loads(data[at:end])", "at = end")
    with source.under(f"if type({target}) is not dict:"):
        source("raise ValueError('what should be a JSON object is none')")


def _long(source: Source, _kind: Any, target: str, _: Classes) -> None:
    source("step = data[at]")
    with source.under("if step & 0x80:"):
        source(f"{target}, at = long(data, at)")
    with source.under("else:"):
        source(f"{target} = (step >> 1) ^ -(step & 1)", "at += 1")


def _double(source: Source, _kind: Any, target: str, _: Classes) -> None:
    source(f"({target},) = double(data, at)", "at += 8")


def _boolean(source: Source, _kind: Any, target: str, _: Classes) -> None:
    source("step = data[at]", "at += 1", f"{target} = step == 1")
    with source.under("if step > 1:"):
        source("raise ValueError('a field is neither true nor false')")


def _union(source: Source, kind: list[Any], target: str, classes: Classes) -> None:
    null = kind.index("null")
    source("step = data[at]", "at += 1")
    with source.under(f"if step == {2 * null}:"):
        source(f"{target} = None")
    with source.under(f"elif step == {2 - 2 * null}:"):
        _read(source, kind[1 - null], target, classes)
    with source.under("else:"):
        source("raise ValueError('a field is neither there nor left out')")


def _array(source: Source, kind: Schema, target: str, classes: Classes) -> None:
    items, each = source.local(), source.local()
    source(f"{items} = []")
    with _items(source):
        _read(source, kind["items"], each, classes)
        source(f"{items}.append({each})")
    source(f"{target} = tuple({items})")


def _map(source: Source, kind: Schema, target: str, classes: Classes) -> None:
    items, key, each = source.local(), source.local(), source.local()
    source(f"{items} = {{}}")
    with _items(source):
        _read(source, "string", key, classes)
        _read(source, kind["values"], each, classes)
        source(f"{items}[{key}] = {each}")
    source(f"{target} = {items}")


def _record(source: Source, kind: Schema, target: str, classes: Classes) -> None:
    values = {field["name"]: source.local() for field in kind["fields"]}
    for field in kind["fields"]:
        _read(source, field["type"], values[field["name"]], classes)
    if message := classes.get(record_name(kind)):
        _message(source, message, values, target)
    else:
        source(f"{target} = {_dictionary(values)}")


def _message(source: Source, message: type[Message], values: Mapping[str, str], target: str) -> None:
    today = {
        name: values.get(name) or source.constant(field.get_default(call_default_factory=True))
        for name, field in message.model_fields.items()
    }
    source(
        f"{target} = new({source.constant(message)})",
        f"put({target}, '__dict__', {_dictionary(today)})",
        f"put({target}, '__pydantic_fields_set__', {source.constant(set(today))})",
        f"put({target}, '__pydantic_extra__', None)",
        f"put({target}, '__pydantic_private__', None)",
    )


def _dictionary(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in values.items())}}}"


@contextmanager
def _items(source: Source) -> Iterator[None]:
    """Read blocks of items until one has none."""
    with source.under("while True:"):
        _length(source, "count")
        with source.under("if not step:"):
            source("break")
        with source.under("for _ in range(step):"):
            yield


def _length(source: Source, longer: str) -> None:
    """Read a length: most are one byte; another function reads those that are longer, or negative."""
    source("step = data[at]")
    with source.under("if step & 0x81:"):
        source(f"step, at = {longer}(data, at)")
    with source.under("else:"):
        source("step >>= 1", "at += 1")


_FORMS: dict[str, Callable[[Source, Any, str, Classes], None]] = {
    "array": _array,
    "boolean": _boolean,
    "double": _double,
    "json": _json,
    "long": _long,
    "map": _map,
    "record": _record,
    "string": _string,
    "union": _union,
}


_SHIFTS = tuple(range(0, 64, 7))


def _take_long(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in _SHIFTS:
        step = data[at]
        at += 1
        if step < 0x80:  # noqa: PLR2004 - no more follow
            number |= step << shift
            break
        number |= (step & 0x7F) << shift
    else:
        raise ValueError("a number has more than 64 bits")
    if number >> 64:
        raise ValueError("a number has more than 64 bits")
    return (number >> 1) ^ -(number & 1), at


def _take_length(data: bytes, at: int) -> tuple[int, int]:
    length, at = _take_long(data, at)
    if length < 0:
        raise ValueError("a length is negative")
    return length, at


def _take_count(data: bytes, at: int) -> tuple[int, int]:
    items, at = _take_long(data, at)
    if items < 0:  # Such a block says its size in bytes, too.
        items = -items
        _, at = _take_long(data, at)
    if items > len(data):
        raise ValueError("it ends too early")
    return items, at
