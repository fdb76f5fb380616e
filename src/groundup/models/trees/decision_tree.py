"""Decision trees: conditions "x_j <= t", one after another, until rows that meet the same ones have the same target.

    grow:  split a node where the children's mean impurity is smallest (`exact_criteria`, `exact_splitter`,
           `exact_growing`), until it is pure or a limit is reached
    prune: cut back the branches that are not worth their leaves (`pruning`)

Up to 65,534 rows every position between two distinct values is a candidate (exact: the trees of scikit-learn, unless two
splits are equally good); above, those between 255 bins of each feature (`exact_codes`); ``splitter_`` records which.
The resulting tree is stored and walked by `packed`.

Cost: rows x features x depth x about 2 ns in bins, 10 ns exactly; see `exact_runs`; `exact_codes` for memory.

Not supported: sparse X, monotonic constraints.

Source: Breiman et al., Classification and Regression Trees (1984).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from groundup.models.estimator import (
    Array,
    Bunch,
    Scalar,
    StrOptions,
    check_is_fitted,
    check_random_state,
    clone,
    fitting,
)
from groundup.models.trees.arrays import TreeArrays
from groundup.models.trees.exact_growing import GrownTree, grow_tree
from groundup.models.trees.mean_of_trees import MeanOfTrees
from groundup.models.trees.packed import PackedTrees, find_leaves, pack
from groundup.models.trees.pruning import pruned, pruning_path
from groundup.models.trees.tree_settings import (
    CONSTRAINTS,
    check_weights,
    encode_rows,
    reject_monotonic,
    rules_of,
)
from groundup.models.trees.tree_view import TreeView


class DecisionTree(MeanOfTrees):
    """Base of the single trees: everything except the kind of target."""

    squares_target: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {**CONSTRAINTS, "splitter": [StrOptions({"best", "random"})]}
    _state: ClassVar[dict[str, Any]] = {
        "max_features_": Scalar(int, low=1),
        "splitter_": Scalar(str),
        "_nodes": Array("u8", "n_nodes 2"),
        "_value": Array("f8", "n_nodes width"),
        "_impurity": Array("f8", "n_nodes"),
        "_cover": Array("f8", "n_nodes"),
        "_count": Array("i8", "n_nodes"),
    }

    @fitting
    def fit(self, X, y, sample_weight=None, check_input=True):
        """Grow the tree; X is an array, a table or a `RowSource` (NaN: missing), y has one or several outputs.

        `check_input` has no effect: X is always validated.
        """
        tree = self._grown(X, y, sample_weight)
        self._set_tree(pruned(tree, self.ccp_alpha))
        return self

    def cost_complexity_pruning_path(self, X, y, sample_weight=None):
        """Return the alphas at which the unpruned tree of these rows loses leaves, and the total impurity of the leaves.

        Returns
        -------
        Bunch
            With ``ccp_alphas`` and ``impurities``, both increasing.
        """
        path = pruning_path(clone(self).set_params(ccp_alpha=0.0)._grown(X, y, sample_weight))
        return Bunch(ccp_alphas=path.ccp_alphas, impurities=path.impurities)

    def _grown(self, X, y, sample_weight) -> GrownTree:
        reject_monotonic(self)
        rows = self._rows(X, y, sample_weight, finite="allow-nan", y_numeric=self._numeric, multi_output=True)
        target, weight = self._encode_target(rows.pop("y"), rows.pop("weight"))
        check_weights(weight)
        counted = np.flatnonzero(weight > 0).astype(np.int32)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        codes = encode_rows(rows, weight, seed)
        if not (weight[counted] == 1.0).all():
            target = target._replace(weight=weight)
        rules = rules_of(
            self, target, len(counted), float(weight.sum()), rows.n_features,
            random=self.splitter == "random", seed=seed,
        )  # fmt: skip
        self.max_features_ = rules.max_features
        self.splitter_ = "exact" if codes.missing != 255 else "histogram"
        self.n_outputs_ = rules.n_outputs
        return grow_tree(codes, target, rules, counted)

    def _set_tree(self, tree: GrownTree) -> None:
        self._nodes = pack(
            tree.right, tree.feature, tree.threshold, tree.missing_left, np.arange(len(tree.right))
        )
        self._value = self._leaf_values(tree.value)
        self._impurity, self._cover, self._count = tree.impurity, tree.weight, tree.count
        self._walk = self._packed()

    def _packed(self) -> PackedTrees:
        bounds = np.array([0, len(self._nodes)], np.int64)
        return PackedTrees(bounds, bounds, self._nodes, self._value)

    def apply(self, X, check_input=True) -> np.ndarray:
        """Return the node number of each row's leaf: (n_rows,). `check_input` has no effect."""
        checked = self._features(X, "allow-nan")
        out = np.empty((len(checked), 1), np.int64)
        find_leaves(checked, self._walk.starts, self._walk.nodes, out)
        self._confirm(checked, np.where(out < 0, np.nan, 0.0), "allow-nan")
        return out[:, 0]

    def decision_path(self, X, check_input=True) -> csr_matrix:
        """Return the nodes on each row's path: CSR, (n_rows, n_nodes). `check_input` has no effect."""
        leaves = self.apply(X)
        return paths_to(leaves[:, np.newaxis], self._walk)

    def get_depth(self) -> int:
        """Return the number of edges from the root to the deepest leaf."""
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        """Return the number of leaves."""
        return self.tree_.n_leaves

    @property
    def tree_(self) -> TreeView:
        """The tree as arrays: see `tree_view`."""
        check_is_fitted(self)
        return TreeView(
            self._walk, self._impurity, self._cover, self._count, self._offsets(), self.n_features_in_,
            classes=not self._numeric,
        )  # fmt: skip

    @property
    def feature_importances_(self) -> np.ndarray:
        """Fraction of the decrease of the impurity by feature: (n_features,)."""
        return self.tree_.compute_feature_importances()

    def tree_arrays(self) -> TreeArrays:
        """Return the fitted tree in the common form that explanations and drawings read."""
        check_is_fitted(self)
        return arrays_of(self._walk, self._cover)

    def _check_state(self) -> None:
        packed = self._packed()
        packed.check(self.n_features_in_)
        if self._numeric and self.n_outputs_ != packed.value.shape[1]:
            raise ValueError(f"{self.n_outputs_} outputs, but values of {packed.value.shape[1]}")
        if self.n_outputs_ != len(self._offsets()) - 1 or packed.value.shape[1] != self._offsets()[-1]:
            raise ValueError("the outputs and the values are inconsistent")
        if self.splitter_ not in {"exact", "histogram"}:
            raise ValueError(f"there is no splitter {self.splitter_!r}")
        if (self._cover <= 0).any() or (self._count < 1).any() or (self._impurity < 0).any():
            raise ValueError("a node has no rows")
        if (packed.low()[packed.is_leaf()] != np.flatnonzero(packed.is_leaf())).any():
            raise ValueError("a leaf has another node's value")
        self._walk = packed


