"""How well messages are understood: measured on public sets, beside what was published of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from agent.understanding.classifier import Classifier, Example
from agent.understanding.embedding import Vectors, embed
from infra.agent.datasets import Dataset, banking77, clinc150, shots
from infra.bench.measure import Reading, Row
from infra.bench.report import Result, mark, number, write

SEEDS = range(5)
"""Draws of few examples; what is told is the mean of what they give."""

PUBLISHED = {
    "clinc150.full": "BERT 96.9, USE 93.5, DialogFlow 91.7, Rasa 91.5 (Larson et al. 2019)",
    "clinc150.10-shot": "ICDA 94.8, CPFT 94.2, USE 90.9 (Few-Shot-Intent-Detection)",
    "clinc150.5-shot": "ICDA 92.6, CPFT 92.3, USE 87.8 (Few-Shot-Intent-Detection)",
    "clinc150.outside": "BERT 52.3, USE 49.1 by a threshold (Larson et al. 2019)",
    "banking77.10-shot": "ICDA 89.8, CPFT 87.2, USE 84.2 (Few-Shot-Intent-Detection)",
    "banking77.5-shot": "ICDA 84.0, CPFT 80.9, USE 76.3 (Few-Shot-Intent-Detection)",
}
"""What others reached on the same test sets, in percent, and who says so."""

MESSAGES = 300
"""Messages whose understanding is timed, one at a time."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Rows that are measured together."""

    rows: tuple[Row, ...]
    take: Callable[[], Sequence[float]]


def run(directory: Path, json: Path | None, console: Console) -> None:
    """Measure everything, show it, and write it if a file is named; raises Unusable if a set is not there."""
    results = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        measures = list(_measures(clinc150(directory), banking77(directory)))
        showing = progress.add_task("", total=len(measures))
        for measure in measures:
            progress.update(showing, description=measure.rows[0].what)
            values = measure.take()
            results += [Result(row, Reading(value)) for row, value in zip(measure.rows, values, strict=True)]
            progress.advance(showing)
    console.print(table(results))
    if json is not None:
        write(results, json)


def table(results: Sequence[Result]) -> Table:
    shown = Table(Column("name", no_wrap=True), Column("value", justify="right"), "unit", "target", "met", "published")
    for result in results:
        row, value = result.row, result.reading and result.reading.value
        shown.add_row(row.name, number(value), row.unit, row.target or "", mark(result), PUBLISHED.get(row.name, ""))
    return shown


def _measures(clinc: Dataset, banking: Dataset) -> Iterator[Measure]:
    known = Remembered()
    yield Measure(
        (
            Row("clinc150.full", "CLINC150, all examples", "%", at_least=96.3),
            Row("clinc150.outside", "Messages of no intent that are refused", "%", at_least=88),
            Row("clinc150.refused", "Messages of an intent that are refused", "%"),
            Row("clinc150.training", "Learning CLINC150, all examples", "s", at_most=120),
            Row("message.p95", "Understanding one message, of 95 in 100", "ms", at_most=25),
        ),
        lambda: [*_full(clinc, known)],
    )
    yield from _few("clinc150", "CLINC150", clinc, known, {10: None, 5: 88})
    yield Measure(
        (
            Row("banking77.full", "BANKING77, all examples", "%", at_least=94.5),
            Row("banking77.training", "Learning BANKING77, all examples", "s", at_most=120),
        ),
        lambda: _accuracy_and_time(banking, known),
    )
    yield from _few("banking77", "BANKING77", banking, known, {10: 86.5, 5: 82})
    yield Measure(
        (Row("phrases.training", "Learning 1,500 short phrases of 60 intents", "s", at_most=2),),
        lambda: [_phrases(clinc)],
    )
