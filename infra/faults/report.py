"""What is said of a run: as tables for people, as JSON for programs."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.faults.check.evidence import Place, Stored
from infra.faults.run import Run

SHOWN = 10


def tables(run: Run, console: Console) -> None:
    counts = Table("what there was", "")
    for name, number in counted(run).items():
        counts.add_row(name, f"{number:,}")
    faults = Table("what was broken", "times")
    for name, number in sorted(run.faults.items()):
        faults.add_row(name, str(number))
    checked = Table("what was compared", "", "wrong")
    for promise, number in run.findings.compared.items():
        wrong = run.findings.wrong.get(promise, 0)
        checked.add_row(promise, f"{number:,}", f"[{'red' if wrong else 'green'}]{wrong:,}")
    for table in (counts, faults, checked):
        console.print(table)
    for violation in run.findings.violations[:SHOWN]:
        console.print(f"[red]{violation.promise}[/]: {escape(violation.where)}: {escape(violation.found)}")


def counted(run: Run) -> dict[str, int]:
    """Count what went in and what came out."""
    evidence = run.evidence
    void = run.findings.seen.get("void records", 0)
    return {
        "commands on their topics": _records(evidence.commands),
        "records in the journals": _records(evidence.facts),
        "of these void": void,
        "requests answered": sum(1 for told in evidence.told if told.status),
        "requests not answered": sum(1 for told in evidence.told if not told.status),
        "of people with accounts of their own": sum(1 for each in evidence.exchanges if each.status),
        "of these not answered": sum(1 for each in evidence.exchanges if not each.status),
        "reads of a position just written": len(evidence.reads),
        "faults": sum(run.faults.values()),
    }


def document(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "seconds": run.seconds,
        "counts": counted(run),
        "faults": dict(run.faults),
        "compared": run.findings.compared,
        "wrong": run.findings.wrong,
        "violations": [
            {"promise": each.promise, "where": each.where, "found": each.found} for each in run.findings.violations
        ],
    }


def _records(topics: dict[Place, list[Stored]]) -> int:
    return sum(len(records) for records in topics.values())
