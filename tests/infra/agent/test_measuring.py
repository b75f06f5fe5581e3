"""`annal agent eval`: what it reads, what it says of it, and that messages are understood as well as they were."""

from pathlib import Path
from statistics import fmean

import pytest
from rich.console import Console

from agent.understanding.classifier import Classifier, Example
from infra.agent.datasets import banking77, clinc150, shots
from infra.agent.eval import DATA
from infra.agent.measuring import Remembered, table
from infra.bench.measure import Reading, Row
from infra.bench.report import Result
from infra.settings import Unusable

published = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data sets are not at {DATA}")


def test_a_folder_without_the_sets_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"clinc150/ and banking77/ with --data\.$"):
        clinc150(tmp_path)


def test_draws_are_the_same_for_the_same_seed_only() -> None:
    examples = [Example(f"{intent} {number}", intent) for intent in ("one", "other") for number in range(50)]
    drawn = shots(examples, 5, seed=1)
    assert [example.intent for example in drawn] == ["one"] * 5 + ["other"] * 5
    assert drawn == shots(examples, 5, seed=1) != shots(examples, 5, seed=2)


def test_a_row_is_shown_with_its_target_and_what_was_published() -> None:
    missed = Result(Row("clinc150.5-shot", "", "%", at_least=88), Reading(87.94))
    console = Console(record=True, width=200)
    console.print(table([missed]))
    shown = console.export_text()
    for told in ("87.9", "≥ 88", "no", "USE 87.8"):
        assert told in shown


@published
def test_the_sets_are_as_they_were_published() -> None:
    clinc, banking = clinc150(DATA), banking77(DATA)
    assert [len(part) for part in (clinc.train, clinc.validation, clinc.test, clinc.outside)] == [
        15000,
        3000,
        4500,
        1000,
    ]
    assert [len(part) for part in (banking.train, banking.validation, banking.test)] == [10003, 0, 3080]


@published
def test_five_examples_of_each_intent_go_as_far_as_they_did() -> None:
    data, known = clinc150(DATA), Remembered()
    classifier = Classifier.learnt(shots(data.train, 5, seed=0), read=known)
    asked = data.test[::5]
    rankings = classifier.rank_all([example.text for example in asked])
    right = fmean(ranking.best.intent == example.intent for ranking, example in zip(rankings, asked, strict=True))
    refused = fmean(not ranking.in_scope for ranking in classifier.rank_all(data.outside[::5]))
    assert right >= 0.85
    assert refused >= 0.6
