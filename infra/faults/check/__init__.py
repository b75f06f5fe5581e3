"""The checker: recomputes everything from the commands topics, one command after the other, and compares."""

from infra.faults.check import addresses, decided, documents, doors, listeners, policies, rows, sessions
from infra.faults.check.evidence import Evidence, Findings

CAUGHT_UP = "everything caught up"


def check(evidence: Evidence) -> Findings:
    """Compare all that a run left behind with what its commands must have left."""
    findings = Findings()
    findings.count(CAUGHT_UP)
    for sentence in evidence.behind:
        findings.violate(CAUGHT_UP, "at the end", sentence)
    found = decided.decide(evidence, findings)
    findings.seen["void records"] = sum(journal.void for journal in found.journals.values())
    rows.compare(evidence, found, findings)
    documents.compare(evidence, found, findings)
    doors.compare(evidence, found, findings)
    policies.compare(found, findings)
    addresses.compare(evidence, found, findings)
    sessions.compare(evidence, found, findings)
    listeners.compare(evidence, found, findings)
    return findings
