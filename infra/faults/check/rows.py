"""Folds the journals into the rows that must stand in PostgreSQL, and compares them with those that do."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Findings
from infra.faults.check.journal import Counted, Journal, happened
from infra.faults.check.reference import RULES
from schemas.domains import DOMAINS
from schemas.kind import KindDefined

Row = dict[str, Any]

KEYS = {
    "kind": ("kind", "kind_version"),
    "resource": ("resource_id",),
    "history": ("domain", "subject", "version"),
    "outcome": ("command_id",),
    "past": ("domain", "subject", "version"),
    "positions": ("projection", "domain", "partition"),
    "held_fact": ("projection", "domain", "partition", "read_at"),
    "drifted_row": ("projection", "subject"),
}

READS = {
    # What is done to read models, and what auditors read, has none of its own.
    **{domain.name: (domain.name,) for domain in DOMAINS if domain.name not in ("projection", "audit")},
    "turn": ("conversation",),
    "memory": ("conversation",),
    "history": tuple(domain.name for domain in DOMAINS),
    "outcome": tuple(domain.name for domain in DOMAINS),
    "past": ("resource", "account", "address", "totp", "session", "apikey", "role", "character"),
}
"""Which domains each projection in PostgreSQL reads."""

NOT_COMPARED = {
    "positions": {"moved_time"},
    "resource": {"search"},
    "history": {"known_time"},
    "outcome": {"known_time"},
}
"""Columns that are no fold of facts, or that PostgreSQL makes by itself from others."""


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    for table, names in KEYS.items():
        wanted = {tuple(row[name] for name in names): row for row in rows(table, decided)}
        found = {tuple(row[name] for name in names): row for row in evidence.tables.get(table, ()) if _compares(row)}
        promise = f"table {table}"
        for key, row in wanted.items():
            _compare_row(promise, key, found.pop(key, None), row, findings)
        for key, row in found.items():
            findings.violate(promise, key, f"there is a row that no fact made: {_compared(table, row)}")


def rows(table: str, decided: Decided) -> Iterator[Row]:
    """Give every row of a table as the journals make it."""
    folds = {
        "kind": _kinds,
        "resource": resources,
        "history": _history,
        "outcome": _outcomes,
        "past": _past,
        "positions": _positions,
    }
    if table in folds:
        yield from folds[table](decided)


def _compare_row(promise: str, key: object, found: Row | None, wanted: Row, findings: Findings) -> None:
    findings.count(promise)
    if found is None:
        findings.violate(promise, key, "the row is missing")
        return
    differing = {name: (found.get(name), value) for name, value in wanted.items() if found.get(name) != value}
    missed = found.keys() - wanted.keys() - NOT_COMPARED.get(promise.removeprefix("table "), set())
    if differing or missed:
        told = "; ".join(f"{name} is {was!r} and was to be {value!r}" for name, (was, value) in differing.items())
        findings.violate(promise, key, told or f"columns {sorted(missed)} are not compared: teach the checker")


def _live(row: Row) -> bool:
    """Say whether a row is of what people read: other versions of a read model have two underscores in their names."""
    return "__" not in row.get("projection", "")


def _compared(table: str, row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in NOT_COMPARED.get(table, ())}


def _kinds(decided: Decided) -> Iterator[Row]:
    journal = decided.journals["kind", 0]
    for counted in journal.counted:
        meta, fact = counted.recorded.meta, counted.recorded.fact
        if isinstance(fact, KindDefined):
            yield {
                "kind": meta.subject,
                "kind_version": fact.kind_version,
                "json_schema": fact.json_schema,
                "description": fact.description,
                "owner": fact.owner,
                "defined_time": _moment(meta.time),
                "position": journal.position(counted),
            }


def resources(decided: Decided) -> Iterator[Row]:
    """Give every resource as it is in the end."""
    yield from {row["resource_id"]: row for row in versions(decided)}.values()


def versions(decided: Decided) -> Iterator[Row]:
    """Give every version of every resource, as the states of the rules have it."""
    rules = RULES["resource"]
    states: dict[str, Any] = {}
    created: dict[str, datetime] = {}
    for journal, counted in _counted(("resource",), decided):
        meta, fact = counted.recorded.meta, counted.recorded.fact
        if happened(counted.recorded):
            subject, time = meta.subject, _moment(meta.time)
            states[subject] = rules.evolve(states.get(subject, rules.initial), fact)
            place = {"version": meta.version, "updated_time": time, "position": journal.position(counted)}
            yield (
                {"resource_id": subject, "created_time": created.setdefault(subject, time)}
                | _content(states[subject])
                | place
            )


def _past(decided: Decided) -> Iterator[Row]:
    """Give what is kept of the past of every resource."""
    for row in versions(decided):
        domain, partition, offset = row["position"].split(":")
        kept = {name: value for name, value in row.items() if name != "readers"}
        yield {
            "domain": domain,
            "subject": row["resource_id"],
            "version": row["version"],
            "partition": int(partition),
            "read_at": int(offset),
            "time": row["updated_time"],
            "state": kept | {name: kept[name].isoformat() for name in ("created_time", "updated_time")},
        }


def _compares(row: Row) -> bool:
    """Say whether a row is folded here too: what nobody reads is not, nor the past of people."""
    return _live(row) and ("state" not in row or row["domain"] == "resource")


def _content(state: Any) -> Row:
    roles = {role: sorted(name for name, has in state.roles.items() if has == role) for role in ("editor", "viewer")}
    return {
        "kind": state.kind,
        "kind_version": state.content.kind_version,
        "name": state.content.name,
        "attributes": orjson.loads(state.content.attributes),
        "tags": list(state.content.tags),
        "owner": state.owner,
        "editors": roles["editor"],
        "viewers": roles["viewer"],
        "readers": [state.owner, *roles["editor"], *roles["viewer"]],
        "trashed": state.trashed,
    }


def _history(decided: Decided) -> Iterator[Row]:
    for journal, counted in _counted(READS["history"], decided):
        meta, fact = counted.recorded.meta, counted.recorded.fact
        if happened(counted.recorded):
            yield {
                "domain": journal.place[0],
                "subject": meta.subject,
                "version": meta.version,
                "fact_id": meta.id,
                "type": meta.type,
                "time": _moment(meta.time),
                "actor": meta.actor.model_dump(mode="json"),
                "command_id": meta.command_id,
                "correlation_id": meta.correlation_id,
                "causation_id": meta.causation_id,
                "data": fact.model_dump(mode="json"),
                "position": journal.position(counted),
            }


def _outcomes(decided: Decided) -> Iterator[Row]:
    for journal, counted in _counted(READS["outcome"], decided):
        meta = counted.recorded.meta
        outcome = decided.outcomes[meta.command_id]
        if outcome.position == journal.position(counted):
            domain, partition = journal.place
            yield {
                "command_id": meta.command_id,
                "command": f"{domain}:{partition}:{meta.command_offset}",
                "actor": meta.actor.id,
                **{name: _text(getattr(meta.actor, name)) for name in ("via", "on_behalf_of", "address")},
                "correlation_id": _text(meta.correlation_id),
                "causation_id": _text(meta.causation_id),
                "digest": meta.command_digest,
                "status": "expired" if outcome.code == "command_expired" else outcome.status,
                "type": meta.command_type,
                "subject": _text(meta.subject),
                "version": meta.version,
                "position": outcome.position,
                "facts": list(outcome.facts),
                "code": outcome.code,
                "reason": _text(outcome.reason),
                "time": _moment(meta.time),
            }


def _text(said: str | None) -> str | None:
    return said and said.replace("\0", "\ufffd")


def _positions(decided: Decided) -> Iterator[Row]:
    for projection, domains in READS.items():
        for domain in (domain for domain in DOMAINS if domain.name in domains):
            for partition in range(domain.partitions):
                yield {
                    "projection": projection,
                    "domain": domain.name,
                    "partition": partition,
                    **progress(decided.journals[domain.name, partition]),
                }


def progress(journal: Journal) -> Row:
    """Say how far a projection that read all of a journal has come."""
    metas = [counted.recorded.meta for counted in journal.counted]
    return {
        "read_to": journal.end - 1,
        "head": journal.head,
        "answered": max((meta.command_offset for meta in metas), default=-1),
        "fact_time": max((meta.time for meta in metas), default=0),
    }


def _counted(domains: Iterable[str], decided: Decided) -> Iterator[tuple[Journal, Counted]]:
    for (domain, _), journal in decided.journals.items():
        if domain in domains:
            for counted in journal.counted:
                yield journal, counted


def _moment(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
