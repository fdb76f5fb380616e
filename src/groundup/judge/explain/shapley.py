"""Exact Shapley values of tree models: the contribution of each feature to each row's difference from the mean score.

    z(x) = base + sum over features i of contribution_i(x)

The two kinds differ in the treatment of an unknown feature:

- *path-dependent* (no background): a condition on an unknown feature is passed by the share of training rows that passed
  it at that node. Needs the trees only.
- *interventional* (a background): an unknown feature has the value of a background row; the mean over these rows.

Exact to rounding (about 1e-14 of the largest score), for any depth of trees; missing values go where training sent them.
A path with more than 64 different features is refused.

Cost, measured: `docs/design/0005-explaining.md`; about 10 us a row and thread for 100 trees of 31 leaves. Memory: the
result, n_rows x n_features x n_outputs, and a chunk of it for each thread. See `shares` and `walk` for the algorithm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.engine.rows import threads
from groundup.errors import UsageError
from groundup.judge.explain.shares import MAX_FEATURES, orders, quadrature
from groundup.judge.explain.walk import MAX_ROWS, add_shapley, deepest, expected_values
from groundup.models.trees.arrays import TreeArrays

#: Maximum number of background rows: more add little, and each costs as much as a row to explain.
MAX_BACKGROUND = 1024
_CHUNK_BYTES = 1 << 19
#: Nodes times rows of one call of the kernel: about a tenth of a second.
_CALL = 20_000_000


def tree_shapley(
    trees: TreeArrays, X, background=None, *, n_threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the contributions of every feature to the scores of rows, and the scores that they start from.

    Parameters
    ----------
    trees : TreeArrays
    X : ndarray of shape (n_rows, n_features)
        NaN is a missing value; no infinity. With native categories, codes: the learner's ``tree_features``.
    background : ndarray of shape (n_background, n_features), optional
        Up to 1024 rows, for interventional values; path-dependent without.
    n_threads : int

    Returns
    -------
    contributions : ndarray of float64 of shape (n_rows, n_features, n_outputs)
    base : ndarray of float64 of shape (n_outputs,)
        ``base + contributions.sum(axis=1)`` is the trees' score of each row.

    Raises
    ------
    UsageError
        If a path has more than 64 different features, or there are too many background rows.
    """
    X = np.asarray(X)
    n_rows, n_features = X.shape
    n_outputs = len(trees.base)
    behind = np.empty((n_features, 0)) if background is None else np.asarray(background).T
    if background is not None and not 0 < behind.shape[1] <= MAX_BACKGROUND:
        raise UsageError(f"A background has 1 to {MAX_BACKGROUND} rows, not {behind.shape[1]}.")
    out = np.zeros((n_rows, n_features, n_outputs))
    groups = _groups(trees, n_rows + behind.shape[1])
    step = int(np.clip(_CHUNK_BYTES // (8 * n_features * n_outputs), 32, MAX_ROWS))
    step = max(1, min(step, -(-n_rows // max(1, n_threads))))

    def explain(c: int) -> None:
        lo, hi = c * step, min((c + 1) * step, n_rows)
        cells = np.empty((n_features, hi - lo + behind.shape[1]), trees.threshold.dtype)
        cells[:, : hi - lo], cells[:, hi - lo :] = X[lo:hi].T, behind
        chunk = np.zeros((n_outputs, n_features, hi - lo))
        for part, depth in groups:
            if not add_shapley(cells, hi - lo, *part, depth, *quadrature(), orders(), chunk):  # pyright: ignore[reportCallIssue] (part has ten arrays)
                raise UsageError(
                    f"A path of these trees has more than {MAX_FEATURES} different features: too many for exact "
                    "Shapley values."
                )
        out[lo:hi] = chunk.transpose(2, 1, 0)

    threads.run(explain, -(-n_rows // step), n_threads)
    return out, _base(trees, groups, behind)


def _groups(trees: TreeArrays, n_rows: int) -> list[tuple[Any, int]]:
    """Cut the trees into calls of the kernel that are not too long: (arrays, depth of the deepest tree) of each."""
    most = max(1, _CALL // max(1, min(n_rows, MAX_ROWS)))
    groups, first = [], 0
    while first < trees.n_trees:
        stop = max(first + 1, int(np.searchsorted(trees.starts, trees.starts[first] + most, "right")) - 1)
        lo, hi = trees.starts[first], trees.starts[stop]
        nodes = [np.ascontiguousarray(values[lo:hi]) for values in trees[1:8]]
        starts = trees.starts[first : stop + 1] - lo
        depth = deepest(starts, nodes[0], nodes[1])
        levels = np.zeros((0, 4), np.uint64) if trees.levels is None else trees.levels[lo:hi]
        groups.append(((starts, *nodes, trees.output[first:stop], levels), depth))
        first = stop
    return groups


def _base(trees: TreeArrays, groups: list, behind: np.ndarray) -> np.ndarray:
    """Return the mean score: over the training rows, by their shares in the nodes, or over the background."""
    base = trees.base.astype(np.float64).copy()
    if not behind.shape[1]:
        for (starts, left, right, _, _, _, cover, value, output, _), _ in groups:
            expected_values(starts, left, right, cover, value, output, base)
        return base
    return base + _mean_scores(trees, behind.T.astype(trees.threshold.dtype))


def _mean_scores(trees: TreeArrays, X: np.ndarray) -> np.ndarray:
    """Return the mean over the rows of what the trees add: level by level, all rows at once."""
    total = np.zeros(len(trees.base))
    for t in range(trees.n_trees):
        a = trees.starts[t]
        at = np.zeros(len(X), np.int64)
        while (inner := np.flatnonzero(trees.left[a + at] != 0)).size:
            node = a + at[inner]
            x = X[inner, trees.feature[node]]
            goes_left = (x <= trees.threshold[node]) | (np.isnan(x) & trees.missing_left[node])
            if trees.levels is not None:
                goes_left = _by_levels(x, trees.levels[node], goes_left)
            at[inner] = np.where(goes_left, trees.left[node], trees.right[node])
        k = trees.output[t]
        total[k : k + trees.value.shape[1]] += trees.value[a + at].mean(axis=0)
    return total


def _by_levels(x: np.ndarray, levels: np.ndarray, goes_left: np.ndarray) -> np.ndarray:
    """Return which rows go left: by the bits of their codes at nodes that have some, else by `goes_left`."""
    code = np.where(np.isnan(x), 0, x).astype(np.int64) & 255
    word = levels[np.arange(len(x)), code >> 6]
    bit = (word >> (code & 63).astype(np.uint64)) & np.uint64(1)
    return np.where(levels.any(axis=1) & ~np.isnan(x), bit != 0, goes_left)
