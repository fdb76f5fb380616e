"""Adaptive boosting: learners fitted one after the other, each to the rows that those before it got wrong.

    w = the rows' weights, with the sum 1
    for m = 1, ..., M:
        fit learner m by w
        e_m = its error, a mean by w, and from that how much it counts, a_m                (`estimator_weights_`)
        raise the weights of the rows that it got wrong by a_m, and divide them by their sum

What the error is, and how answers are put together: see `adaboost_classifier` (SAMME) and `adaboost_regressor` (R2).
Boosting ends early with a learner without error (which then counts 1), and before one that is no better than chance.
Weights are kept above 2.2e-16, so that no row is lost for good.

Decision trees of ours are kept packed, other learners as they are (`stages`): a bundle can hold those that declare their
state, as all of ours do.

Cost: M fits and M predictions of the rows; trees of ours are sorted once, not M times.

Not supported: sparse X. Missing values are for the learners to take: our trees do.

Source: Freund and Schapire, A decision-theoretic generalization of on-line learning (1997).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.ensembles.stages import Learners, Others, Trees, seeded
from groundup.models.estimator import (
    Array,
    Callbacks,
    HasMethods,
    Interval,
    Learner,
    check_is_fitted,
    check_random_state,
    fitting,
    get_tags,
)
from groundup.models.trees.packed import Packed

_PACKED = ("_starts", "_firsts", "_nodes", "_value")
_LEAST = float(np.finfo(np.float64).eps)


class Boost(NamedTuple):
    """What a stage comes to: its error, how much it counts, and the rows' weights after it (of any sum)."""

    error: float
    counts: float
    weight: np.ndarray


