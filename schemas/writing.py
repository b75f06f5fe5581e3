"""Messages as Avro: for each contract a function that goes straight from a message to bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Any

import orjson

from schemas.avro import Schema
from schemas.source import Source

Writer = Callable[[bytes, Any, Any], bytes]
"""Gives the bytes of a head, what travels with a message, and the message."""


def writer(schema: Schema) -> Writer:
    """Make what writes messages of a schema. It raises ValueError or TypeError for values that Avro cannot carry."""
    source = Source(
        schema,
        "head, meta, message",
        long=_Longs(),
        double=Struct("<d").pack,
        dumps=orjson.dumps,
        ordered=orjson.OPT_SORT_KEYS,
    )
    source("out = bytearray(head)")
    meta, *own = schema["fields"]
    _write(source, meta["type"], "meta")
    for field in own:
        _write(source, field["type"], f"message.{field['name']}")
    source("return bytes(out)")
    return source.function()  # type: ignore[no-any-return]


def _write(source: Source, kind: Any, value: str) -> None:
    form, kind = source.form(kind)
    _FORMS[form](source, kind, value)


def _string(source: Source, _: Any, value: str) -> None:
    source(f"piece = {value}.encode()", "out += long[len(piece)]", "out += piece")


def _json(source: Source, _: Any, value: str) -> None:
    source(f"piece = dumps({value}, None, ordered)", "out += long[len(piece)]", "out += piece")


def _long(source: Source, _: Any, value: str) -> None:
    source(f"out += long[{value}]")


def _double(source: Source, _: Any, value: str) -> None:
    source(f"out += double({value})")


def _boolean(source: Source, _: Any, value: str) -> None:
    source(f"out.append(1 if {value} else 0)")


def _record(source: Source, kind: Schema, value: str) -> None:
    for field in kind["fields"]:
        _write(source, field["type"], f"{value}.{field['name']}")


def _union(source: Source, kind: list[Any], value: str) -> None:
    null = kind.index("null")
    local = source.local()
    source(f"{local} = {value}")
    with source.under(f"if {local} is None:"):
        source(f"out.append({2 * null})")
    with source.under("else:"):
        source(f"out.append({2 - 2 * null})")
        _write(source, kind[1 - null], local)


def _array(source: Source, kind: Schema, value: str) -> None:
    each = source.local()
    with _items(source, value, f"for {each} in {value}:"):
        _write(source, kind["items"], each)


def _map(source: Source, kind: Schema, value: str) -> None:
    key, each = source.local(), source.local()
    # In the order of the keys, so that equal values are equal bytes.
    with _items(source, value, f"for {key}, {each} in sorted({value}.items()):"):
        _write(source, "string", key)
        _write(source, kind["values"], each)


@contextmanager
def _items(source: Source, value: str, loop: str) -> Iterator[None]:
    with source.under(f"if {value}:"):
        source(f"out += long[len({value})]")
        with source.under(loop):
            yield
    source("out.append(0)")


_FORMS: dict[str, Callable[[Source, Any, str], None]] = {
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


KEPT = 20_000
"""How many integers; the bytes of one take 33 and its place some 100."""


class _Longs(dict[int, bytes]):
    """The bytes of every integer of 64 bits, kept while there is room: lengths repeat, and so do times in a batch."""

    def __missing__(self, number: int) -> bytes:
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"{number} does not fit in 64 bits")
        left = (number << 1) ^ (number >> 63)
        steps = bytearray()
        while left > 0x7F:  # noqa: PLR2004 - each byte has seven bits of it, and one that says whether more follow
            steps.append(left & 0x7F | 0x80)
            left >>= 7
        steps.append(left)
        if len(self) >= KEPT:
            self.clear()
        self[number] = made = bytes(steps)
        return made
