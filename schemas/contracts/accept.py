"""How what a class says today becomes a contract: its next version, if the earlier ones and it can read each other."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
)
from avro.schema import parse

from schemas import avro
from schemas.contracts import HERE, Contract, committed, path
from schemas.message import Command, Fact


class Incompatible(ValueError):  # noqa: N818 - about a change to a class, met only by who makes it
    """Readers of a contract could not read the class as it is today, or it could not read what they wrote."""


def accept(messages: Iterable[type[Command | Fact]], directory: Path = HERE) -> list[Contract]:
    """Write down each class that differs from its newest contract as the next version of it. Raises Incompatible."""
    contracts = list(committed(directory))
    before = len(contracts)
    for message in messages:
        name, schema = avro.full_name(message), avro.contract(message)
        earlier = [contract for contract in contracts if contract.name == name]
        if earlier and earlier[-1].schema == schema:
            continue
        require_compatible(schema, earlier)
        contracts.append(Contract(len(contracts) + 1, name, len(earlier) + 1, schema))
    for contract in contracts[before:]:
        file = path(directory, contract.name, contract.version)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(orjson.dumps(contract.schema, option=orjson.OPT_INDENT_2) + b"\n")
    lines = (orjson.dumps({"id": each.id, "name": each.name, "version": each.version}).decode() for each in contracts)
    (directory / "index.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    return contracts[before:]


def require_compatible(schema: avro.Schema, earlier: Sequence[Contract]) -> None:
    """Raise Incompatible unless each earlier contract can read what this schema writes, and it what they wrote."""
    for contract in earlier:
        found = [*_unreadable(schema, contract.schema), *_unreadable(contract.schema, schema)]
        found += _changed(contract.schema, schema)
        if found:
            raise Incompatible(
                f"{contract.name} does not agree with version {contract.version} of its contract: {'; '.join(found)}. "
                "A published message only gains fields with defaults; anything else is a new class with a type of its "
                "own and, for a fact, an entry in schemas/upcast.py."
            )


def _unreadable(reader: avro.Schema, writer: avro.Schema) -> list[str]:
    result = ReaderWriterCompatibilityChecker().get_compatibility(  # type: ignore[no-untyped-call]
        reader=parse(orjson.dumps(reader).decode()), writer=parse(orjson.dumps(writer).decode())
    )
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    without_default = SchemaIncompatibilityType.reader_field_missing_default_value in result.incompatibilities
    return [f"a field without a default: {each}" if without_default else each for each in sorted(result.messages)]


def _changed(was: avro.Schema, now: avro.Schema) -> list[str]:
    """Find what Avro does not look at: JSON that becomes text, a time that becomes a number, a word no longer said."""
    before, after = dict(_marks(was, "")), dict(_marks(now, ""))
    found = []
    for place in sorted(before.keys() & after.keys()):
        (*meaning, words), (*meaning_now, words_now) = before[place], after[place]
        if meaning != meaning_now:
            found.append(f"{place} no longer means what it meant")
        if words_now is not None and (words is None or not set(words) <= set(words_now)):
            found.append(f"{place} is only one of {', '.join(words_now)} now")
    return found


def _marks(kind: Any, place: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if isinstance(kind, list):
        (kind,) = (each for each in kind if each != "null")
    if isinstance(kind, str):
        kind = {"type": kind}
    yield place, (kind.get(avro.JSON), kind.get("logicalType"), kind.get(avro.VALUES))
    for field in kind.get("fields", ()):
        yield from _marks(field["type"], f"{place}.{field['name']}".lstrip("."))
    for inner in ("items", "values"):
        if inner in kind:
            yield from _marks(kind[inner], f"{place}[]")
