"""Binning against numpy.searchsorted, scikit-learn's thresholds, and its own promises."""

import numpy as np
import pytest
from sklearn.ensemble._hist_gradient_boosting.binning import _find_binning_thresholds

from groundup.engine.rows import Memmap, Memory, Rows
from groundup.models.trees.binning import MISSING, bin_rows, find_bins, has_missing, thresholds_of


def _table(n=9000, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.normal(size=n),
            rng.integers(0, 7, n),
            np.exp(3 * rng.normal(size=n)),
            np.zeros(n),
            rng.normal(size=n),
        ]
    )
    X[::3, 4] = np.nan
    return np.ascontiguousarray(X, dtype=dtype)


def _binned(X, max_bins=255, n_threads=1, weight=None):
    rows = Rows(Memory(X), n_threads=n_threads)
    bins = find_bins(rows, weight, max_bins, seed=0)
    binned = bin_rows(rows, bins)
    assert binned.finite
    return rows, bins, binned


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("max_bins", [2, 10, 255])
def test_thresholds_are_scikit_learns(max_bins, weighted):
    X = _table()
    weight = np.random.default_rng(1).random(len(X)) * (np.arange(len(X)) % 5 > 0) if weighted else None
    for f in range(X.shape[1]):
        theirs = _find_binning_thresholds(X[:, f], max_bins, weight)
        kept = slice(None) if weight is None else weight > 0
        ours = thresholds_of(X[kept, f], None if weight is None else weight[kept], max_bins)
        if (
            len(theirs) > 10
        ):  # where a quantile falls between two values exactly, theirs is rounded to one of them
            assert len(ours) == len(theirs)
            assert np.mean(np.isclose(ours, theirs, rtol=1e-15)) > 0.9
            np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=1e-3)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("max_bins", [3, 255])
def test_bins_count_the_thresholds_below(dtype, max_bins):
    X = _table(dtype=dtype)
    _, bins, binned = _binned(X, max_bins)
    by_row = binned.row_major.view(np.uint8)
    for f in range(X.shape[1]):
        edges = bins.thresholds[f, : bins.n_bins[f] - 1]
        assert edges.dtype == dtype
        expected = np.where(np.isnan(X[:, f]), MISSING, np.searchsorted(edges, X[:, f], side="left"))
        assert (by_row[:, f] == expected).all()
        assert expected[~np.isnan(X[:, f])].max() < bins.n_bins[f] <= max_bins


def test_feature_major_bins_are_the_row_major_bins_transposed_in_each_block():
    rows, bins, binned = _binned(_table())
    assert rows.n_blocks > 1
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        by_feature = binned.feature_major[lo:hi].reshape(bins.n_features, hi - lo)
        assert (by_feature == binned.row_major.view(np.uint8)[lo:hi, : bins.n_features].T).all()


def test_rows_of_weight_zero_do_not_move_thresholds():
    X = _table()
    weight = (np.arange(len(X)) % 2).astype(float)
    some = find_bins(Rows(Memory(X)), weight, 50, seed=0)
    only = find_bins(Rows(Memory(np.ascontiguousarray(X[1::2]))), None, 50, seed=0)
    assert (some.thresholds == only.thresholds).all()


def test_the_largest_numbers_have_finite_thresholds():
    big = np.finfo(np.float64).max
    found = thresholds_of(np.array([-np.inf, -big, 0.0, big, np.inf, np.nan]), None, 255)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


def test_infinities_are_reported():
    X = _table()
    X[100, 2] = -np.inf
    rows = Rows(Memory(X))
    assert not bin_rows(rows, find_bins(rows, None, 255, 0)).finite


def test_missing_features_are_those_of_the_rows_that_count():
    rows, _, binned = _binned(_table())
    assert has_missing(rows, binned.feature_major, np.zeros(0)).tolist() == [0, 0, 0, 0, 1]
    weight = (np.arange(rows.n_rows) % 3 > 0).astype(float)
    assert has_missing(rows, binned.feature_major, weight).tolist() == [0, 0, 0, 0, 0]


def test_large_fits_sample_the_same_rows_wherever_they_live(tmp_path):
    X = np.random.default_rng(0).normal(size=(210_000, 2))
    place = Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)
    a = find_bins(Rows(Memory(X), n_threads=2), None, 255, seed=3)
    b = find_bins(Rows(place), None, 255, seed=3)
    assert a.thresholds.tobytes() == b.thresholds.tobytes()
    assert np.abs(a.thresholds[0, :254] - np.quantile(X[:, 0], np.arange(1, 255) / 255)).max() < 0.1
