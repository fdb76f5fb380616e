"""Adaptive boosting: models fitted one after the other, each to the rows that the earlier ones predicted wrongly.

    w = the rows' weights, with the sum 1
    for m = 1, ..., M:
        fit model m by w
        e_m = its error, weighted by w, and from that its weight a_m                        (`estimator_weights_`)
        raise the weights of the rows that it predicted wrongly by a_m, and divide all by their sum

For the error and the combined prediction see `adaboost_classifier` (SAMME) and `adaboost_regressor` (R2). Boosting stops
early at a model without error (whose weight is then 1), and before one that is no better than chance. Row weights
stay above 2.2e-16, so that no row is lost.

Our decision trees are stored packed, other models as they are (`stages`): a bundle can hold those that declare their
state, as all of ours do.

Cost: M fits and M predictions of the rows; the rows are sorted once for our trees, not M times.

Not supported: sparse X. Missing values are allowed if the estimator allows them, as our trees do.

Source: Freund and Schapire, A decision-theoretic generalization of on-line learning (1997).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.ensembles.stages import (
    EstimatorStages,
    FittedEstimators,
    TreeStages,
    clone_with_seeds,
)
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
from groundup.models.trees.packed import PackedTrees

_PACKED = ("_starts", "_firsts", "_nodes", "_value")
_MIN_WEIGHT = float(np.finfo(np.float64).eps)


class Boost(NamedTuple):
    """Result of a stage: its error and weight, and the rows' weights after it (not normalised)."""

    error: float
    stage_weight: float
    weight: np.ndarray


