"""What speaks for each intent: what a message means, how it is worded, and what the likest examples meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agent.understanding.embedding import DIMENSIONS, Vectors
from agent.understanding.lexical import Lexicon
from agent.understanding.regression import Numbers, Places, Regression

_ASKED = 20
"""The likest examples, whose intents are counted."""

_STEEPNESS = 40.0
"""How much more a nearer example counts: one whose cosine is larger by 0.017 counts for twice as much."""

_LEAST = 1e-3
"""The share of an intent that none of the likest examples has."""

_NEAR = 5
"""The likest examples whose cosines tell how near a message is to all that is known."""


class Evidence(NamedTuple):
    """For each message what each source says for each intent, (sources, messages, intents), and its nearness."""

    scores: Numbers
    nearness: Numbers


@dataclass(frozen=True, slots=True)
class Sources:
    """What was learnt from examples: `meaning` and `wording` of what the transformer read, `words` of their terms.

    `vectors`, (examples, 384), are those of meaning, and `intents` are places.
    """

    meaning: Regression
    wording: Regression
    lexicon: Lexicon
    words: Regression
    vectors: Vectors
    intents: Places

    @classmethod
    def learnt(cls, texts: Sequence[str], read: Vectors, intents: Places) -> "Sources":
        vectors, wordings = _parted(read)
        lexicon = Lexicon.of(texts)
        return cls(
            Regression.learnt(vectors, intents),
            Regression.learnt(wordings, intents),
            lexicon,
            Regression.learnt(lexicon.vectors(texts), intents),
            vectors,
            intents,
        )

    def evidence(self, texts: Sequence[str], read: Vectors) -> Evidence:
        vectors, wordings = _parted(read)
        meaning, wording = self.meaning.scores(vectors), self.wording.scores(wordings)
        words = self.words.scores(self.lexicon.vectors(texts))
        cosines = vectors @ self.vectors.T
        likest = np.argsort(-cosines, axis=1, kind="stable")[:, :_ASKED]
        cosines = np.take_along_axis(cosines, likest, axis=1)
        shares = np.zeros_like(meaning)
        np.add.at(shares, (np.arange(len(texts))[:, None], self.intents[likest]), np.exp(_STEEPNESS * (cosines - 1)))
        shares /= shares.sum(axis=1, keepdims=True)
        likeness = np.log(shares + _LEAST)
        return Evidence(np.stack([meaning, wording, words, likeness]), cosines[:, :_NEAR].mean(axis=1))


def _parted(read: Vectors) -> tuple[Vectors, Vectors]:
    """Part the vectors of meaning, contiguous so that their products are quick, from those of wording."""
    return read[:, :DIMENSIONS].copy(), read[:, DIMENSIONS:].copy()
