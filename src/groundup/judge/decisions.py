r"""How probabilities become a label: by a threshold, or by expected costs.

Predicting class j for a row with probabilities p costs :math:`\sum_i p_i C_{ij}` on average, with :math:`C_{ij}` the cost
of predicting j where i is actual; the class of the smallest expected cost is predicted (the first of equals). Of two
classes this is a threshold on the probability of the positive one:

.. math:: p \ge \frac{C_{01} - C_{00}}{C_{01} - C_{00} + C_{10} - C_{11}}

with 1 the positive and 0 the negative class. It is optimal as far as the probabilities are right.

Source: Elkan (2001), The foundations of cost-sensitive learning, IJCAI, equations 1 and 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.judge.metrics.record import CLASSIFICATION, Metric, Predicted
from groundup.text.escaping import quoted


class Decision(NamedTuple):
    """A rule from probabilities to labels: a threshold for two classes, or a matrix of costs.

    Attributes
    ----------
    threshold : float or None
        The positive class is predicted if its probability is at least this.
    positive : int
        The number of the positive class of two.
    costs : ndarray of shape (n_classes, n_classes) or None
        ``costs[i, j]`` of predicting j where i is actual.
    """

    threshold: float | None = None
    positive: int = 1
    costs: np.ndarray | None = None

    def codes(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the number of the class to predict for each row.

        A row's result does not depend on other rows: products are summed class by class, not by BLAS.
        """
        if self.costs is None:
            assert self.threshold is not None
            hit = probabilities[:, self.positive] >= self.threshold
            return np.where(hit, self.positive, 1 - self.positive)
        expected = np.zeros(probabilities.shape)
        for i, of_actual in enumerate(self.costs):
            expected += probabilities[:, i, np.newaxis] * of_actual
        return expected.argmin(axis=1)


def cost_threshold(costs: np.ndarray, positive: int) -> float:
    """Return the probability from which predicting the positive class of two costs least."""
    negative = 1 - positive
    false_alarm = costs[negative, positive] - costs[negative, negative]
    miss = costs[positive, negative] - costs[positive, positive]
    return float(false_alarm / (false_alarm + miss))


def describe_threshold(label, threshold: float) -> str:
    """Return the rule of a threshold in words; `label` is the positive class."""
    return f"{quoted(label)} is predicted from a probability of {threshold:.4g} on"


def mean_cost(costs: np.ndarray) -> Metric:
    """Return the metric "mean cost": what a prediction costs on average."""

    def of(y, predicted: Predicted) -> float:
        actual, said = (np.searchsorted(predicted.classes, labels) for labels in (y, predicted.values))
        return predicted.mean(costs[actual, said])

    meaning = "mean cost of a prediction, by the stated costs of mistakes"
    best = None if np.diag(costs).any() else 0.0
    return Metric("mean_cost", CLASSIFICATION, False, "labels", meaning, best, of, is_default=False)