class AdaBoost(Callbacks, Learner):
    """Base of both: everything but the error, and how answers are put together."""

    _numeric: ClassVar[bool]
    _tree: ClassVar[type]
    _depth: ClassVar[int]
    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }
    _state: ClassVar[dict[str, Any]] = {
        "estimator_weights_": Array("f8", "n_stages"),
        "estimator_errors_": Array("f8", "n_stages"),
        "estimators_": Learners(optional=True),
        "_starts": Array("i8", "n_starts", optional=True),
        "_firsts": Array("i8", "n_starts", optional=True),
        "_nodes": Array("u8", "n_nodes 2", optional=True),
        "_value": Array("f8", "n_values 1", optional=True),
        "_importances": Array("f8", "n_trees n_features", optional=True),
    }

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the learners, one after the other.

        Parameters
        ----------
        X : array-like, table or RowSource of shape (n_rows, n_features)
            NaN is a missing value, where the estimator takes them.
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), optional
            Rows of weight 0 do not count.

        Returns
        -------
        self
        """
        estimator = self._inner()
        self._refuse(estimator)
        rows = self._rows(X, y, sample_weight, finite=self._finite(), y_numeric=self._numeric)
        target = self._encoded(rows["y"])
        ours = type(estimator) is self._tree
        stages = Trees(estimator, rows) if ours else Others(rows, None if self._numeric else self.classes_)
        self._iterate(estimator, stages, rows, target, X, y)
        self._iterations_end(X, y)
        return self

    def _inner(self):
        """Return the learner of each stage, unfitted."""
        return self._tree(max_depth=self._depth) if self.estimator is None else self.estimator

    def _finite(self) -> str:
        return "allow-nan" if get_tags(self).input_tags.allow_nan else "check"

    def _iterate(self, estimator, stages: Trees | Others, rows: Rows, target, X, y) -> None:
        """Add stages until there are enough, one has no error or is no better than chance, or a callback says stop."""
        rng, n, loss = check_random_state(self.random_state), self.n_estimators, 1.0
        weight = rows["weight"] / rows["weight"].sum()
        counted = weight > 0
        counts, errors = np.zeros(n), np.ones(n)
        tell = self._iterations("iteration", n, X, y)
        for i in range(n):
            weight = np.where(counted, np.maximum(weight, _LEAST), 0.0)
            boost = self._boost(stages, seeded(estimator, rng), target, weight, rng)
            if boost is None:
                break
            counts[i], errors[i] = boost.counts, boost.error
            total = boost.weight.sum()
            if not np.isfinite(total):
                if i < n - 1:
                    warnings.warn(
                        f"Sample weights have reached infinite values, at iteration {i}, causing overflow. "
                        "Iterations stopped. Try lowering the learning rate.",
                        stacklevel=4,
                    )
                break
            loss = self._loss(loss, boost, float(total))
            told = tell(lambda: {"loss": loss}, lambda: self._attributes(stages, counts, errors))  # noqa: B023 (called at once)
            if told or boost.error == 0 or total <= 0:
                break
            weight = boost.weight / total
        for name in ("estimators_", "_importances", "_cover", *_PACKED):
            self.__dict__.pop(name, None)
        self.__dict__.update(self._attributes(stages, counts, errors))

    def _attributes(self, stages: Trees | Others, counts, errors) -> dict[str, Any]:
        """Return the fitted attributes of the stages so far, by name."""
        found = {"estimator_weights_": counts.copy(), "estimator_errors_": errors.copy(), **stages.state()}
        packed = Packed(*(found[name] for name in _PACKED)) if "_nodes" in found else None
        return {**found, "_walk": None if packed is None else self._walk_of(packed, counts)}

    def _asked(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        """Return X, checked, and the attributes of the one fit that it was checked by (see `trees.answering`)."""
        fitted = self.__dict__
        if fitted.get("_walk") is not None:
            checked = self._features(X, "allow-nan")
        else:
            check_is_fitted(self)
            checked = self._validated(X, "allow-nan" if self._finite() == "allow-nan" else True)
        return (checked, fitted) if self.__dict__ is fitted else self._asked(X)

    def staged_score(self, X, y, sample_weight=None) -> Iterator[float]:
        """Yield the score after each stage."""
        for predicted in self.staged_predict(X):
            yield float(self._score(y, predicted, sample_weight=sample_weight))

    @property
    def estimator_(self):
        """The learner of each stage, unfitted."""
        check_is_fitted(self)
        return self._inner()

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each feature in the fall of the impurity, in the mean of the trees by their weights: (n_features,)."""
        check_is_fitted(self)
        found = vars(self).get("_importances")
        if found is None:
            try:
                found = np.stack([learner.feature_importances_ for learner in self.estimators_])
            except AttributeError as e:
                raise AttributeError(
                    "Unable to compute feature importances since estimator does not have a feature_importances_ attribute"
                ) from e
        counts = self.estimator_weights_[: len(found)]
        return np.average(found, axis=0, weights=counts if counts.sum() > 0 else None)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there are stages."""
        return "estimator_weights_" in vars(self)

    def __sklearn_tags__(self):
        """Say that missing values are welcome, where the estimator takes them."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.estimator is None or get_tags(self.estimator).input_tags.allow_nan
        return tags

    def _check_state(self) -> None:
        counts, errors = self.estimator_weights_, self.estimator_errors_
        if (counts < 0).any() or (errors < 0).any() or (errors > 1).any():
            raise ValueError("weights are negative, or errors are not between 0 and 1")
        arrays = [vars(self).get(name) for name in (*_PACKED, "_importances")]
        missing = [a is None for a in arrays]
        if vars(self).get("estimators_") is not None:
            if not all(missing):
                raise ValueError("there are both learners and packed trees")
            n_stages, self._walk = len(self.estimators_), None
        else:
            if any(missing):
                raise ValueError("there are no learners")
            packed = Packed(*arrays[:-1])  # pyright: ignore[reportArgumentType] (none is missing)
            packed.check(self.n_features_in_)
            n_stages = packed.n_trees
            if len(self._importances) != n_stages or (self._importances < 0).any():
                raise ValueError("the importances do not fit the trees")
        if n_stages > len(counts):
            raise ValueError(f"{n_stages} learners, but {len(counts)} weights")
        self._check_counts(counts[:n_stages])
        if all(missing):
            return
        self._check_values(packed.value)
        self._walk = self._walk_of(packed, counts)
