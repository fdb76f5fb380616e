"""Isolation forest: rows that a few random splits separate from the others are anomalies.

    for each of the trees:  psi rows drawn, split on a random feature at a random value until alone, or at depth log2(psi)
    h(x) = mean over the trees of the depth of x's leaf, plus c(rows in the leaf)
    score(x) = -2^(-h(x) / c(psi)),    c(n) = 2 (H(n - 1) - (n - 1) / n),   H(i) = ln i + 0.5772...

c(n) is the mean depth of a row in a tree of n rows. Scores lie between -1 (anomalous) and 0; about -0.5 is average.

Each tree is grown on its own few rows by one kernel call; the value of a leaf is its depth plus c(rows), so that the
packed trees (`trees.packed`) predict h(x). A missing value goes to a side drawn for each split.

Cost: trees x psi x log psi to fit; trees x log psi a row to predict, about 0.3 us for 100 trees on one thread.

Source: Liu, Ting and Zhou, Isolation forest (ICDM 2008).
"""

from __future__ import annotations

import sys
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Rows, threads
from groundup.models.estimator import (
    Array,
    Interval,
    Learner,
    OutlierMixin,
    RealNotInt,
    Scalar,
    StrOptions,
    check_is_fitted,
    check_random_state,
    fitting,
)
from groundup.models.estimator.description import ModelDescription
from groundup.models.trees.arrays import TreeArrays
from groundup.models.trees.decision_tree import arrays_of
from groundup.models.trees.exact_splitter import next_random, uniform
from groundup.models.trees.packed import LEAF, MISSING_RIGHT, PackedTrees, mean_values
from groundup.models.trees.tree_settings import check_n_estimators, check_weights

_MAX_SEED = 2**31 - 1
_32 = np.uint64(32)
#: A node that is not grown yet: its rows order[start:stop], depth, and the number of the parent of a right child, or -1.
_PENDING = np.dtype([("start", "i8"), ("stop", "i8"), ("depth", "i8"), ("parent", "i8")], align=True)


class _Scratch(NamedTuple):
    """Scratch arrays of a tree: order, spare : int64 (n_rows,).  pending : _PENDING (max_depth + 2,)."""

    order: np.ndarray
    spare: np.ndarray
    pending: np.ndarray


class _Grown(NamedTuple):
    """A tree with room for more: nodes and value as in `PackedTrees`; cover: the rows in each node."""

    nodes: np.ndarray
    value: np.ndarray
    cover: np.ndarray


