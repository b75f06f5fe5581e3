"""Sentences as counts of words and their pieces, each counting for more the fewer texts have it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

_COUNTED: tuple[dict[str, Any], ...] = (
    {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
)
"""Words and pairs of them tell what is said; pieces of two to five letters forgive how it is spelt."""

_MANY = 2_000
"""Of more texts than these, a piece of a word that only one of them has is not worth its room."""


class Lexicon:
    """The terms that are known, in the order of their places, with their weights: words and pairs, then pieces."""

    def __init__(self, terms: Sequence[Sequence[str]], weights: Sequence[Any]) -> None:
        self.terms = terms
        self.weights = weights
        self._counters = [_counter(*each) for each in zip(_COUNTED, terms, weights, strict=True)]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Lexicon":
        rare = (1, 2 if len(texts) > _MANY else 1)
        counters = [
            TfidfVectorizer(sublinear_tf=True, min_df=least, **counted).fit(texts)
            for counted, least in zip(_COUNTED, rare, strict=True)
        ]
        return cls([list(each.get_feature_names_out()) for each in counters], [each.idf_ for each in counters])

    def vectors(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Give a sparse row for each text, (texts, terms); a text of unknown terms only has none but zeros."""
        return sparse.hstack([counter.transform(texts) for counter in self._counters], format="csr", dtype=np.float32)


def _counter(counted: dict[str, Any], terms: Sequence[str], weights: Any) -> TfidfVectorizer:
    counter = TfidfVectorizer(sublinear_tf=True, vocabulary=terms, **counted)
    counter.idf_ = weights
    return counter