def arrays_of(packed: PackedTrees, cover: np.ndarray) -> TreeArrays:
    """Return packed trees, whose mean is the prediction, as plain arrays."""
    leaf, low, n_trees = packed.is_leaf(), packed.low(), packed.n_trees
    start, first = (np.repeat(at[:-1], np.diff(packed.starts)) for at in (packed.starts, packed.firsts))
    within = np.arange(len(leaf)) - start
    value = packed.value[np.where(leaf, first + low, 0)]
    return TreeArrays(
        packed.starts,
        np.where(leaf, 0, within + 1).astype(np.int32),
        np.where(leaf, 0, low).astype(np.int32),
        packed.feature().astype(np.int32),
        packed.threshold(),
        packed.missing_left(),
        cover.astype(np.float64),
        np.where(leaf[:, np.newaxis], value, 0.0) / n_trees,
        np.zeros(n_trees, np.int64),
        np.zeros(value.shape[1]),
    )


def paths_to(leaves: np.ndarray, packed: PackedTrees) -> csr_matrix:
    """Return the nodes on the paths to each row's leaves (n_rows, n_trees): CSR (n_rows, n_nodes) of ones."""
    parent = np.full(len(packed.nodes), -1)
    inner = np.flatnonzero(~packed.is_leaf())
    first = np.repeat(packed.starts[:-1], np.diff(packed.starts))
    parent[inner + 1] = inner
    parent[first[inner] + packed.low()[inner]] = inner
    at = leaves + packed.starts[:-1]
    row, node = [], []
    rows = np.broadcast_to(np.arange(len(leaves))[:, np.newaxis], at.shape)
    while at.size:
        row.append(rows.reshape(-1))
        node.append(at.reshape(-1))
        above = parent[at]
        at, rows = above[above >= 0], rows[above >= 0]
    row, node = np.concatenate(row), np.concatenate(node)
    shape = (len(leaves), len(packed.nodes))
    out = csr_matrix((np.ones(len(row), np.int64), (row, node)), shape=shape)
    out.sort_indices()
    return out
