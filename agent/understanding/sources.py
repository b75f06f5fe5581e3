"""What speaks for each intent: what a message means, what its words say, and what the likest examples meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agent.understanding.embedding import Vectors
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
    """What was learnt from examples: `meaning` of their vectors, `words` of their terms; `intents` are places."""

    meaning: Regression
    lexicon: Lexicon
    words: Regression
    vectors: Vectors
    intents: Places

    @classmethod
    def learnt(cls, texts: Sequence[str], vectors: Vectors, intents: Places) -> "Sources":
        lexicon = Lexicon.of(texts)
        return cls(
            Regression.learnt(vectors, intents),
            lexicon,
            Regression.learnt(lexicon.vectors(texts), intents),
            vectors,
            intents,
        )

    def evidence(self, texts: Sequence[str], vectors: Vectors) -> Evidence:
        meaning = self.meaning.scores(vectors)
        words = self.words.scores(self.lexicon.vectors(texts))
        cosines = vectors @ self.vectors.T
        likest = np.argsort(-cosines, axis=1, kind="stable")[:, :_ASKED]
        cosines = np.take_along_axis(cosines, likest, axis=1)
        shares = np.zeros_like(meaning)
        np.add.at(shares, (np.arange(len(texts))[:, None], self.intents[likest]), np.exp(_STEEPNESS * (cosines - 1)))
        shares /= shares.sum(axis=1, keepdims=True)
        return Evidence(np.stack([meaning, words, np.log(shares + _LEAST)]), cosines[:, :_NEAR].mean(axis=1))
