"""A classifier as a file: arrays of NumPy, and the rest as JSON in one of them, so that reading it runs no code."""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from agent.understanding.classifier import RECIPE, Classifier
from agent.understanding.embedding import MODEL
from agent.understanding.lexical import Lexicon
from agent.understanding.regression import Regression
from agent.understanding.sources import Sources
from agent.understanding.weighing import Weighing


class ModelUnusable(Exception):  # noqa: N818 - the message is for a person, and says what to do
    """A file has no model that can be used here; the message is one sentence that says what to do."""


def save(classifier: Classifier, path: Path) -> None:
    """Write all but the transformer, which a package ships; the same model gives the same bytes."""
    sources, weighing = classifier.sources, classifier.weighing
    told = {
        "recipe": RECIPE,
        "transformer": MODEL,
        "model": classifier.model,
        "intents": classifier.intents,
        "terms": sources.lexicon.terms,
        "least": weighing.least,
    }
    arrays: dict[str, Any] = {
        "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
        **{f"meaning_{name}": array for name, array in sources.meaning._asdict().items()},
        **{f"wording_{name}": array for name, array in sources.wording._asdict().items()},
        **{f"words_{name}": array for name, array in sources.words._asdict().items()},
        **{f"terms_{place}": weights for place, weights in enumerate(sources.lexicon.weights)},
        **{f"weighing_{name}": array for name, array in weighing._asdict().items() if name != "least"},
        "vectors": sources.vectors,
        "places": sources.intents,
    }
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> Classifier:
    """Read a classifier; raises ModelUnusable if the file is none, or of another recipe or transformer."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            read = dict(arrays)
        told = json.loads(read["told"].tobytes())
        made_for = told["recipe"], told["transformer"]
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
        raise ModelUnusable(f"{path} has no model: learn one from the examples again.") from error
    if made_for != (RECIPE, MODEL):
        raise ModelUnusable(f"{path} has a model of {' and '.join(made_for)}: learn one from the examples again.")
    return _classifier(told, read)


def _classifier(told: dict[str, Any], arrays: dict[str, Any]) -> Classifier:
    def of(prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    sources = Sources(
        Regression(**of("meaning_")),
        Regression(**of("wording_")),
        Lexicon(told["terms"], list(of("terms_").values())),
        Regression(**of("words_")),
        arrays["vectors"],
        arrays["places"],
    )
    return Classifier(told["model"], tuple(told["intents"]), sources, Weighing(**of("weighing_"), least=told["least"]))