class IsolationForest(OutlierMixin, Learner):
    """An isolation forest, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    n_estimators : int
        Number of trees.
    max_samples : 'auto', int or float
        Number of rows drawn for each tree (psi); 'auto': 256, or all if there are fewer; a float is a fraction.
    contamination : 'auto' or float
        Fraction of outliers in the training rows; 'auto': outliers are the rows with a score below -0.5.
    max_features : int or float
        Number of features drawn for each tree; a float is a fraction.
    bootstrap : bool
        Whether rows are drawn with replacement.
    n_jobs : int or None
        Number of threads; None: the default of the process.
    random_state : int, RandomState or None
    verbose : int
        If not 0, print a line when the trees are grown.
    warm_start : bool
        Whether another call of ``fit`` adds trees to the existing ones.

    Attributes
    ----------
    offset_ : float
        Rows with a score below it are outliers.
    max_samples_ : int
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> from groundup.models import IsolationForest
    >>> model = IsolationForest(random_state=0).fit([[-1.1], [0.3], [0.5], [100]])
    >>> model.predict([[0.1], [0], [90]])
    array([ 1,  1, -1])
    """

    description = ModelDescription(
        title="Isolation forest",
        family="Outlier detection",
        preprocessing="trees",
        comparison="on request",
        exact_explanations=True,
        quick={"n_estimators": 5},
    )

    weights: ClassVar[str] = "sampling"
    _parameter_constraints: ClassVar[dict] = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "max_features": [Integral, Interval(Real, 0, 1, closed="right")],
        "bootstrap": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }
    _state: ClassVar[dict[str, Any]] = {
        "offset_": Scalar(float),
        "max_samples_": Scalar(int, low=1),
        "_starts": Array("i8", "n_starts"),
        "_nodes": Array("u8", "n_nodes 2"),
        "_value": Array("f8", "n_values 1"),
        "_firsts": Array("i8", "n_starts"),
        "_cover": Array("f4", "n_nodes"),
    }

    def __init__(
        self,
        *,
        n_estimators=100,
        max_samples="auto",
        contamination="auto",
        max_features=1.0,
        bootstrap=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
    ):
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.contamination = contamination
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    @fitting
    def fit(self, X, y=None, sample_weight=None):
        """Grow the forest on rows of X (NaN is a missing value), drawn with probability proportional to their weight."""
        again = self.warm_start and "_nodes" in vars(self)
        before = self.n_features_in_ if again else None
        rows = self._rows(X, None, sample_weight, finite="allow-nan")
        self._check_continued(before, rows.n_features)
        weight = rows["weight"]
        check_weights(weight)
        parts = [(self._walk, self._cover)] if again else []
        n_done = self._walk.n_trees if again else 0
        check_n_estimators(self.n_estimators, n_done)
        seeds = check_random_state(self.random_state).randint(_MAX_SEED, size=self.n_estimators)[n_done:]
        self.max_samples_ = self._n_drawn(rows.n_rows)
        if not len(seeds):
            warnings.warn(
                "Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=3
            )
        else:
            parts += threads.run(
                lambda i: self._tree(rows, weight, int(seeds[i])), len(seeds), self._n_threads()
            )
        self._walk = PackedTrees.joined([part[0] for part in parts])
        self._starts, self._firsts, self._nodes, self._value = self._walk
        self._cover = np.concatenate([part[1] for part in parts])
        if self.verbose:
            sys.stdout.write(f"{self._walk.n_trees} trees of {self.max_samples_} rows\n")
        self.offset_ = -0.5
        contamination: Any = self.contamination
        if contamination != "auto":
            scores = np.empty((rows.n_rows, 1))
            rows.advance(lambda run: mean_values(run.X, *self._walk, scores[run.lo : run.hi]))
            self.offset_ = float(np.percentile(self._scaled(scores, dict(vars(self))), 100.0 * contamination))
        return self

    def _n_drawn(self, n_rows: int) -> int:
        max_samples: Any = self.max_samples
        if max_samples == "auto":
            return min(256, n_rows)
        if isinstance(max_samples, Integral):
            if int(max_samples) > n_rows:
                warnings.warn(
                    f"max_samples ({self.max_samples}) is greater than the total number of samples ({n_rows}). "
                    "max_samples will be set to n_samples for estimation.",
                    stacklevel=4,
                )
            return min(int(max_samples), n_rows)
        return max(1, int(max_samples * n_rows))

    def _tree(self, rows: Rows, weight, seed: int) -> tuple[PackedTrees, np.ndarray]:
        """Draw rows and features, and grow a tree on them; return it and the number of rows in each node."""
        rng = np.random.default_rng(seed)
        equal = (weight == weight[0]).all()
        size = self.max_samples_
        if not self.bootstrap:
            size = min(size, np.count_nonzero(weight))
        probability = None if equal else weight / weight.sum()
        drawn = np.sort(rng.choice(rows.n_rows, size, replace=bool(self.bootstrap), p=probability))
        cuts = np.searchsorted(drawn, rows.bounds)
        drawn_rows = [
            np.asarray(rows.place.load(int(lo), int(hi))[drawn[a:z] - lo], np.float64)
            for lo, hi, a, z in zip(rows.bounds[:-1], rows.bounds[1:], cuts[:-1], cuts[1:], strict=True)
            if z > a
        ]
        f = rows.n_features
        n_drawn = (
            self.max_features
            if isinstance(self.max_features, Integral)
            else max(1, int(self.max_features * f))
        )
        if not 0 < n_drawn <= f:
            raise ValueError(f"max_features must be in (0, n_features], not {self.max_features}")
        features = np.sort(rng.choice(f, n_drawn, replace=False)) if n_drawn < f else np.arange(f)
        depth = int(np.ceil(np.log2(max(self.max_samples_, 2))))
        out = _Grown(
            np.empty((2 * size, 2), np.uint64), np.empty((size + 1, 1)), np.empty(2 * size, np.float32)
        )
        scratch = _Scratch(np.arange(size), np.empty(size, np.int64), np.empty(depth + 2, _PENDING))
        mean_depths, random = average_depths(np.arange(size + 1)), np.array([seed], np.uint64)
        n, leaves = _isolate(np.concatenate(drawn_rows), features, depth, random, mean_depths, scratch, out)
        starts, firsts = np.array([0, n], np.int64), np.array([0, leaves], np.int64)
        tree = PackedTrees(starts, firsts, out.nodes[:n].copy(), out.value[:leaves].copy())
        return tree, out.cover[:n].copy()

    def score_samples(self, X) -> np.ndarray:
        """Return the scores: (n_rows,), the lower the more anomalous."""
        return self._scored(X)[0]

    def decision_function(self, X) -> np.ndarray:
        """Return the scores less ``offset_``: negative for outliers."""
        scores, fitted = self._scored(X)
        return scores - fitted["offset_"]

    def predict(self, X) -> np.ndarray:
        """Return 1, or -1 for outliers: (n_rows,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scored(self, X) -> tuple[np.ndarray, dict[str, Any]]:
        fitted = self.__dict__
        checked = self._features(X, "allow-nan")
        if self.__dict__ is not fitted:  # another fit has ended meanwhile: use that one
            return self._scored(X)
        depth = self._fill(mean_values, checked, *fitted["_walk"], n_columns=1, finite="allow-nan")
        return self._scaled(depth, fitted), fitted

    @staticmethod
    def _scaled(depth: np.ndarray, fitted: dict[str, Any]) -> np.ndarray:
        average = float(average_depths(fitted["max_samples_"]))
        return -(2.0 ** (-depth[:, 0] / average)) if average > 0 else np.full(len(depth), -0.5)

    def tree_arrays(self) -> TreeArrays:
        """Return the trees in the common form that explanations read: their sum is the mean depth h(x).

        The shorter the path, the more anomalous the row: what lowers h makes it an anomaly.
        """
        check_is_fitted(self)
        return arrays_of(self._walk, self._cover)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the model is fitted."""
        return "_nodes" in vars(self)

    def __sklearn_tags__(self):
        """Return the tags: missing values are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_state(self) -> None:
        packed = PackedTrees(self._starts, self._firsts, self._nodes, self._value)
        packed.check(self.n_features_in_)
        if (packed.value < 0).any() or self.max_samples_ > 2**40:
            raise ValueError("a leaf's depth is negative, or the trees have too many rows")
        if (self._cover <= 0).any():
            raise ValueError("a node has no rows")
        self._walk = packed


def average_depths(sizes) -> np.ndarray:
    """Return c(n), the mean depth of a row in a tree of n rows, of each size."""
    n = np.asarray(sizes, np.float64)
    more = np.maximum(n, 3.0) - 1.0
    large = 2.0 * (np.log(more) + np.euler_gamma) - 2.0 * more / (more + 1.0)
    return np.where(n > 2, large, np.where(n == 2, 1.0, 0.0))


@kernel(borrows=True)
def _isolate(X, features, max_depth, random, mean_depths, scratch, out_tree):
    """Grow a tree on the rows of X; return its numbers of nodes and leaves.

    random : the seed.  mean_depths[n]: the mean depth in n rows.  scratch.order : 0, 1, ..., n_rows - 1.
    """
    n, f = X.shape[0], features.size
    order, spare, pending = scratch.order, scratch.spare, scratch.pending
    nodes, thresholds = out_tree.nodes, out_tree.nodes.view(np.float64)
    root = pending[0]
    root["start"], root["stop"], root["depth"], root["parent"] = 0, n, 0, -1
    top, q, leaves = 1, 0, 0
    while top > 0:
        top -= 1
        start, stop = pending[top]["start"], pending[top]["stop"]
        depth, parent = pending[top]["depth"], pending[top]["parent"]
        if parent >= 0:
            nodes[parent, 1] |= np.uint64(q)
        out_tree.cover[q] = stop - start
        low, high, j, found = 0.0, 0.0, np.int64(0), False
        tries = 0
        first = np.int64(next_random(random) % np.uint64(f))
        while depth < max_depth and stop - start > 1 and tries < f and not found:
            j = features[(first + tries) % f]
            tries += 1
            low, high = np.inf, -np.inf
            for i in range(start, stop):
                x = X[order[i], j]
                if x < low:  # noqa: PLR1730 (a missing value is neither)
                    low = x
                if x > high:  # noqa: PLR1730
                    high = x
            found = low < high
        if not found:
            nodes[q, 0] = np.uint64(0)
            nodes[q, 1] = LEAF | np.uint64(leaves)
            out_tree.value[leaves, 0] = depth + mean_depths[stop - start]
            leaves += 1
            q += 1
            continue
        u = uniform(random)
        threshold = low * (1.0 - u) + high * u
        if not low <= threshold < high:
            threshold = low
        missing_right = (next_random(random) & np.uint64(1)) == np.uint64(1)
        at, n_right = start, 0
        for i in range(start, stop):
            row = order[i]
            x = X[row, j]
            right = (x > threshold) | (np.isnan(x) & missing_right)
            order[at] = row
            spare[n_right] = row
            at += 1 - np.int64(right)
            n_right += np.int64(right)
        for i in range(n_right):
            order[at + i] = spare[i]
        thresholds[q, 0] = threshold
        nodes[q, 1] = np.uint64(j) << _32
        if missing_right:
            nodes[q, 1] |= MISSING_RIGHT
        for side in range(2):  # the left one last: it is taken first
            child = pending[top]
            child["start"] = start if side else at
            child["stop"] = at if side else stop
            child["depth"] = depth + 1
            child["parent"] = -1 if side else q
            top += 1
        q += 1
    return q, leaves
