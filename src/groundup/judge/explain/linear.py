r"""Contributions to a linear score: how far each feature is from its mean, times its coefficient.

.. math:: z_k = b_k + \sum_j w_{kj} x_j
              = \big(b_k + \sum_j w_{kj} \bar x_j\big) + \sum_j w_{kj} (x_j - \bar x_j)

These are the Shapley values of the score when an unknown feature has its mean. Cost: one multiplication a cell and
output.
"""

from __future__ import annotations

import numpy as np


def linear_form(learner) -> tuple[np.ndarray, np.ndarray] | None:
    """Return coefficients (n_outputs, n_features) and intercepts (n_outputs,), or None where there are none."""
    coef, intercept = getattr(learner, "coef_", None), getattr(learner, "intercept_", None)
    if coef is None or intercept is None or hasattr(coef, "tocsr"):
        return None
    coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    return coef, np.broadcast_to(np.asarray(intercept, dtype=np.float64).ravel(), len(coef))


def linear_contributions(coef, intercept, X, means) -> tuple[np.ndarray, np.ndarray]:
    """Return contributions (n_rows, n_features, n_outputs) and base (n_outputs,).

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_features)
    intercept : ndarray of shape (n_outputs,)
    X : ndarray of shape (n_rows, n_features)
    means : ndarray of shape (n_features,)
        The values of unknown features.
    """
    with np.errstate(over="ignore"):  # a number near the largest float may contribute infinity
        return (X - means)[:, :, np.newaxis] * coef.T, intercept + coef @ means
