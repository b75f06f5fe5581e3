"""Everything breaks for a minute while people work; then every record, row, document and answer is checked."""

import asyncio
from pathlib import Path

from rich.console import Console

from infra.faults import report
from infra.faults.run import play
from infra.faults.stage import stage

SEED = 3
SECONDS = 70.0


def test_nothing_is_lost_doubled_or_out_of_order_whatever_breaks(tmp_path: Path) -> None:
    with stage(tmp_path) as there:
        done = asyncio.run(play(there, SEED, SECONDS))
    report.tables(done, Console())
    assert not done.findings.violations
    assert all(done.findings.compared.values())
    assert done.findings.seen["void records"]
