"""Which intent a message has, learnt from examples: the whole ranking, and whether it is likely to have any."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agent.understanding.embedding import MODEL, Vectors, read
from agent.understanding.regression import Places
from agent.understanding.sources import Evidence, Sources
from agent.understanding.weighing import Weighing

RECIPE = "intents/2"
"""How a model is made of examples; another recipe makes another model of the same."""

_FOLDS, _FEW = 5, 1_000
"""Without validation a fifth of the examples is held out; if they are few, each fifth once."""

Read = Callable[[Sequence[str]], Vectors]


class Example(NamedTuple):
    """A text, and the intent that people say it has."""

    text: str
    intent: str


class Scored(NamedTuple):
    """An intent with its probability, from 0 to 1."""

    intent: str
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every intent with its score, the likeliest first; `in_scope` is false of a message that seems to have none.

    `model` is the id and the version of what understood, so that a message can be understood the same way again.
    """

    intents: tuple[Scored, ...]
    in_scope: bool
    model: str

    @property
    def best(self) -> Scored:
        return self.intents[0]


@dataclass(frozen=True, slots=True)
class Classifier:
    """Understands messages; made by `learnt`, or read from a file by agent/understanding/model_file.py."""

    model: str
    intents: tuple[str, ...]
    sources: Sources
    weighing: Weighing
    read: Read = read

    @classmethod
    def learnt(cls, examples: Sequence[Example], validation: Sequence[Example] = (), read: Read = read) -> "Classifier":
        """Learn from examples, and from `validation` only how to weigh the sources and what to refuse.

        Without validation that is learnt from examples held out. The same examples make the same model.
        Raises ValueError for fewer than two intents.
        """
        intents = tuple(sorted({example.intent for example in examples}))
        if len(intents) < 2:  # noqa: PLR2004 - with one there is nothing to tell apart
            raise ValueError("Give examples of at least two intents.")
        # An intent's name is the example that everybody gives.
        known = _Taught.of([*examples, *(Example(_spoken(intent), intent) for intent in intents)], intents, read)
        sources = Sources.learnt(*known)
        if validation:
            asked = _Taught.of(validation, intents, read)
            weighing = Weighing.learnt(sources.evidence(asked.texts, asked.read), asked.intents)
        else:
            weighing = Weighing.learnt(*_held_out(known))
        return cls(_version(examples, validation), intents, sources, weighing, read)

    def rank(self, text: str) -> Ranking:
        return self.rank_all([text])[0]

    def rank_all(self, texts: Sequence[str]) -> list[Ranking]:
        if not texts:
            return []
        evidence = self.sources.evidence(texts, self.read(texts))
        return [
            Ranking(self._ranked(row), bool(known), self.model)
            for row, known in zip(self.weighing.probabilities(evidence), self.weighing.known(evidence), strict=True)
        ]

    def _ranked(self, probabilities: Sequence[float]) -> tuple[Scored, ...]:
        scored = (Scored(*each) for each in zip(self.intents, map(float, probabilities), strict=True))
        return tuple(sorted(scored, key=lambda each: (-each.score, each.intent)))


class _Taught(NamedTuple):
    """Examples as the sources take them: texts, what is read in them (texts, 1152) and places of intents (texts)."""

    texts: list[str]
    read: Vectors
    intents: Places

    @classmethod
    def of(cls, examples: Sequence[Example], intents: Sequence[str], read: Read) -> "_Taught":
        places = {intent: place for place, intent in enumerate(intents)}
        texts = [example.text for example in examples]
        return cls(texts, read(texts), np.array([places[example.intent] for example in examples]))

    def where(self, chosen: "np.ndarray") -> "_Taught":
        return _Taught([self.texts[place] for place in np.flatnonzero(chosen)], self.read[chosen], self.intents[chosen])


def _held_out(known: _Taught) -> tuple[Evidence, Places]:
    """Learn without some of the examples what is said of these, as often as is worth the time."""
    folds = np.empty(len(known.texts), np.int64)
    seen = Counter[int]()
    for place, intent in enumerate(known.intents):
        folds[place] = seen[intent] % _FOLDS
        seen[intent] += 1
    # The last example of an intent is its name, and what is known by it alone is never held out.
    folds[-len(seen) :] = -1
    evidence, intents = [], []
    for fold in range(_FOLDS if len(known.texts) <= _FEW else 1):
        asked = known.where(folds == fold)
        if asked.texts:
            evidence.append(Sources.learnt(*known.where(folds != fold)).evidence(asked.texts, asked.read))
            intents.append(asked.intents)
    scores, nearness = zip(*evidence, strict=True)
    return Evidence(np.concatenate(scores, axis=1), np.concatenate(nearness)), np.concatenate(intents)


def _spoken(intent: str) -> str:
    return " ".join(re.findall(r"\w+", intent.replace("_", " ")))


def _version(*taught: Sequence[Example]) -> str:
    digest = hashlib.sha256(json.dumps([MODEL, *taught]).encode()).hexdigest()
    return f"{RECIPE}@{digest[:12]}"
