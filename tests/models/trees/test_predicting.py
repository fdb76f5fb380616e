"""Predictions against a walk in plain Python, alone against among others, and what `check` refuses."""

import numpy as np
import pytest

from groundup.models.trees.boosted_trees import BoostedTrees
from groundup.models.trees.predicting import PreparedTrees, add_trees


def _tree(rng, n_splits, n_features, dtype):
    """A random tree, children after parents."""
    n = 2 * n_splits + 1
    left, leaves = np.zeros(n, np.int32), [0]
    for i in range(n_splits):
        left[leaves.pop(rng.integers(len(leaves)))] = 2 * i + 1
        leaves += [2 * i + 1, 2 * i + 2]
    inner = left > 0
    threshold = np.where(inner, rng.normal(size=n), 0).astype(dtype)
    threshold[inner & (rng.random(n) < 0.1)] = np.inf
    feature = np.where(inner, rng.integers(0, n_features, n), 0).astype(np.int32)
    value = np.where(inner, 0, rng.normal(size=n))
    return BoostedTrees(
        np.array([0, n]),
        feature,
        threshold,
        left,
        inner & (rng.random(n) < 0.5),
        value,
        np.zeros(n),
        np.ones(n, int),
    )


def _trees(n_trees=7, n_features=4, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return BoostedTrees.joined([_tree(rng, rng.integers(0, 20), n_features, dtype) for _ in range(n_trees)])


def _rows(n, n_features=4, dtype=np.float64, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)).astype(dtype)
    X[rng.random(X.shape) < 0.2] = np.nan
    return X


def _naive(trees, X, baseline, n_outputs):
    out = np.tile(baseline, (len(X), 1))
    for i, x in enumerate(X):
        for t in range(trees.n_trees):
            at = a = trees.starts[t]
            while trees.left[at]:
                v = x[trees.feature[at]]
                left = trees.missing_left[at] if np.isnan(v) else v <= trees.threshold[at]
                at = a + trees.left[at] + (not left)
            out[i, t % n_outputs] += trees.value[at]
    return out


def _scores(trees, X, baseline):
    out = np.empty((len(X), len(baseline)))
    add_trees(X, PreparedTrees.of(trees), baseline, out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_trees", "n_outputs"), [(1, 1), (7, 1), (6, 3)])
@pytest.mark.parametrize("n_rows", [1, 8, 9, 64, 150])
def test_scores_are_those_of_a_plain_walk(n_rows, n_trees, n_outputs, dtype):
    trees, X = _trees(n_trees, dtype=dtype), _rows(n_rows, dtype=dtype)
    baseline = np.linspace(-1, 1, n_outputs)
    assert _scores(trees, X, baseline).tobytes() == _naive(trees, X, baseline, n_outputs).tobytes()


def test_a_row_has_the_same_bits_alone_and_among_others():
    trees, X, baseline = _trees(), _rows(203), np.array([0.3])
    together = _scores(trees, X, baseline)
    assert together.tobytes() == b"".join(
        _scores(trees, X[i : i + 1], baseline).tobytes() for i in range(len(X))
    )


def test_an_infinity_shows_in_its_own_row_only():
    trees, X, baseline = _trees(), _rows(20), np.array([0.3])
    X[3, 1] = -np.inf
    for rows in (X, X[3:5]):
        assert np.isnan(_scores(trees, rows, baseline)[:, 0]).tolist() == np.isinf(rows).any(axis=1).tolist()


def test_parts_and_joined_trees_are_the_same():
    trees = _trees()
    again = BoostedTrees.joined([trees.of(i, i + 1) for i in range(trees.n_trees)])
    assert all(a is b is None or (a == b).all() for a, b in zip(trees, again, strict=True))
    trees.check(n_features=4, n_outputs=1)


def _changed(**fields):
    def change(trees):
        copied = BoostedTrees(*(None if a is None else a.copy() for a in trees))
        for name, (at, value) in fields.items():
            getattr(copied, name)[at] = value
        return copied

    return change


@pytest.mark.parametrize(
    "change",
    [
        _changed(starts=(0, 1)),
        _changed(starts=(-1, 5)),
        _changed(starts=(1, 0)),
        _changed(left=(0, 10_000)),
        _changed(left=(0, -1)),
        _changed(left=(0, 2**31 - 1)),
        _changed(left=(1, 1)),
        _changed(left=(0, 0)),
        _changed(feature=(0, 4)),
        _changed(feature=(2, -1)),
        _changed(threshold=(0, np.nan)),
        _changed(value=(3, np.inf)),
        _changed(gain=(3, np.nan)),
        _changed(count=(3, -1)),
        lambda trees: trees._replace(starts=np.zeros(0, np.int64)),
        lambda trees: trees._replace(starts=trees.starts[:1]),
    ],
)
def test_trees_that_a_kernel_could_not_walk_are_refused(change):
    trees = BoostedTrees.joined([_tree(np.random.default_rng(5), 9, 4, np.float64) for _ in range(3)])
    trees.check(4, 1)
    with pytest.raises(ValueError):
        change(trees).check(4, 1)


def test_trees_must_fit_the_outputs():
    with pytest.raises(ValueError, match="shared"):
        _trees(7).check(4, 3)


@pytest.mark.parametrize("n", [3, 200])
def test_where_categories_decide_the_bit_of_the_code_does(n):
    rng = np.random.default_rng(0)
    trees = _trees(5, seed=3)
    levels = rng.integers(0, 2**63, (len(trees.left), 4), dtype=np.uint64)
    levels[(trees.left == 0) | (rng.random(len(trees.left)) < 0.3)] = 0
    trees = trees._replace(levels=levels)
    trees.check(4, 1)
    X = rng.integers(0, 255, (n, 4)).astype(float)
    X[rng.random(X.shape) < 0.2] = np.nan
    expected = np.zeros(n)
    for i, x in enumerate(X):
        for t in range(trees.n_trees):
            at = a = trees.starts[t]
            while trees.left[at]:
                v = x[trees.feature[at]]
                left = v <= trees.threshold[at]
                if np.isnan(v):
                    left = trees.missing_left[at]
                elif levels[at].any():
                    left = int(levels[at, int(v) >> 6]) >> (int(v) & 63) & 1
                at = a + trees.left[at] + (not left)
            expected[i] += trees.value[at]
    np.testing.assert_allclose(_scores(trees, X, np.zeros(1))[:, 0], expected, rtol=1e-12)
    with pytest.raises(ValueError, match="categories"):
        trees._replace(levels=np.ones_like(levels)).check(4, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n_splits", "by_conditions"), [(0, True), (31, True), (32, True), (63, True), (64, False)]
)
def test_conditions_lead_where_walks_lead(n_splits, by_conditions, dtype):
    rng = np.random.default_rng(n_splits)
    trees = BoostedTrees.joined([_tree(rng, n_splits, 4, dtype) for _ in range(5)])
    assert (PreparedTrees.of(trees).conditions is not None) == by_conditions
    X, baseline = _rows(300, dtype=dtype), np.array([0.5])
    assert _scores(trees, X, baseline).tobytes() == _naive(trees, X, baseline, 1).tobytes()
