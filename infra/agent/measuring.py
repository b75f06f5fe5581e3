"""How well messages are understood: measured on public sets, beside what was published of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from agent.understanding.classifier import Classifier, Example, Read
from agent.understanding.embedding import Vectors, read
from infra.agent.datasets import Dataset, banking77, clinc150, shots
from infra.bench.measure import Reading, Row
from infra.bench.report import Result, write

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


Taken = Callable[[], Sequence[float]]


def run(directory: Path, json: Path | None, console: Console) -> None:
    """Measure everything, show it, and write it if a file is named; raises Unusable if a set is not there."""
    measures = list(_measures(clinc150(directory), banking77(directory), Remembered()))
    results: list[Result] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        showing = progress.add_task("", total=len(measures))
        for rows, taken in measures:
            progress.update(showing, description=rows[0].what)
            results += [Result(row, Reading(value)) for row, value in zip(rows, taken(), strict=True)]
            progress.advance(showing)
    console.print(table(results))
    if json is not None:
        write(results, json)


def table(results: Sequence[Result]) -> Table:
    """Show each row with what it must be and what was published."""
    shown = Table(Column("name", no_wrap=True), Column("value", justify="right"), "unit", "target", "met", "published")
    for result in results:
        row, value = result.row, result.reading.value if result.reading else None
        told = row.name, "" if value is None else f"{value:.1f}", row.unit, row.target or ""
        shown.add_row(*told, {True: "[green]yes", False: "[red]no", None: ""}[result.met], PUBLISHED.get(row.name, ""))
    return shown


def _measures(clinc: Dataset, banking: Dataset, known: Read) -> Iterator[tuple[tuple[Row, ...], Taken]]:
    yield _CLINC_FULL, lambda: _clinc(clinc, known)
    few: tuple[tuple[int, float | None], ...] = ((10, None), (5, 88))
    for count, least in few:
        yield _few("clinc150", "CLINC150", count, least), partial(_shots, clinc, count, known)
    yield _BANKING_FULL, lambda: _learnt(banking, known)[1:]
    for count, least in ((10, 86.5), (5, 82)):
        yield _few("banking77", "BANKING77", count, least), partial(_shots, banking, count, known)
    yield _PHRASES, lambda: [_phrases(clinc)]


_CLINC_FULL = (
    Row("clinc150.full", "CLINC150, all examples", "%", at_least=96.3),
    Row("clinc150.training", "Learning all of CLINC150", "s", at_most=120),
    Row("clinc150.outside", "Messages of no intent that are refused", "%", at_least=88),
    Row("clinc150.refused", "Messages of an intent that are refused", "%"),
    Row("message.p95", "Understanding one message; 95 of 100 take no longer", "ms", at_most=25),
)
_BANKING_FULL = (
    Row("banking77.full", "BANKING77, all examples", "%", at_least=94.5),
    Row("banking77.training", "Learning all of BANKING77", "s", at_most=120),
)
_PHRASES = (Row("phrases.training", "Learning 1,500 phrases of 60 intents", "s"),)


def _few(name: str, title: str, count: int, least: float | None) -> tuple[Row, ...]:
    return (Row(f"{name}.{count}-shot", f"{title}, {count} examples of each intent", "%", at_least=least),)


def _clinc(data: Dataset, known: Read) -> list[float]:
    classifier, right, seconds = _learnt(data, known)
    refused = [
        100 * fmean(not ranking.in_scope for ranking in classifier.rank_all(texts))
        for texts in (data.outside, [example.text for example in data.test])
    ]
    return [right, seconds, *refused, _p95(classifier, data.test)]


def _learnt(data: Dataset, known: Read) -> tuple[Classifier, float, float]:
    """Learn from all examples; give what was learnt, the percentage it is right of, and the seconds it took."""
    start = time.perf_counter()
    learnt = Classifier.learnt(data.train, data.validation)
    seconds = time.perf_counter() - start
    return learnt, _right(replace(learnt, read=known), data.test), seconds


def _shots(data: Dataset, count: int, known: Read) -> list[float]:
    draws = [shots(data.train, count, seed) for seed in SEEDS]
    return [fmean(_right(Classifier.learnt(draw, read=known), data.test) for draw in draws)]


def _right(classifier: Classifier, test: Sequence[Example]) -> float:
    rankings = classifier.rank_all([example.text for example in test])
    return 100 * fmean(ranking.best.intent == example.intent for ranking, example in zip(rankings, test, strict=True))


def _p95(classifier: Classifier, test: Sequence[Example]) -> float:
    took = []
    for example in test[:: len(test) // MESSAGES]:
        start = time.perf_counter()
        classifier.rank(example.text)
        took.append(time.perf_counter() - start)
    return 1_000 * float(np.percentile(took, 95))


def _phrases(data: Dataset) -> float:
    intents = sorted({example.intent for example in data.train})[:60]
    phrases = [example for example in shots(data.train, 25, seed=0) if example.intent in intents]
    start = time.perf_counter()
    Classifier.learnt(phrases)
    return time.perf_counter() - start


class Remembered:
    """Vectors of texts that are asked for again and again, each made once."""

    def __init__(self) -> None:
        self._vectors: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(new, read(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])
