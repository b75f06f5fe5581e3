"""Folds the journals into the documents that must stand in Redis, and compares them with those that do."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Findings
from infra.faults.check.rows import Row, progress, resources

DOCUMENTS = "documents in Redis"
PLACES = "places in Redis"


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    found = dict(evidence.documents)
    for row in resources(decided):
        value = found.pop(f"annal:resource:{row['resource_id']}", None)
        head = [row["version"], row["position"], row["readers"]]
        findings.compare(DOCUMENTS, row["resource_id"], _parsed(value), [head, plain(row)])
    for (domain, partition), journal in decided.journals.items():
        if domain == "resource":
            place = progress(journal)
            value = found.pop(f"annal:place:{partition}", None)
            wanted = [place["read_to"], place["head"].hex(), place["answered"], place["fact_time"]]
            findings.compare(PLACES, f"{domain}:{partition}", value and orjson.loads(value)[1:], wanted)
    for key in found:
        findings.violate(DOCUMENTS, key, "there is a document that no fact made")


def plain(row: Row) -> Row:
    """Give a resource as the doors answer it, with moments as moments."""
    return {name: value for name, value in row.items() if name != "readers"}


def answered(body: dict[str, Any]) -> Row:
    """Read the body of an answer about a resource."""
    return {name: _moment(value) if name.endswith("_time") else value for name, value in body.items()}


def _parsed(value: bytes | None) -> list[Any] | None:
    if value is None:
        return None
    head, _, body = value.partition(b"\n")
    return [orjson.loads(head), answered(orjson.loads(body))]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["resource_id"]: row for row in rows}
