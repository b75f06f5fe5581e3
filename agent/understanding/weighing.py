"""How much each source is trusted, and when a message has none of the intents: both learnt from messages held out."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from agent.understanding.regression import Numbers, Places
from agent.understanding.sources import Evidence

REFUSED = 0.05
"""The share of messages of a known intent that may be taken for messages of none."""


class Weighing(NamedTuple):
    """A weight for each source (4), the usual size of both signs that a message is known, and the least of their sum.

    The signs are `strength`, the most that regressions say together for an intent, and nearness to examples;
    each of `means` and `spreads` has one of them after the other.
    """

    weights: Numbers
    means: Numbers
    spreads: Numbers
    least: float

    @classmethod
    def learnt(cls, evidence: Evidence, intents: Places) -> "Weighing":
        """Learn from what was said of messages whose intents are known and which the sources did not learn from."""
        weights = _likeliest(evidence.scores, intents)
        signs = _signs(evidence, weights)
        means, spreads = signs.mean(axis=1, keepdims=True), signs.std(axis=1, keepdims=True) + 1e-6
        least = float(np.quantile(((signs - means) / spreads).sum(axis=0), REFUSED))
        return cls(weights, means, spreads, least)

    def probabilities(self, evidence: Evidence) -> npt.NDArray[np.float64]:
        """Give the probability of each intent, (messages, intents)."""
        result: npt.NDArray[np.float64] = softmax(np.tensordot(self.weights, evidence.scores, 1), axis=1)
        return result

    def known(self, evidence: Evidence) -> npt.NDArray[np.bool_]:
        """Say whether each message is likely to have one of the intents, (messages)."""
        result: npt.NDArray[np.bool_] = ((_signs(evidence, self.weights) - self.means) / self.spreads).sum(
            axis=0
        ) >= self.least
        return result


def _signs(evidence: Evidence, weights: Numbers) -> Numbers:
    strength = np.tensordot(weights[:3], evidence.scores[:3], 1).max(axis=1)
    signs: Numbers = np.stack([strength, evidence.nearness])
    return signs


def _likeliest(scores: Numbers, intents: Places) -> Numbers:
    """Find the weights, none negative, under which the intents that the messages have are likeliest."""
    rows = np.arange(len(intents))

    def unlikeliness(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        logarithms = log_softmax(np.tensordot(weights, scores, 1), axis=1)
        expected = (np.exp(logarithms) * scores).sum(axis=2)
        slopes = (expected - scores[:, rows, intents]).mean(axis=1)
        return float(-logarithms[rows, intents].mean()), slopes

    found = minimize(unlikeliness, np.full(len(scores), 0.5), jac=True, bounds=[(0, None)] * len(scores))
    weights: Numbers = found.x.astype(np.float32)
    return weights
