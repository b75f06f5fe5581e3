"""Softmax regression: a weight for each number of a vector and each intent, learnt from examples."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Numbers = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

_FREEDOM = 30.0
"""C of scikit-learn: how far examples are trusted. Of 10, 30, 100 and 300 the best for few and for many examples."""

_ROUNDS, _ROUNDS_OF_MANY = 60, 30
"""More make no difference to what is understood, in CLINC150 or BANKING77; of many sparse rows one takes a second."""

_FEW = 2_000
"""Rows of which the square fits in a moment."""


class Regression(NamedTuple):
    """Weights, (numbers of a vector, intents), and a constant for each intent, (intents)."""

    weights: Numbers
    constants: Numbers

    @classmethod
    def learnt(cls, vectors: Any, intents: Places) -> "Regression":
        """Learn from rows, dense or sparse, and the place of the intent of each; there are at least two intents."""
        if sparse.issparse(vectors) and vectors.shape[0] <= _FEW:
            return cls._learnt_of_few(vectors, intents)
        rounds = _ROUNDS_OF_MANY if sparse.issparse(vectors) else _ROUNDS
        # The gradients of vectors of length 1 are small, so the usual tolerance would end before the first round.
        learner = LogisticRegression(C=_FREEDOM, max_iter=rounds, tol=1e-5)
        # Its steps are small: threads that wait for one another take more of the machine than they give.
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning), threadpool_limits(1):
            learner.fit(vectors, intents)
        weights, constants = learner.coef_.T, learner.intercept_
        if len(learner.classes_) == 2:  # noqa: PLR2004 - of two, scikit-learn has weights for the second alone
            weights, constants = np.hstack([-weights, weights]) / 2, np.hstack([-constants, constants]) / 2
        return cls(weights.astype(np.float32), constants.astype(np.float32))

    @classmethod
    def _learnt_of_few(cls, vectors: sparse.csr_matrix, intents: Places) -> "Regression":
        """Learn the same ten times sooner: weights are sums of rows, so as many numbers as rows are enough."""
        likeness = (vectors @ vectors.T).toarray().astype(np.float64)
        root = np.linalg.cholesky(likeness + 1e-6 * np.eye(len(likeness)))
        of_rows = cls.learnt(root.astype(np.float32), intents)
        return of_rows._replace(weights=vectors.T @ solve_triangular(root.T, of_rows.weights).astype(np.float32))

    def scores(self, vectors: Any) -> Numbers:
        """Give how much speaks for each intent, (rows, intents): logarithms of odds, 0 on average of all intents."""
        scores: Numbers = np.asarray(vectors @ self.weights, np.float32) + self.constants
        return scores
