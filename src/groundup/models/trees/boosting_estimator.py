"""The estimator around `boosting`: parameters, validation, early stopping, warm start, saved state and predictions.

`HistGradientBoosting` is the base of the classifier and the regressor. Parameters and defaults are scikit-learn's, except
for ``subsample`` and ``min_gain_to_split``, which are ours.

A fit is `fit` -> `_prepare` (held-out rows, a `boosting.Booster`) -> `_iterate` -> `_set_trees`; a prediction is
`_raw_scores` -> `predicting.add_trees`. `_iterate` repeats `Booster.iterate` until ``max_iter`` or an early stop. The
algorithm itself begins in `boosting`.
"""

from __future__ import annotations

import copy
import sys
from math import ceil
from numbers import Integral, Real
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import train_test_split

from groundup.engine.rows import Memory, Rows
from groundup.models.estimator import (
    Array,
    Callbacks,
    Interval,
    Plain,
    Scalar,
    StrOptions,
    check_is_fitted,
    check_random_state,
    fitting,
    rows_to_hold_out,
)
from groundup.models.trees.arrays import TreeArrays
from groundup.models.trees.boosted_trees import BoostedTrees
from groundup.models.trees.boosting import Booster
from groundup.models.trees.categories import Categorical
from groundup.models.trees.constraints import interaction_groups, monotonic_signs
from groundup.models.trees.densified import pieces
from groundup.models.trees.early_stopping import EarlyStopping, HeldOutRows, TrainingRows
from groundup.models.trees.growing import Plan
from groundup.models.trees.predicting import PreparedTrees, add_trees, find_leaves

_NO_WEIGHTS = np.zeros(0)


