"""Forests: many trees, each grown differently, and the mean of their predictions.

    for each tree t, independently:
        rows     drawn with replacement (`bootstrap`), or all
        splits   of `max_features` features drawn for each node: the best threshold of each (random forest), or a random
                 one (extremely randomised trees)
    prediction(x) = 1 / n_trees sum_t value of the leaf of x in t

The draws of a tree depend on its own seed alone, and each tree is grown in one thread, so a forest is the same on any
number of threads, and one that is extended (`warm_start`) equals one that is grown at once. As in single trees, every
threshold is a candidate up to 65,534 rows; above that, only those between 255 bins are (``splitter_``).

The trees are stored packed (`trees.packed`): 20 bytes a node, 8 for each number of a leaf.

Cost: trees x rows x max_features x depth, about 1 ns in bins.

Source: Breiman, Random forests (2001); Geurts, Ernst and Wehenkel, Extremely randomized trees (2006).
"""

from __future__ import annotations

import sys
import threading
import warnings
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from groundup.engine.rows import Rows, threads
from groundup.models.estimator import (
    Array,
    Interval,
    RealNotInt,
    Scalar,
    check_is_fitted,
    check_random_state,
    fitting,
)
from groundup.models.trees.arrays import TreeArrays
from groundup.models.trees.decision_tree import arrays_of, paths_to
from groundup.models.trees.exact_growing import GrownTree, grow_tree
from groundup.models.trees.exact_splitter import Target
from groundup.models.trees.mean_of_trees import MeanOfTrees
from groundup.models.trees.packed import PackedTrees, find_leaves, mean_values, pack
from groundup.models.trees.pruning import pruned
from groundup.models.trees.tree_settings import (
    CONSTRAINTS,
    check_n_estimators,
    check_weights,
    encode_rows,
    reject_monotonic,
    rules_of,
)

_MAX_SEED = 2**31 - 1


