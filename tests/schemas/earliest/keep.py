"""Facts as they were first written: `uv run python -m tests.schemas.earliest.keep` adds those that are not kept yet.

`facts.json` beside this file has a value of the first contract of every fact, what it says, and the rows that every
read model makes of them all. What is kept there is never changed: it stands for the journals of those who began early.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson

from projections.fold import fold
from projections.projection import Projection
from projections.read_models import READ_MODELS
from projections.reading import Progress, read
from schemas import avro
from schemas.avro import JSON, VALUES, Schema
from schemas.contracts import Contract, committed
from schemas.domains import DOMAINS, EVERYWHERE
from schemas.message import Fact, FactMeta, Recorded
from schemas.wire import WIRE, Wire
from schemas.writing import writer
from tests.projections.telling import FIRST_MOMENT, Journal

KEPT = Path(__file__).parent / "facts.json"
SHARED = "resource"
"""The domain whose journal has what stands in those of all domains."""

FACT_META = avro.full_name(FactMeta)

Rows = dict[str, dict[str, Any]]
"""Rows as JSON, by their keys as JSON."""


class Kept(NamedTuple):
    """A fact that is kept: the contract it was written by, such as `annal.kind.KindDefined`, and what it said."""

    domain: str
    subject: str
    contract: str
    value: bytes
    said: dict[str, Any]


def kept(path: Path = KEPT) -> tuple[list[Kept], dict[str, Rows]]:
    """Give the facts that are kept, in the order they happened, and the rows of each read model."""
    if not path.exists():
        return [], {}
    found = orjson.loads(path.read_bytes())
    facts = [Kept(**{**each, "value": base64.b64decode(each["value"])}) for each in found["facts"]]
    return facts, found["rows"]


def first(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """Give the first contract of every fact that was ever published."""
    return {
        each.name: each
        for each in contracts
        if each.version == 1 and avro.record_name(each.schema["fields"][0]["type"]) == FACT_META
    }


def said(recorded: Recorded) -> dict[str, Any]:
    """Give as JSON what a fact says, as its class is today."""
    told: dict[str, Any] = orjson.loads(orjson.dumps({"meta": recorded.meta, "data": recorded.fact}, default=vars))
    return told


def rows(projection: Projection, facts: Iterable[Kept]) -> Rows:
    """Fold facts from the first on into the rows of a read model. Raises AssertionError for one that is held back."""
    journals = {domain.name: Journal(domain.name) for domain in projection.domains}
    for each in facts:
        if each.domain in journals:
            journals[each.domain].append(each.subject.encode(), each.value)
    made: dict[Any, Any] = {}
    for journal in journals.values():
        if journal.records:
            folded = fold(projection, made, read(projection, journal.place, Progress(), journal.records).facts)
            assert not folded.held, f"{projection.name} does not take {folded.held[0]}."
            made |= folded.rows
    return {orjson.dumps(key).decode(): orjson.loads(orjson.dumps(row, default=vars)) for key, row in made.items()}


def add(path: Path = KEPT, wire: Wire = WIRE) -> list[str]:
    """Keep a value of every fact that none is kept of, and the rows that come of it; give the names of the facts."""
    facts, known = kept(path)
    there = {each.contract for each in facts}
    contracts = first(committed())
    missing = [name for name in contracts if name not in there]
    for domain in DOMAINS:
        shared = EVERYWHERE if domain.name == SHARED else ()
        names = [avro.full_name(fact) for fact in (*domain.facts, *shared)]
        added = [name for name in names if name in missing]
        if added:
            story = added if added[0] == names[0] else [names[0], *added]  # a subject begins as subjects do
            facts += _story(domain.name, [contracts[name] for name in story], facts, wire)
    rows_now = {str(projection.name): rows(projection, facts) for projection in READ_MODELS}
    document = {
        "facts": [{**each._asdict(), "value": base64.b64encode(each.value).decode()} for each in facts],
        "rows": {name: {**made, **known.get(name, {})} for name, made in rows_now.items()},
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return missing


def _story(domain: str, contracts: Iterable[Contract], before: Iterable[Kept], wire: Wire) -> Iterator[Kept]:
    """Let all of it happen to one subject, which nothing has happened to."""
    offset = sum(each.domain == domain for each in before)
    subject, version = f"{domain}-{offset}", 0
    types = {avro.full_name(fact): fact for each in DOMAINS for fact in (*each.facts, *EVERYWHERE)}
    for contract in contracts:
        fact: type[Fact] = types[contract.name]
        version += fact not in EVERYWHERE
        meta = {
            "id": f"{domain}-fact-{offset}",
            "type": fact.type,
            "subject": subject,
            "version": version,
            "time": FIRST_MOMENT + 1_000 * offset,
            "command_id": f"{domain}-command-{offset}",
            "command_type": f"{domain}.do",
            "command_offset": offset,
        }
        head = b"\0" + contract.id.to_bytes(4)
        travels, *own = contract.schema["fields"]
        message = _record({"fields": own, **_name(contract.schema)}, {})
        value = writer(contract.schema)(head, _record(travels["type"], {}, meta), message)
        yield Kept(domain, subject, contract.name, value, said(wire.decode_fact(value)))
        offset += 1


# ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _record(schema: Schema, known: dict[str, Schema], given: dict[str, Any] | None = None) -> SimpleNamespace:
    known[avro.record_name(schema)] = schema
    fields = {field["name"]: _value(field["type"], field["name"], known) for field in schema["fields"]}
    return SimpleNamespace(**fields | (given or {}))


def _name(schema: Schema) -> Schema:
    return {name: schema[name] for name in ("namespace", "name")}


def _value(kind: Any, name: str, known: dict[str, Schema]) -> Any:  # noqa: PLR0911 - one line for each form
    """Give a value of a type that says which field it is of."""
    if isinstance(kind, list):
        return _value(next(each for each in kind if each != "null"), name, known)
    if isinstance(kind, str) and kind in known:
        return _record(known[kind], known)
    if isinstance(kind, str):
        return {"string": f"the {name}", "boolean": True, "long": 7, "double": 0.5}[kind]
    if VALUES in kind:
        return kind[VALUES][0]
    if JSON in kind:
        return {name: [1, None, {"é": True}]}
    if kind["type"] == "array":
        return [_value(kind["items"], name, known)]
    if kind["type"] == "map":
        return {name: _value(kind["values"], name, known)}
    if kind["type"] == "record":
        return _record(kind, known)
    return FIRST_MOMENT if kind.get("logicalType") == "timestamp-millis" else _value(kind["type"], name, known)


if __name__ == "__main__":
    print("\n".join(add()) or "All are kept.")  # noqa: T201 - it is a command
