"""Stages: the models that adaptive boosting fits one after the other, of two kinds.

    TreeStages        our decision trees: rows are encoded once, each tree is grown on the codes, and stored packed
    EstimatorStages   any estimator: a clone is fitted to the rows, all in one array, and stored

Both fit by weights, or to rows drawn with replacement (a row counts as often as it was drawn), and return the stage's
prediction for every training row: a number, or the code of a class.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.engine.rows import Rows
from groundup.models.estimator import check_random_state, clone
from groundup.models.trees.exact_growing import GrownTree, grow_tree
from groundup.models.trees.packed import PackedTrees, mean_values, pack
from groundup.models.trees.pruning import pruned
from groundup.models.trees.tree_settings import encode_rows, reject_monotonic, rules_of

_MAX_SEED = 2**31 - 1


class FittedEstimators(NamedTuple):
    """State field: a list of fitted estimators."""

    optional: bool = False

    def check(self, name: str, value, sizes: dict[str, int]) -> None:
        """Raise ValueError unless `value` fits."""
        if not isinstance(value, list) or not value:
            raise ValueError(f"{name} is not a list of estimators")
        if not all(callable(getattr(estimator, "predict", None)) for estimator in value):
            raise ValueError(f"{name} holds an object without a method predict")
        for estimator in value:
            if getattr(estimator, "n_features_in_", sizes["n_features"]) != sizes["n_features"]:
                raise ValueError(f"{name} holds an estimator of {estimator.n_features_in_} features")


def clone_with_seeds(estimator, rng: np.random.RandomState) -> Any:
    """Return a clone with a seed drawn for each ``random_state`` in it, by name, as scikit-learn draws them."""
    model = clone(estimator)
    names = [n for n in sorted(model.get_params()) if n == "random_state" or n.endswith("__random_state")]
    return model.set_params(**{name: rng.randint(_MAX_SEED) for name in names}) if names else model


class TreeStages:
    """Stages that are our decision trees.

    Parameters
    ----------
    tree : DecisionTreeClassifier or DecisionTreeRegressor
        Unfitted; gives the parameters.
    rows : Rows
        With the columns ``y`` and ``weight``.
    """

    def __init__(self, tree, rows: Rows):
        tree = clone(tree)
        tree._validate_params()
        reject_monotonic(tree)
        self._target, self._factor = tree._encode_target(rows["y"], np.ones(rows.n_rows))
        self._rows, self._numeric = rows, tree._numeric
        # A fixed seed for the rows that determine the bins, so that all other draws are scikit-learn's.
        self._codes = encode_rows(rows, rows["weight"], 0)
        self.parts: list[tuple[PackedTrees, np.ndarray, np.ndarray]] = []

    def __len__(self):
        return len(self.parts)

    def fit(self, tree, weight: np.ndarray, drawn: np.ndarray | None = None) -> np.ndarray:
        """Grow `tree` by the weights, or on the rows `drawn`; return its predictions for all rows."""
        if drawn is None:
            weight = weight * self._factor
            order, target = np.flatnonzero(weight > 0), self._target._replace(weight=weight)
            total = float(weight.sum())
        else:
            order, target, total = np.sort(drawn), self._target, float(len(drawn))
        seed = int(check_random_state(tree.random_state).randint(_MAX_SEED))  # as the tree itself draws it
        rules = rules_of(
            tree,
            target,
            len(order),
            total,
            self._rows.n_features,
            random=tree.splitter == "random",
            seed=seed,
        )
        grown = pruned(grow_tree(self._codes, target, rules, order.astype(np.int32)), tree.ccp_alpha)
        packed = self._packed(grown)
        self.parts.append((packed, grown.importances(self._rows.n_features), grown.weight))
        out = np.empty((self._rows.n_rows, 1))
        self._rows.advance(lambda run: mean_values(run.X, *packed, out[run.lo : run.hi]))
        return out[:, 0]

    def _packed(self, grown: GrownTree) -> PackedTrees:
        leaf = grown.right == 0
        nodes = pack(grown.right, grown.feature, grown.threshold, grown.missing_left, np.cumsum(leaf) - 1)
        value = grown.value[leaf] if self._numeric else grown.value[leaf].argmax(axis=1)[:, np.newaxis]
        bounds = np.array([0, len(nodes)], np.int64), np.array([0, len(value)], np.int64)
        return PackedTrees(*bounds, nodes, value.astype(np.float64))

    def drop(self) -> None:
        """Remove the last stage."""
        self.parts.pop()

    def state(self) -> dict[str, Any]:
        """Return the stages as attributes of the ensemble."""
        packed = PackedTrees.joined([part[0] for part in self.parts])
        state: dict[str, Any] = dict(zip(("_starts", "_firsts", "_nodes", "_value"), packed, strict=True))
        state["_importances"] = np.stack([part[1] for part in self.parts])
        if not self._numeric:  # a sum of votes can be explained; a median of numbers cannot
            state["_cover"] = np.concatenate([part[2] for part in self.parts])
        return state


class EstimatorStages:
    """Stages that are clones of any estimator.

    Parameters
    ----------
    rows : Rows
        With the column ``y``.
    classes : ndarray or None
        Labels of a classifier, whose predictions are returned as codes; None: a regressor.
    """

    def __init__(self, rows: Rows, classes: np.ndarray | None):
        self._X = np.asarray(rows.place.load(0, rows.n_rows))
        self._y, self._classes = rows["y"], classes
        self.models: list[Any] = []

    def __len__(self):
        return len(self.models)

    def fit(self, model, weight: np.ndarray, drawn: np.ndarray | None = None) -> np.ndarray:
        """Fit `model` by the weights, or on the rows `drawn`; return its predictions for all rows."""
        if drawn is None:
            model.fit(self._X, self._y, sample_weight=weight)
        else:
            model.fit(self._X[drawn], self._y[drawn])
        self.models.append(model)
        predicted = np.asarray(model.predict(self._X))
        return predicted if self._classes is None else np.searchsorted(self._classes, predicted)

    def drop(self) -> None:
        """Remove the last stage."""
        self.models.pop()

    def state(self) -> dict[str, Any]:
        """Return the stages as attributes of the ensemble."""
        return {"estimators_": list(self.models)}
