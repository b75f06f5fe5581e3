"""Where a replay begins and ends: at positions, or at the moments of facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.replaying import ranges
from infra.settings import Unusable
from tests.infra.replaying.paper import HERE, Paper, a_journal, ask, records_of, replayed
from tests.projections.telling import FIRST_MOMENT, Journal, registered


def found(paper: Any, **words: Any) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in ranges.ranges(paper, ask(**words)) if each.count]


def test_both_positions_are_part_of_the_range() -> None:
    paper = Paper(a_journal())
    assert found(paper, since="resource:0:2", until="resource:0:4") == [(2, 5)]
    assert found(paper, until="resource:0:0") == [(0, 1)]


@pytest.mark.parametrize("words", [{"since": "resource:0:7"}, {"until": "resource:0:99"}, {"since": "resource:1:0"}])
def test_a_position_that_is_not_there_is_told(words: dict[str, Any]) -> None:
    with pytest.raises(Unusable, match=r"There is no resource:\d:\d+: (the last is resource:0:6|nothing stands)"):
        found(Paper(a_journal()), **words)


def test_a_moment_is_that_of_the_fact_and_not_of_its_record() -> None:
    """A worker stored the first facts by a clock that runs behind, and the others long after they were asked for."""
    journal = Journal()
    for n in range(40):
        journal.commands = 60_000 * n  # a minute in milliseconds
        journal.tell(f"r{n}", registered())
    paper = Paper(journal)
    stored = [each.timestamp + (-300_000 if each.offset < 20 else 36_000_000) for each in records_of(journal)]
    paper.stored(HERE, stored)
    since, until = (datetime.fromtimestamp((FIRST_MOMENT + 60_000 * n) / 1000, UTC).isoformat() for n in (11, 25))
    wanted = ask(names=["resource"], since=since, until=until)
    there = [each for each in ranges.ranges(paper, wanted) if each.count]
    lines = replayed(paper, there, wanted)
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in range(11, 26)]
    assert there[0].start > 0