class AdaBoost(Callbacks, Learner):
    """Base of both models: everything except the error and the combination of predictions."""

    squares_target: ClassVar[bool] = True
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
        "estimators_": FittedEstimators(optional=True),
        "_starts": Array("i8", "n_starts", optional=True),
        "_firsts": Array("i8", "n_starts", optional=True),
        "_nodes": Array("u8", "n_nodes 2", optional=True),
        "_value": Array("f8", "n_values 1", optional=True),
        "_importances": Array("f8", "n_trees n_features", optional=True),
    }

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Fit the models, one after the other; X is an array, a table or a `RowSource`.

        NaN is a missing value, if the estimator allows them; rows of weight 0 are ignored.
        """
        estimator = self._stage_estimator()
        self._check_estimator(estimator)
        rows = self._rows(X, y, sample_weight, finite=self._finite(), y_numeric=self._numeric)
        target = self._encoded(rows["y"])
        if type(estimator) is self._tree:
            stages = TreeStages(estimator, rows)
        else:
            stages = EstimatorStages(rows, None if self._numeric else self.classes_)
        self._iterate(estimator, stages, rows, target, X, y)
        self._iterations_end(X, y)
        return self

    def _stage_estimator(self):
        """Return the unfitted estimator of each stage."""
        return self._tree(max_depth=self._depth) if self.estimator is None else self.estimator

    def _finite(self) -> str:
        return "allow-nan" if get_tags(self).input_tags.allow_nan else "check"

    def _iterate(self, estimator, stages: TreeStages | EstimatorStages, rows: Rows, target, X, y) -> None:
        """Add stages until there are enough, one has no error or is no better than chance, or a callback stops."""
        rng, n, loss = check_random_state(self.random_state), self.n_estimators, 1.0
        weight = rows["weight"] / rows["weight"].sum()
        counted = weight > 0
        stage_weights, errors = np.zeros(n), np.ones(n)
        report = self._iterations("iteration", n, X, y)
        for i in range(n):
            weight = np.where(counted, np.maximum(weight, _MIN_WEIGHT), 0.0)
            boost = self._boost(stages, clone_with_seeds(estimator, rng), target, weight, rng)
            if boost is None:
                break
            stage_weights[i], errors[i] = boost.stage_weight, boost.error
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
            stop_requested = report(
                lambda: {"loss": loss},  # noqa: B023 (called at once)
                lambda: self._attributes(stages, stage_weights, errors),
            )
            if stop_requested or boost.error == 0 or total <= 0:
                break
            weight = boost.weight / total
        for name in ("estimators_", "_importances", "_cover", *_PACKED):
            self.__dict__.pop(name, None)
        self.__dict__.update(self._attributes(stages, stage_weights, errors))

    def _attributes(self, stages: TreeStages | EstimatorStages, stage_weights, errors) -> dict[str, Any]:
        """Return the fitted attributes of the stages so far, by name."""
        weights_and_errors = {"estimator_weights_": stage_weights.copy(), "estimator_errors_": errors.copy()}
        fitted = {**weights_and_errors, **stages.state()}
        packed = PackedTrees(*(fitted[name] for name in _PACKED)) if "_nodes" in fitted else None
        return {**fitted, "_walk": None if packed is None else self._walk_of(packed, stage_weights)}

    def _validated_with_fit(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        """Return X, validated, and the attributes of the fit that it was validated for (see `trees.mean_of_trees`)."""
        fitted = self.__dict__
        if fitted.get("_walk") is not None:
            checked = self._features(X, "allow-nan")
        else:
            check_is_fitted(self)
            checked = self._validated(X, "allow-nan" if self._finite() == "allow-nan" else True)
        return (checked, fitted) if self.__dict__ is fitted else self._validated_with_fit(X)

    def staged_score(self, X, y, sample_weight=None) -> Iterator[float]:
        """Yield the score after each stage."""
        for predicted in self.staged_predict(X):
            yield float(self._score(y, predicted, sample_weight=sample_weight))

    @property
    def estimator_(self):
        """The unfitted estimator of each stage."""
        check_is_fitted(self)
        return self._stage_estimator()

    @property
    def feature_importances_(self) -> np.ndarray:
        """Fraction of the decrease of the impurity by feature, the weighted mean over the trees: (n_features,)."""
        check_is_fitted(self)
        importances = vars(self).get("_importances")
        if importances is None:
            try:
                importances = np.stack([model.feature_importances_ for model in self.estimators_])
            except AttributeError as e:
                raise AttributeError(
                    "Unable to compute feature importances since estimator does not have a feature_importances_ attribute"
                ) from e
        weights = self.estimator_weights_[: len(importances)]
        return np.average(importances, axis=0, weights=weights if weights.sum() > 0 else None)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the model is fitted."""
        return "estimator_weights_" in vars(self)

    def __sklearn_tags__(self):
        """Return the tags: missing values are allowed if the estimator allows them."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.estimator is None or get_tags(self.estimator).input_tags.allow_nan
        return tags

    def _check_state(self) -> None:
        stage_weights, errors = self.estimator_weights_, self.estimator_errors_
        if (stage_weights < 0).any() or (errors < 0).any() or (errors > 1).any():
            raise ValueError("weights are negative, or errors are not between 0 and 1")
        arrays = [vars(self).get(name) for name in (*_PACKED, "_importances")]
        missing = [a is None for a in arrays]
        if vars(self).get("estimators_") is not None:
            if not all(missing):
                raise ValueError("there are both estimators and packed trees")
            n_stages, self._walk = len(self.estimators_), None
        else:
            if any(missing):
                raise ValueError("there are no estimators")
            packed = PackedTrees(*arrays[:-1])  # pyright: ignore[reportArgumentType] (none is missing)
            packed.check(self.n_features_in_)
            n_stages = packed.n_trees
            if len(self._importances) != n_stages or (self._importances < 0).any():
                raise ValueError("the importances and the trees are inconsistent")
        if n_stages > len(stage_weights):
            raise ValueError(f"{n_stages} stages, but {len(stage_weights)} weights")
        self._check_stage_weights(stage_weights[:n_stages])
        if all(missing):
            return
        self._check_values(packed.value)
        self._walk = self._walk_of(packed, stage_weights)
