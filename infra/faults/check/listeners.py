"""Sees that listeners were told every fact they wanted and might read once, in order, and nothing else."""

from collections import Counter
from collections.abc import Set as AbstractSet

from infra.faults.check import rows
from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Findings, Listened
from infra.faults.check.journal import happened

NO_GAP = "no fact is kept from a listener"
NO_REPEAT = "no fact is told to a listener twice"
ORDER = "listeners hear each subject's facts in order"
RIGHTS = "listeners hear of no resource that they may not read"
FACTS = "what listeners hear are facts"

UNWELL = ("500",)
"""How answers begin that no listener may get, whatever is broken."""

Readers = dict[str, tuple[frozenset[str], frozenset[str]]]
"""For the position of each fact of a resource who could read that at some time from then on, and who at all times."""


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    readers = _readers(decided)
    for listened in evidence.listened:
        wanted = _wanted(listened, decided)
        _facts(listened, wanted, findings)
        _order(listened, findings)
        _rights(listened, readers, findings)
        due = _due(listened, wanted.keys(), readers)
        findings.count(NO_GAP, len(due))
        for position in due - {position for position, _ in listened.facts}:
            findings.violate(NO_GAP, listened.name, f"was not told of {position}")
        findings.seen[f"facts told to {listened.name}"] = len(listened.facts)
        findings.seen[f"times that {listened.name} was cut off"] = listened.cuts + len(listened.refused)


def _wanted(listened: Listened, decided: Decided) -> dict[str, str]:
    """Give the ids of the facts that a listener asked for, by their positions."""
    return {
        journal.position(counted): counted.recorded.meta.id
        for (domain, _), journal in decided.journals.items()
        if not listened.domains or domain in listened.domains
        for counted in journal.counted
        if happened(counted.recorded) and (not listened.types or counted.recorded.meta.type in listened.types)
    }


def _readers(decided: Decided) -> Readers:
    found: Readers = {}
    later: Readers = {}
    for row in reversed(list(rows.versions(decided))):
        now = frozenset(row["readers"])
        ever, always = later.get(row["resource_id"], (now, now))
        later[row["resource_id"]] = found[row["position"]] = ever | now, always & now
    return found


def _rights(listened: Listened, readers: Readers, findings: Findings) -> None:
    """See that whoever may not know all could read each resource that it was told of, since that or later."""
    for position, _ in listened.facts if not listened.whole else ():
        findings.count(RIGHTS)
        ever, _ = readers.get(position, (frozenset(), frozenset()))
        if position.startswith("resource:") and listened.account not in ever:
            findings.violate(RIGHTS, listened.name, f"was told of {position}")


def _due(listened: Listened, wanted: AbstractSet[str], readers: Readers) -> set[str]:
    """Give the facts that cannot have been kept from it by any right, as far as it has come."""
    due, offsets = set(), listened.offsets()
    for position in wanted:
        domain, partition, offset = position.split(":")
        _, always = readers.get(position, (frozenset(), frozenset()))
        come = int(offset) <= offsets.get((domain, int(partition)), -1)
        if come and (listened.whole or listened.account in always):
            due.add(position)
    return due


def _facts(listened: Listened, wanted: dict[str, str], findings: Findings) -> None:
    times = Counter(position for position, _ in listened.facts)
    for position, fact_id in listened.facts:
        findings.compare(FACTS, f"{listened.name} at {position}", fact_id, wanted.get(position))
    for position, count in times.items():
        findings.compare(NO_REPEAT, f"{listened.name} at {position}", count, 1)
    for answer in listened.refused:
        if answer.startswith(UNWELL):
            findings.violate(FACTS, listened.name, f"was answered {answer}")


def _order(listened: Listened, findings: Findings) -> None:
    """See that offsets go up in each journal, and so the facts of each subject do, which is in one."""
    newest: dict[str, int] = {}
    for position, _ in listened.facts:
        journal, _, offset = position.rpartition(":")
        findings.count(ORDER)
        if int(offset) <= newest.get(journal, -1):
            findings.violate(ORDER, listened.name, f"was told of {position} after {newest[journal]}")
        newest[journal] = int(offset)
