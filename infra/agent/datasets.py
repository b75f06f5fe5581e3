"""Public sets of messages that people sorted by intent, read from the files in which they were published."""

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.understanding.classifier import Example
from infra.settings import Unusable


@dataclass(frozen=True, slots=True)
class Dataset:
    """Messages with their intents in three parts, of which `test` is only ever measured.

    Some sets have no part for validation. `outside` are messages for the test that have none of the intents.
    """

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    outside: list[str]


def clinc150(directory: Path) -> Dataset:
    """Read CLINC150 (Larson et al. 2019, CC BY 3.0): 150 intents of daily life, and messages of none.

    Raises Unusable if its file is not there.
    """
    parts = json.loads(_existing(directory / "clinc150" / "data_full.json").read_text())
    examples = {name: [Example(text, intent) for text, intent in pairs] for name, pairs in parts.items()}
    return Dataset(examples["train"], examples["val"], examples["test"], [each.text for each in examples["oos_test"]])


def banking77(directory: Path) -> Dataset:
    """Read BANKING77 (Casanueva et al. 2020, CC BY 4.0): 77 intents of one bank's customers, hard to tell apart.

    Raises Unusable if one of its files is not there.
    """
    train, test = (_rows(_existing(directory / "banking77" / name)) for name in ("train.csv", "test.csv"))
    return Dataset(train, [], test, [])


def shots(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Draw so many examples of each intent, the same for the same seed."""
    draw = Random(seed)  # noqa: S311 - nobody is to be surprised
    return [each for of_one in _by_intent(examples).values() for each in draw.sample(of_one, count)]


def _by_intent(examples: Sequence[Example]) -> dict[str, list[Example]]:
    found = defaultdict[str, list[Example]](list)
    for example in examples:
        found[example.intent].append(example)
    return dict(sorted(found.items()))


def _rows(path: Path) -> list[Example]:
    with path.open(newline="", encoding="utf-8") as file:
        return [Example(row["text"], row["category"]) for row in csv.DictReader(file)]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise Unusable(f"{path} is not there: name the folder that has clinc150/ and banking77/ with --data.")
    return path
