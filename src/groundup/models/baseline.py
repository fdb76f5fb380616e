"""Baselines that ignore the features: every model must be better than these.

They are scikit-learn's own, as there is nothing to improve: a mean, a quantile, a table of frequencies. They also have
what all models here share: declared state that is checked on loading (see `estimator.state`), a fit that changes nothing
if it fails, and support for a `RowSource`, of which only the number of rows is used.

Cost: one pass over y; a prediction costs the writing of its result. ``strategy="stratified"`` and ``"uniform"`` draw
random numbers row after row, so that a row's prediction depends on its position, as in scikit-learn.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn import dummy

from groundup.engine.rows import RowSource
from groundup.models.estimator import Array, Labels, Learner, Scalar, count_rows, fitting
from groundup.models.estimator.description import CLASSIFICATION, REGRESSION, ModelDescription
from groundup.models.estimator.missing import refuse_missing
from groundup.models.estimator.state import DType

# X may be any object that has a length: it need not be a matrix of numbers.
_NO_FEATURES = {"n_features_in_": Scalar(int, low=1, optional=True), "_dtype_in": DType(optional=True)}


class _Each(NamedTuple):
    """A field, or with several outputs a list of fields, each with sizes of its own."""

    field: Any
    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value`, or each in the list, fits."""
        for one in value if isinstance(value, list) else [value]:
            self.field.check(name, one, dict(sizes))


def _shape_of(X):
    """Return `X`, or for a `RowSource` an array of its shape that holds one zero."""
    if isinstance(X, RowSource) and not isinstance(X, np.ndarray):
        return np.broadcast_to(np.zeros((), X.dtype), (X.n_rows, X.n_features))
    return X


class DummyClassifier(dummy.DummyClassifier, Learner):
    """Predict from the frequencies of the labels alone; scikit-learn's class of this name.

    Parameters
    ----------
    strategy : {"prior", "most_frequent", "stratified", "uniform", "constant"}
        "prior" and "most_frequent" predict the most frequent label, and differ in `predict_proba`: the frequencies, or
        1 for that label. "stratified" draws labels by frequency, "uniform" draws each equally often.
    random_state : int, RandomState or None
        Seed of "stratified" and "uniform".
    constant : label or array of shape (n_outputs,)
        Prediction of "constant".

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray
        Sorted labels (with several outputs: of each).
    n_classes_ : int, or list of int
    class_prior_ : ndarray of shape (n_classes,), or list of ndarray
        Weighted frequencies.
    n_outputs_ : int
    sparse_output_ : bool
        Whether y was sparse.

    Examples
    --------
    >>> from groundup.models import DummyClassifier
    >>> model = DummyClassifier().fit([[0], [0], [0]], ["no", "yes", "no"])
    >>> model.score([[7], [8]], ["no", "yes"])
    0.5
    """

    description = ModelDescription(
        title="Baseline (shares)",
        family="Baselines",
        tasks=CLASSIFICATION,
        preprocessing="none",
        comparison="baseline",
        portfolio=({"strategy": "prior"},),
        exact_explanations=True,
    )

    _state: ClassVar[dict] = {
        **_NO_FEATURES,
        "n_outputs_": Scalar(int, low=1),
        "sparse_output_": Scalar(bool),
        "_strategy": Scalar(str),
        "classes_": _Each(Labels()),
        "n_classes_": _Each(Scalar(int, low=1)),
        "class_prior_": _Each(Array("f8", "n")),
    }

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Count the labels of `y`, by weight; of `X` only the number of rows matters."""
        refuse_missing(y, "y")
        if sample_weight is not None:
            sample_weight = self._weight(sample_weight, count_rows(y))
        return super().fit(_shape_of(X), y, sample_weight)

    def _check_state(self) -> None:
        if self._strategy not in {"prior", "most_frequent", "stratified", "uniform", "constant"}:
            raise ValueError(f"_strategy is {self._strategy!r}")
        fields = [self.classes_, self.n_classes_, self.class_prior_]
        if self.n_outputs_ == 1:
            fields = [[field] for field in fields]
        if not all(isinstance(field, list) and len(field) == self.n_outputs_ for field in fields):
            raise ValueError(f"the state does not have {self.n_outputs_} outputs")
        for classes, n_classes, prior in zip(*fields, strict=True):
            if not len(classes) == n_classes == len(prior):
                raise ValueError("classes_, n_classes_ and class_prior_ do not agree")
            if prior.min() < 0 or not np.isclose(prior.sum(), 1.0):
                raise ValueError("class_prior_ does not hold frequencies")


class DummyRegressor(dummy.DummyRegressor, Learner):
    """Predict one number whatever the features; scikit-learn's class of this name.

    Parameters
    ----------
    strategy : {"mean", "median", "quantile", "constant"}
    constant : float or array of shape (n_outputs,)
        Prediction of "constant".
    quantile : float in [0, 1]
        Level that "quantile" predicts.

    Attributes
    ----------
    constant_ : ndarray of shape (1, n_outputs)
    n_outputs_ : int

    Examples
    --------
    >>> from groundup.models import DummyRegressor
    >>> DummyRegressor(strategy="median").fit([[0], [0], [0]], [1.0, 2.0, 30.0]).predict([[7]])
    array([2.])
    """

    description = ModelDescription(
        title="Baseline (mean)",
        family="Baselines",
        tasks=REGRESSION,
        preprocessing="none",
        comparison="baseline",
        portfolio=({"strategy": "mean"},),
        exact_explanations=True,
    )

    _state: ClassVar[dict] = {
        **_NO_FEATURES,
        "n_outputs_": Scalar(int, low=1),
        "constant_": Array("f8 f4 f2 i8 i4 i2 i1 u8 u4 u2 u1", "1 n_constants"),  # the user's, in its dtype
    }

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Compute the number from `y`, in float64, by weight; of `X` only the number of rows matters."""
        X = _shape_of(X)
        y = self._target(y, count_rows(X), numeric=True, multi_output=True)
        if sample_weight is not None:
            sample_weight = self._weight(sample_weight, len(y))
        # Where the sum of y would overflow, y is divided by a power of two meanwhile.
        heaviest = 1.0 if sample_weight is None else max(1.0, float(sample_weight.max()))
        scale = 2.0 ** max(0, math.frexp(np.abs(y).max())[1] + math.frexp(heaviest * len(y))[1] - 1020)
        super().fit(X, y / scale, sample_weight)
        if self.strategy != "constant":
            self.constant_ = self.constant_ * scale
        return self

    def _check_state(self) -> None:
        if self.constant_.shape[1] != self.n_outputs_:
            raise ValueError(f"constant_ has {self.constant_.shape[1]} numbers for {self.n_outputs_} outputs")
