"""Sentences as counts of words and their pieces, each counting for more the fewer texts have it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
        self._size = sum(map(len, terms))
        self._counters = list(_counters(terms, weights))

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Lexicon":
        rare = (1, 2 if len(texts) > _MANY else 1)
        counters = [
            TfidfVectorizer(min_df=least, **counted).fit(texts) for counted, least in zip(_COUNTED, rare, strict=True)
        ]
        return cls([list(each.get_feature_names_out()) for each in counters], [each.idf_ for each in counters])

    def vectors(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Give a sparse row for each text, (texts, terms); a text of unknown terms only has none but zeros.

        scikit-learn gives the same of its own, and spends ten times as long on a single text.
        """
        rows = [[count(text) for count in self._counters] for text in texts]
        parts = [part for row in rows for part in row]
        ends = np.cumsum([0, *(sum(len(places) for places, _ in row) for row in rows)])
        places = np.concatenate([places for places, _ in parts], dtype=np.int32)
        values = np.concatenate([values for _, values in parts], dtype=np.float32)
        return sparse.csr_matrix((values, places, ends), shape=(len(texts), self._size))


_Counted = tuple[Any, Any]
"""The places of the terms that a text has, and how much each counts; of each sort the squares add up to 1."""


def _counters(terms: Sequence[Sequence[str]], weights: Sequence[Any]) -> Iterator[Callable[[str], _Counted]]:
    first = 0
    for counted, known, weighing in zip(_COUNTED, terms, weights, strict=True):
        yield _counter(TfidfVectorizer(**counted).build_analyzer(), known, np.asarray(weighing), first)
        first += len(known)


def _counter(
    analyze: Callable[[str], Sequence[str]], terms: Sequence[str], weights: Any, first: int
) -> Callable[[str], _Counted]:
    places = {term: place for place, term in enumerate(terms)}

    def count(text: str) -> _Counted:
        counts = Counter(places[term] for term in analyze(text) if term in places)
        found = np.array(sorted(counts), np.int64)
        values = (1 + np.log([counts[place] for place in found])) * weights[found]
        return found + first, values / max(float(np.linalg.norm(values)), 1e-12)

    return count
