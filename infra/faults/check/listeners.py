"""Sees that listeners were told every fact they wanted once, each subject's in order, and nothing that is no fact."""

from collections import Counter

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Findings, Listened
from infra.faults.check.journal import happened

NO_GAP = "no fact is kept from a listener"
NO_REPEAT = "no fact is told to a listener twice"
ORDER = "listeners hear each subject's facts in order"
FACTS = "what listeners hear are facts"

UNWELL = ("500",)
"""How answers begin that no listener may get, whatever is broken."""


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    for listened in evidence.listened:
        wanted = _wanted(listened, decided)
        _facts(listened, wanted, findings)
        _order(listened, findings)
        if listened.whole:
            told = {position for position, _ in listened.facts}
            findings.count(NO_GAP, len(wanted))
            for position in wanted.keys() - told:
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