class HistGradientBoosting(Callbacks, Categorical):
    """Base of the boosting models: everything except the loss and the kind of target."""

    sparse: ClassVar[bool] = True
    weights: ClassVar[str] = "sampling"  # bins are quantiles of sampled rows, gradients are rounded
    _parameter_constraints: ClassVar[dict] = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "max_features": [Interval(Real, 0, 1, closed="right")],
        "subsample": [Interval(Real, 0, 1, closed="right")],
        "min_gain_to_split": [Interval(Real, 0, None, closed="left")],
        "monotonic_cst": ["array-like", dict, None],
        "interaction_cst": [list, tuple, StrOptions({"pairwise", "no_interactions"}), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "warm_start": ["boolean"],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "scoring": [str, callable, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _state: ClassVar[dict[str, Any]] = {
        "n_trees_per_iteration_": Scalar(int, low=1),
        "do_early_stopping_": Scalar(bool),
        "train_score_": Array("f8", "n_train_scores"),
        "validation_score_": Array("f8", "n_validation_scores"),
        "_baseline": Array("f8", "n_outputs"),
        "_random_seed": Scalar(int, low=0, high=2**32 - 1),
        "_starts": Array("i8", "n_starts"),
        "_feature": Array("i4", "n_nodes"),
        "_threshold": Array("f4 f8", "n_nodes", finite=False),
        "_left": Array("i4", "n_nodes"),
        "_missing_left": Array("?", "n_nodes"),
        "_value": Array("f8", "n_nodes"),
        "_gain": Array("f8", "n_nodes"),
        "_count": Array("i8", "n_nodes"),
        "_levels": Array("u8", "n_nodes 4", optional=True),
        "_categories": Plain(optional=True),
    }

    @fitting
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the model; X is an array, a table or a `RowSource` (NaN: missing), rows of weight 0 are ignored.

        Categorical columns of tables, and those in ``categorical_features``, may hold strings. `X_val`, `y_val` and
        `sample_weight_val` are validation rows for early stopping, instead of a part of X.
        """
        again = self.warm_start and "_starts" in vars(self)
        before = self.n_features_in_ if again else None
        rows = self._encoded_rows(X, y, sample_weight, again)
        self._check_continued(before, rows.n_features)
        rows.add("y", self._encoded(rows["y"], again))
        weight = self._weights(rows, sample_weight)
        _check_weights(weight, "All sample weights are zero")
        self._draw_seed(again)
        booster, stopping, parts = self._prepare(rows, weight, again, (X_val, y_val, sample_weight_val))
        if not booster.finite:
            self._refuse_nonfinite(self._encoded_table(X), "allow-nan")
        self._iterate(booster, stopping, parts, X, y)
        self._set_trees(parts, booster.baseline)
        self.train_score_ = np.array(stopping.train_scores if stopping else [], float)
        self.validation_score_ = np.array(stopping.validation_scores if stopping else [], float)
        self._iterations_end(X, y)
        return self

    def _iterate(
        self, booster: Booster, stopping: EarlyStopping | None, parts: list[BoostedTrees], X, y
    ) -> None:
        """Add iterations to `parts` until there are enough, or early stopping or a callback ends the fit."""
        begin = len(parts)
        if begin > self.max_iter:
            raise ValueError(
                f"max_iter={self.max_iter} must be larger than or equal to n_iter_={begin} when warm_start==True"
            )
        if stopping and not begin:
            stopping.update(None, parts)
        report = self._iterations("iteration", self.max_iter - begin, X, y)
        for _ in range(begin, self.max_iter):
            start = perf_counter() if self.verbose else 0.0
            parts.append(booster.iterate())
            stop = stopping.update(parts[-1], parts) if stopping else False
            if self.verbose:
                self._print_iteration(parts, stopping, perf_counter() - start)
            stop_requested = report(
                lambda: {"loss": booster.mean_loss(), **_last_scores(stopping)},
                lambda: self._attributes(parts, booster.baseline),
            )
            if stop or stop_requested:
                break

    def _prepare(self, rows: Rows, weight, again: bool, validation):
        """Return (booster, early stopping or None, the trees of the iterations so far)."""
        validation = self._validation_rows(*validation)
        early = rows.n_rows > 10_000 if self.early_stopping == "auto" else self.early_stopping
        self.do_early_stopping_ = bool(early)
        held = np.zeros(0, np.int64)
        if early and validation is None and self.validation_fraction is not None:
            held = self._held_out(rows["y"])
        weighted, all_weights = bool(weight.size), weight
        if len(held):
            all_weights = weight if weighted else np.ones(rows.n_rows)
            weight = all_weights.copy()
            weight[held] = 0.0
            _check_weights(weight, f"All weight is on the {len(held)} rows held out for early stopping")
            _check_weights(all_weights[held], "The rows held out for early stopping have no weight")
        parts = _parts(self.__dict__) if again else []
        initial = {"baseline": self._baseline, "raw": self._raw_of(rows)} if again else {}
        if self.monotonic_cst is not None and self.n_trees_per_iteration_ != 1:
            raise ValueError("monotonic constraints are not supported for multiclass classification.")
        booster = Booster(
            rows,
            weight,
            self._loss(),
            self._plan(rows.n_features),
            self.learning_rate,
            self.max_bins,
            n_grown=sum(part.n_trees for part in parts),
            n_levels={f: own.n_codes for f, own in self._levels_by_feature().items()},
            subsample=self.subsample,
            **initial,
        )
        if not early:
            return booster, None, parts
        if self.scoring == "loss" and callable(self.loss) and not hasattr(self.loss, "value"):
            raise ValueError(
                "Early stopping with scoring='loss' needs a loss with a method value(y_true, raw_prediction): "
                "add the method, or choose another scoring"
            )
        fitted = np.ones(rows.n_rows, bool)
        fitted[held] = False
        training = TrainingRows(booster, np.flatnonzero(fitted), weight, weighted)
        held_out = None
        if validation is not None:
            X_val, y_val, _ = validation
            raw = self._raw_of(Rows(Memory(X_val))) if again else np.tile(booster.baseline, (len(y_val), 1))
            held_out = HeldOutRows(booster, *validation, raw)
        elif len(held):
            only = np.zeros(rows.n_rows)
            only[held] = all_weights[held]
            held_out = TrainingRows(booster, held, only, weighted)
        scores = (self.train_score_.tolist(), self.validation_score_.tolist()) if again else ([], [])
        return booster, EarlyStopping(self, training, held_out, *scores), parts

    def _held_out(self, y) -> np.ndarray:
        """Return the rows to hold out, drawn as scikit-learn draws them; none that is alone in its class."""
        strata = self._strata(y)
        rows = rows_to_hold_out(strata, len(y))
        _, held = train_test_split(
            rows,
            test_size=self.validation_fraction,
            stratify=None if strata is None else strata[rows],
            random_state=self._random_seed,
        )
        return np.sort(held)

    def _plan(self, n_features: int) -> Plan:
        searched = max(1, ceil(self.max_features * n_features))
        names = vars(self).get("feature_names_in_")
        names = None if names is None else list(names)
        return Plan(
            self.max_leaf_nodes,
            self.max_depth,
            self.min_samples_leaf,
            float(self.l2_regularization),
            searched,
            self._random_seed,
            float(self.min_gain_to_split),
            monotonic_signs(self.monotonic_cst, names, n_features, self.is_categorical_),
            interaction_groups(self.interaction_cst, n_features),
        )

    def _draw_seed(self, again: bool) -> None:
        # A warm start holds out the same rows and finds the same bins as the earlier fit.
        rng = check_random_state(self.random_state)
        if not again:
            self._random_seed = int(rng.randint(np.iinfo(np.uint32).max, dtype="u8"))

    def _weights(self, rows: Rows, sample_weight) -> np.ndarray:
        """Remove the weights from `rows`, and return them; length 0 where all are 1."""
        weight = rows.pop("weight")
        if sample_weight is None or (weight == 1.0).all():
            return _NO_WEIGHTS
        return weight

    def _validation_rows(self, X_val, y_val, weight_val):
        """Return the validation rows of the caller as (X, y, weight or None), validated and encoded; None without any."""
        if X_val is None and y_val is None:
            return None
        if y_val is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        if self.early_stopping is False:
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time early_stopping is False. When passing "
                "X_val and y_val to fit, early_stopping should be set to either 'auto' or True."
            )
        X_val = self._validated(X_val, finite="allow-nan")
        y_val = self._encoded_validation(y_val, len(X_val))
        X_val = X_val.load(0, len(X_val)) if not isinstance(X_val, np.ndarray) else X_val
        return X_val, y_val, None if weight_val is None else self._weight(weight_val, len(X_val))

    def _print_iteration(
        self, parts: list[BoostedTrees], stopping: EarlyStopping | None, seconds: float
    ) -> None:
        """Print one line about an iteration."""
        scores = "".join(f", {name} {value:.5f}" for name, value in _last_scores(stopping).items())
        leaves = int((parts[-1].left == 0).sum())
        sys.stdout.write(f"[{len(parts)}/{self.max_iter}] {leaves} leaves{scores}, {seconds:.3f} s\n")

    def _attributes(self, parts: list[BoostedTrees], baseline) -> dict[str, Any]:
        """Return the fitted attributes of the trees so far, by name."""
        trees = BoostedTrees.joined(parts) if parts else _no_trees(self._dtype_in)
        named = {f"_{name}": values for name, values in trees._asdict().items()}
        return {"_baseline": baseline, **named, "_prepared": PreparedTrees.of(trees)}

    def _set_trees(self, parts: list[BoostedTrees], baseline) -> None:
        self.__dict__.update(self._attributes(parts, baseline))

    def _view(self, parts: list[BoostedTrees], raw: np.ndarray | None, baseline):
        """Return a copy that predicts with the trees so far; with `raw`, it returns these scores for any rows."""
        view = copy.copy(self)
        view.__dict__.pop("feature_names_in_", None)
        view._set_trees(parts if raw is None else [], baseline)
        view._categories = None  # scorers get codes
        if raw is not None:
            view._known_raw = raw
        return view

    def _raw_scores(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the raw scores (n_rows, n_outputs), and the attributes of the fit that they belong to.

        A fit in another thread replaces all attributes at once (see `fitting`): rows that were validated for one fit must
        not be walked down the trees of the next, which might read out of bounds.
        """
        fitted = self.__dict__
        checked = self._features(X, "allow-nan")
        if self.__dict__ is not fitted:  # another fit has ended meanwhile: use that one
            return self._raw_scores(X)
        if "_known_raw" in fitted:
            return fitted["_known_raw"], fitted
        baseline = fitted["_baseline"]
        raw = self._fill(
            add_trees, checked, fitted["_prepared"], baseline, n_columns=len(baseline), finite="allow-nan"
        )
        return raw, fitted

    def _raw_of(self, rows: Rows) -> np.ndarray:
        """Return the raw scores of rows of any source."""
        out = np.empty((rows.n_rows, self.n_trees_per_iteration_))
        for lo, hi in pieces(0, rows.n_rows, rows.n_features):
            add_trees(rows.place.load(lo, hi), self._prepared, self._baseline, out[lo:hi])
        return out

    def _staged(self, X):
        """Yield the result of `_raw_scores` after each iteration."""
        now = copy.copy(self)  # not changed by a fit in another thread
        fitted = now.__dict__
        checked = now._features(X, "allow-nan")
        raw = np.tile(fitted["_baseline"], (len(checked), 1))
        zero = np.zeros_like(fitted["_baseline"])
        for part in _parts(fitted):
            prepared = PreparedTrees.of(part)
            raw = raw + now._fill(add_trees, checked, prepared, zero, n_columns=len(zero), finite="allow-nan")
            yield raw, fitted

    def apply(self, X) -> np.ndarray:
        """Return the leaf of each row in each tree: int64 (n_rows, n_iter), or (n_rows, n_iter, K).

        K is the number of trees an iteration, if there is more than one. A leaf is its node number within the tree.
        """
        check_is_fitted(self)
        now = copy.copy(self)
        fitted = now.__dict__
        checked = now._features(X, "allow-nan")
        walk, k = fitted["_prepared"].walk, fitted["n_trees_per_iteration_"]
        n_trees = len(walk.depth)
        state = walk.starts, walk.feature, walk.threshold, walk.left, walk.levels
        leaves = now._fill(find_leaves, checked, *state, n_columns=n_trees, finite="allow-nan").astype(
            np.int64
        )
        return leaves if k == 1 else leaves.reshape(len(leaves), -1, k)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Fraction of the total gain of all splits by feature: float64 (n_features,), of sum 1 (0 without splits).

        Computed on the training rows, it favours features with many values; see `groundup.judge.explain` for the
        importance on new rows.
        """
        check_is_fitted(self)
        trees = _trees(self.__dict__)
        total = np.bincount(trees.feature[trees.left > 0], trees.gain[trees.left > 0], self.n_features_in_)
        return total / max(total.sum(), np.finfo(np.float64).tiny)

    @property
    def feature_splits_(self) -> np.ndarray:
        """Number of splits on each feature: int64 (n_features,)."""
        check_is_fitted(self)
        trees = _trees(self.__dict__)
        return np.bincount(trees.feature[trees.left > 0], minlength=self.n_features_in_)

    def tree_arrays(self) -> TreeArrays:
        """Return the fitted trees in the common form that explanations and drawings read."""
        check_is_fitted(self)
        fitted = self.__dict__
        trees, k = _trees(fitted), fitted["n_trees_per_iteration_"]
        return TreeArrays(
            trees.starts,
            trees.left,
            np.where(trees.left, trees.left + 1, 0).astype(np.int32),
            trees.feature,
            trees.threshold,
            trees.missing_left,
            trees.count.astype(np.float64),
            trees.value[:, np.newaxis],
            np.arange(trees.n_trees) % k,
            fitted["_baseline"],
            self._loss().link,
            trees.levels,
        )

    def tree_features(self, X) -> np.ndarray:
        """Return rows as the trees read them, with codes instead of levels: (n_rows, n_features)."""
        checked = self._features(X, "allow-nan")
        return checked if isinstance(checked, np.ndarray) else checked.load(0, checked.n_rows)

    @property
    def n_iter_(self) -> int:
        """Number of iterations."""
        check_is_fitted(self)
        fitted = vars(self)
        return (len(fitted["_starts"]) - 1) // fitted["n_trees_per_iteration_"]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the model is fitted."""
        return "_starts" in vars(self)

    def __sklearn_tags__(self):
        """Return the tags: missing values are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_state(self) -> None:
        trees = _trees(self.__dict__)
        trees.check(self.n_features_in_, self.n_trees_per_iteration_)
        if trees.threshold.dtype != self._dtype_in:
            raise ValueError(f"the thresholds are {trees.threshold.dtype}, but X was {self._dtype_in}")
        if len(self._baseline) != self.n_trees_per_iteration_:
            raise ValueError(f"{len(self._baseline)} baselines for {self.n_trees_per_iteration_} outputs")
        self._check_categories()
        self._prepared = PreparedTrees.of(trees)


def _trees(fitted: dict[str, Any]) -> BoostedTrees:
    """Return the trees among the attributes of a fit."""
    named: Any = {name: fitted.get(f"_{name}") for name in BoostedTrees._fields}
    return BoostedTrees(**named)


def _parts(fitted: dict[str, Any]) -> list[BoostedTrees]:
    """Return the trees of each iteration."""
    trees, k = _trees(fitted), fitted["n_trees_per_iteration_"]
    return [trees.of(i, i + k) for i in range(0, trees.n_trees, k)]


def _check_weights(weight: np.ndarray, problem: str) -> None:
    """Raise ValueError unless a weight is positive; length 0 means that all are 1."""
    if weight.size and not weight.sum() > 0:
        raise ValueError(f"{problem}: at least one row must have a positive weight.")


def _no_trees(dtype) -> BoostedTrees:
    kinds = (np.int32, dtype, np.int32, bool, np.float64, np.float64, np.int64)
    return BoostedTrees(np.zeros(1, np.int64), *(np.zeros(0, kind) for kind in kinds))


def _last_scores(stopping: EarlyStopping | None) -> dict[str, float]:
    """Return the latest scores by name."""
    if stopping is None:
        return {}
    scores = {"train_score": stopping.train_scores[-1]}
    if stopping.validation_scores:
        scores["validation_score"] = stopping.validation_scores[-1]
    return scores
