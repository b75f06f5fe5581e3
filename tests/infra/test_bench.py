"""`annal bench`: what is chosen, what is said of it, and that every measurement gives its numbers; not which ones."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from infra.bench import report, run
from infra.bench.bed import Bed
from infra.bench.families import MEASURES
from infra.bench.measure import Measure, Reading, Row, chosen
from infra.bench.pace import middle, paced, percentile
from infra.bench.report import Result
from infra.settings import Unusable

FAST = Row("door.fast", "How fast", "requests/s", at_least=1_000, of_floor=0.8)
SOON = Row("door.soon", "How soon", "ms", at_most=20)
KNOWN = Row("only.known", "How it is", "s")
TWICE = Row("door.twice", "How much longer", "ms", floors=2)


async def nothing(_: Bed) -> list[Reading]:
    return []


DOOR, ONLY = Measure((FAST, SOON), nothing), Measure((KNOWN,), nothing)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], [DOOR, ONLY]),
        (["door"], [DOOR]),
        (["door.soon"], [DOOR]),
        (["*.known"], [ONLY]),
        (["only", "door.fast"], [DOOR, ONLY]),
    ],
)
def test_rows_are_chosen_by_name_beginning_or_pattern(names: list[str], expected: list[Measure]) -> None:
    assert chosen(names, [DOOR, ONLY]) == expected


def test_a_name_that_is_no_rows_is_refused() -> None:
    with pytest.raises(Unusable, match="--list"):
        chosen(["doo"], [DOOR])


def test_names_are_unique() -> None:
    names = [row.name for measure in MEASURES for row in measure.rows]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("row", "reading", "met"),
    [
        (FAST, Reading(1_000, 1_250), True),
        (FAST, Reading(999, 1_000), False),
        (FAST, Reading(2_000, 2_600), False),
        (FAST, Reading(2_000), False),
        (SOON, Reading(20), True),
        (SOON, Reading(20.1), False),
        (KNOWN, Reading(5), None),
        (TWICE, Reading(10, 5), True),
        (TWICE, Reading(10.1, 5), False),
        (TWICE, Reading(10), False),
    ],
)
def test_a_target_is_met_in_all_its_parts(row: Row, reading: Reading, *, met: bool | None) -> None:
    assert Result(row, reading).met is met


def test_json_has_one_object_for_each_row(tmp_path: Path) -> None:
    report.write(
        [Result(FAST, Reading(1234.567, 2000)), Result(SOON, None), Result(KNOWN, Reading(0.5))], tmp_path / "rows"
    )
    assert json.loads((tmp_path / "rows").read_text()) == [
        {
            "name": "door.fast",
            "value": 1235,
            "unit": "requests/s",
            "floor": 2000,
            "ratio": 0.6173,
            "target": "≥ 1,000 and ≥ 80% of floor",
            "met": False,
        },
        {
            "name": "door.soon",
            "value": None,
            "unit": "ms",
            "floor": None,
            "ratio": None,
            "target": "≤ 20",
            "met": False,
        },
        {"name": "only.known", "value": 0.5, "unit": "s", "floor": None, "ratio": None, "target": None, "met": None},
    ]


def test_the_table_shows_what_was_missed() -> None:
    console = Console(width=160, record=True)
    report.show([Result(FAST, Reading(500, 1000)), Result(SOON, None)], console)
    shown = console.export_text()
    assert "door.fast" in shown
    assert "no " in shown
    assert "not measured" in shown


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(1, 101))
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (50, 99, 7.0)
    assert middle([3.0, 1.0, 2.0]) == 2.0


async def test_a_slow_answer_does_not_delay_what_is_due() -> None:
    due = [moment async for moment in paced(1000, 0.01)]
    assert len(due) == 10
    assert due[-1] - due[0] == pytest.approx(0.009)


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    with run.bed(lambda _: None, scale=0.002) as bed:
        yield bed


@pytest.mark.parametrize("measure", MEASURES, ids=[measure.rows[0].name for measure in MEASURES])
def test_every_measurement_gives_its_numbers(bed: Bed, measure: Measure) -> None:
    results = run.take(measure, bed, Console())
    assert [result.row for result in results] == list(measure.rows)
    assert all(result.reading is not None and result.reading.value >= 0 for result in results)
