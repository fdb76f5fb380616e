"""Bell curves: each class draws one normal curve per feature, and a row belongs to the class whose curves fit it best.

    log P(k | x)  =  log share_k  -  sum over j of  log(2 pi var_kj) / 2 + (x_j - mean_kj)^2 / (2 var_kj)  +  constant

for class k, feature j and a row x: Gaussian naive Bayes, "naive" because it takes features as independent within a class.
Fitting reads every row once, O(n_rows * n_features); a prediction costs O(n_classes * n_features). Means and squared
deviations are updated with the mean of the rows so far (West, 1979) and blocks merge by Chan's formula (1983), so no
digits cancel.
"""

from numbers import Real
from typing import NamedTuple

import numpy as np
from groundup.engine.kernels import kernel
from groundup.engine.losses.softmax import to_probabilities
from groundup.models.estimator import Array, ClassifierMixin, Interval, Labels, Learner, encode_labels, fitting
from groundup.models.estimator import CLASSIFICATION, LogUniform, ModelDescription


class Bells(NamedTuple):
    """Summary of rows: the weight of each class, and the mean and squared deviations of each class and feature."""

    weight: np.ndarray  # (n_classes,)
    mean: np.ndarray  # (n_classes, n_features)
    spread: np.ndarray  # (n_classes, n_features)

    @classmethod
    def of(cls, block, n_classes):
        """Summarise one block of rows."""
        shape = n_classes, block.X.shape[1]
        bells = cls(np.zeros(n_classes), np.zeros(shape), np.zeros(shape))
        _add_rows(block.X, block["code"], block["weight"], *bells)
        return bells

    def merge(self, other):
        """Summarise the rows of both."""
        weight = self.weight + other.weight
        share = np.divide(other.weight, weight, out=np.zeros_like(weight), where=weight > 0)[:, None]
        gap = other.mean - self.mean
        spread = self.spread + other.spread + gap**2 * share * self.weight[:, None]
        return Bells(weight, self.mean + gap * share, spread)


@kernel
def _add_rows(X, code, weight, out_weight, out_mean, out_spread):
    for i in range(len(X)):
        if weight[i] > 0:
            k = code[i]
            out_weight[k] += weight[i]
            for j in range(X.shape[1]):
                step = X[i, j] - out_mean[k, j]
                out_mean[k, j] += step * weight[i] / out_weight[k]
                out_spread[k, j] += weight[i] * step * (X[i, j] - out_mean[k, j])


@kernel
def _proba(X, mean, var, offset, out_proba):
    for i in range(len(X)):
        for k in range(len(mean)):
            out_proba[i, k] = offset[k]
            for j in range(X.shape[1]):
                out_proba[i, k] -= 0.5 * (X[i, j] - mean[k, j]) ** 2 / var[k, j]
        to_probabilities(out_proba[i], 0, len(mean))


class BellCurves(ClassifierMixin, Learner):
    """Classify by one normal curve per class and feature (Gaussian naive Bayes).

    Parameters
    ----------
    smoothing : float, default=1e-9
        Share of the largest variance that is added to all variances, so that none is zero.
    """

    description = ModelDescription(
        title="Bell curves",
        tasks=CLASSIFICATION,
        portfolio=({"smoothing": 1e-9}, {"smoothing": 1e-3}, {"smoothing": 0.1}),
        search_space={"smoothing": LogUniform(1e-12, 1.0)},
    )

    _parameter_constraints = {"smoothing": [Interval(Real, 0, None, closed="neither")]}
    _state = {
        "classes_": Labels(),
        "mean_": Array("f8", "n_classes n_features"),
        "var_": Array("f8", "n_classes n_features"),
        "offset_": Array("f8", "n_classes", finite=False),  # -inf for a class without weight
    }

    def __init__(self, smoothing=1e-9):
        self.smoothing = smoothing

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the curves to rows `X` with labels `y`."""
        rows = self._rows(X, y, sample_weight)
        self.classes_, codes = encode_labels(rows["y"])
        rows.add("code", codes)
        weight, self.mean_, spread = rows.reduce(Bells, len(self.classes_))
        share = weight / weight.sum()
        var = spread / np.maximum(weight, np.finfo(float).tiny)[:, None]
        overall = share @ (var + (self.mean_ - share @ self.mean_) ** 2)
        self.var_ = var + self.smoothing * (overall.max() or 1.0)
        with np.errstate(divide="ignore"):
            self.offset_ = np.log(share) - 0.5 * np.log(2 * np.pi * self.var_).sum(axis=1)
        return self

    def predict_proba(self, X):
        """Return the probability of each class (columns, as in ``classes_``) for each row."""
        X = self._features(X)
        return self._fill(_proba, X, self.mean_, self.var_, self.offset_, n_columns=len(self.classes_))

    def predict(self, X):
        """Return the most probable class of each row."""
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]