class Forest(MeanOfTrees):
    """Base of the forests: everything except the kind of target."""

    squares_target: ClassVar[bool] = True
    weights: ClassVar[str] = "sampling"  # rows are drawn
    _random: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict] = {
        **CONSTRAINTS,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "bootstrap": ["boolean"],
        "oob_score": ["boolean", callable],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "max_samples": [
            None,
            Interval(RealNotInt, 0.0, None, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
    }
    _state: ClassVar[dict[str, Any]] = {
        "splitter_": Scalar(str),
        "oob_score_": Scalar(float, optional=True),
        "_starts": Array("i8", "n_starts"),
        "_firsts": Array("i8", "n_starts"),
        "_nodes": Array("u8", "n_nodes 2"),
        "_value": Array("f8", "n_values width"),
        "_cover": Array("f4", "n_nodes"),
        "_importances": Array("f8", "n_trees n_features"),
        "_tree_seeds": Array("i8", "n_trees"),
    }
    #: One value per training row: not saved.
    _unsaved = frozenset({"oob_decision_function_", "oob_prediction_"})

    @fitting
    def fit(self, X, y, sample_weight=None):
        """Grow the forest; X is an array, a table or a `RowSource` (NaN: missing), y has one or several outputs.

        With `bootstrap`, rows are drawn with probability proportional to their weight.
        """
        reject_monotonic(self)
        if not self.bootstrap and self.max_samples is not None:
            raise ValueError(
                "max_samples cannot be set if bootstrap=False: set bootstrap=True, or leave it at None"
            )
        if not self.bootstrap and self.oob_score:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        again = self.warm_start and "_nodes" in vars(self)
        before = self.n_features_in_ if again else None
        rows = self._rows(X, y, sample_weight, finite="allow-nan", y_numeric=self._numeric, multi_output=True)
        self._check_continued(before, rows.n_features)
        target, weight = self._encode_target(rows["y"], rows["weight"], again)
        check_weights(weight)
        parts = self._parts() if again else []
        seeds = self._seeds(len(parts))
        if len(seeds) == 1:
            warnings.warn(
                "Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=3
            )
        else:
            parts = parts + self._grown(rows, target, weight, seeds)
            self._set_trees(parts)
        if self.oob_score:
            self._score_out_of_bag(rows, target, weight)
        return self

    def _seeds(self, n_done: int) -> np.ndarray:
        """Return the seed of the bins, and of each tree to be grown."""
        check_n_estimators(self.n_estimators, n_done)
        drawn = check_random_state(self.random_state).randint(_MAX_SEED, size=self.n_estimators + 1)
        old = self._tree_seeds[:n_done] if n_done else np.zeros(0, np.int64)
        self._tree_seeds = np.concatenate([old, drawn[1 + n_done :]]).astype(np.int64)
        return np.concatenate([drawn[:1], drawn[1 + n_done :]])

    def _grown(self, rows: Rows, target: Target, weight, seeds) -> list[tuple]:
        """Return (packed, cover, importances) of each new tree."""
        codes = encode_rows(rows, weight, int(seeds[0]))
        self.splitter_ = "exact" if codes.missing != 255 else "histogram"
        self.n_outputs_ = len(target.offsets) - 1
        counted = np.flatnonzero(weight > 0)
        seeds, stop = seeds[1:], threading.Event()

        def checkpoint():
            if stop.is_set():
                raise KeyboardInterrupt

        def grow(i):
            try:
                own = self._tree_weight(weight, target, int(seeds[i]))
                order = counted if own is None else np.flatnonzero(own > 0)
                rules = rules_of(
                    self, target, len(counted), float(len(order) if own is None else own.sum()), rows.n_features,
                    random=self._random, seed=int(seeds[i]),
                )  # fmt: skip
                own_target = target if own is None else target._replace(weight=own)
                tree = grow_tree(codes, own_target, rules, order.astype(np.int32), checkpoint)
                tree = pruned(tree, self.ccp_alpha)
                if self.verbose > 1:
                    sys.stdout.write(f"tree {i + 1} of {len(seeds)}: {len(tree.right)} nodes\n")
                return self._packed_tree(tree, rows.n_features)
            except BaseException:
                stop.set()
                raise

        return threads.run(grow, len(seeds), self._n_threads())

    def _n_drawn(self, weight: np.ndarray) -> int:
        """Return the number of rows of a bootstrap: that of all, `max_samples`, or a fraction of the weight."""
        if self.max_samples is None:
            return len(weight)
        if isinstance(self.max_samples, Integral):
            return int(self.max_samples)
        return max(1, int(self.max_samples * weight.sum()))

    def _draw(self, weight: np.ndarray, seed: int) -> np.ndarray:
        """Return the rows of a bootstrap, in the order of drawing."""
        n, rng = len(weight), np.random.RandomState(seed)
        size = self._n_drawn(weight)
        if (weight == weight[0]).all():
            return rng.randint(0, n, size)
        upto = np.cumsum(weight)
        return np.searchsorted(upto, rng.random_sample(size) * upto[-1], side="right")

    def _tree_weight(self, weight: np.ndarray, target: Target, seed: int) -> np.ndarray | None:
        """Return the weights of the rows in one tree; None: they are all 0 or 1."""
        if not self.bootstrap:
            return None if np.isin(weight, (0.0, 1.0)).all() else weight
        drawn = self._draw(weight, seed)
        return np.bincount(drawn, minlength=len(weight)).astype(np.float64)

    def _packed_tree(self, tree: GrownTree, n_features: int) -> tuple:
        leaf = tree.right == 0
        row = np.cumsum(leaf) - 1
        nodes = pack(tree.right, tree.feature, tree.threshold, tree.missing_left, row)
        value = self._leaf_values(tree.value[leaf])
        bounds = np.array([0, len(nodes)], np.int64), np.array([0, len(value)], np.int64)
        return (
            PackedTrees(*bounds, nodes, value),
            tree.weight.astype(np.float32),
            tree.importances(n_features),
        )

    def _set_trees(self, parts: list[tuple]) -> None:
        packed = PackedTrees.joined([part[0] for part in parts])
        self._starts, self._firsts, self._nodes, self._value = packed
        self._cover = np.concatenate([part[1] for part in parts])
        self._importances = np.stack([part[2] for part in parts])
        self._walk = packed

    def _parts(self) -> list[tuple]:
        walk = self._walk
        return [
            (walk.of(t, t + 1), self._cover[walk.starts[t] : walk.starts[t + 1]], self._importances[t])
            for t in range(walk.n_trees)
        ]

    def _score_out_of_bag(self, rows: Rows, target: Target, weight) -> None:
        """Predict each row with the trees that did not draw it, and score the predictions."""
        walk = self._walk
        total, n_absent = np.zeros((rows.n_rows, walk.value.shape[1])), np.zeros(rows.n_rows, np.int64)
        for t in range(walk.n_trees):
            absent = np.ones(rows.n_rows, bool)
            absent[self._draw(weight, int(self._tree_seeds[t]))] = False
            n_absent += absent
            own = walk.of(t, t + 1)

            def add(run, absent=absent, own=own):
                index = np.flatnonzero(absent[run.lo : run.hi])
                out = np.empty((len(index), total.shape[1]))
                mean_values(np.ascontiguousarray(run.X[index]), *own, out)
                total[run.lo + index] += out

            rows.advance(add)
        if (n_absent == 0).any():
            warnings.warn(
                "Some inputs do not have OOB scores. This probably means too few trees were used to compute any "
                "reliable OOB estimates.",
                stacklevel=4,
            )
        self._set_out_of_bag(total / np.maximum(n_absent, 1)[:, np.newaxis], rows["y"])

    def _score_of(self, y, predicted, default) -> float:
        score: Any = self.oob_score if callable(self.oob_score) else default
        return float(score(y, predicted))

    def apply(self, X) -> np.ndarray:
        """Return the node number of each row's leaf in each tree: (n_rows, n_trees)."""
        checked = self._features(X, "allow-nan")
        out = np.empty((len(checked), self._walk.n_trees), np.int64)
        find_leaves(checked, self._walk.starts, self._walk.nodes, out)
        self._confirm(checked, np.where(out < 0, np.nan, 0.0), "allow-nan")
        return out

    def decision_path(self, X):
        """Return the nodes on each row's paths (CSR, (n_rows, n_nodes)), and the first node of each tree."""
        return paths_to(self.apply(X), self._walk), self._walk.starts.copy()

    @property
    def feature_importances_(self) -> np.ndarray:
        """Fraction of the decrease of the impurity by feature, averaged over the trees: (n_features,)."""
        check_is_fitted(self)
        importances = self._importances.mean(axis=0)
        total = importances.sum()
        return importances / total if total > 0 else importances

    def tree_arrays(self) -> TreeArrays:
        """Return the fitted trees in the common form that explanations and drawings read."""
        check_is_fitted(self)
        return arrays_of(self._walk, self._cover)

    def _check_state(self) -> None:
        packed = PackedTrees(self._starts, self._firsts, self._nodes, self._value)
        packed.check(self.n_features_in_)
        if (
            len(self._importances) != packed.n_trees
            or (self._tree_seeds < 0).any()
            or (self._importances < 0).any()
        ):
            raise ValueError("the importances or seeds and the trees are inconsistent")
        if self._numeric and self.n_outputs_ != packed.value.shape[1]:
            raise ValueError(f"{self.n_outputs_} outputs, but values of {packed.value.shape[1]}")
        if self.n_outputs_ != len(self._offsets()) - 1 or packed.value.shape[1] != self._offsets()[-1]:
            raise ValueError("the outputs and the values are inconsistent")
        if (self._cover <= 0).any():
            raise ValueError("a node has no rows")
        if self.splitter_ not in {"exact", "histogram"}:
            raise ValueError(f"there is no splitter {self.splitter_!r}")
        self._walk = packed
