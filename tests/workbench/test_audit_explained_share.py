"""The share of the target that one column explains, against naive versions."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from groundup.workbench.audit.coding import Coded, coded, codes_by_appearance, pattern, ranks
from groundup.workbench.audit.explained_share import Target, explained_share


def naive(codes, y, folds):
    """Predictions row by row: the mean of the training rows with the same code, and one row of the overall mean."""
    said, base, truth, rows = [], [], [], []
    for train, judged in folds:
        mean = y[train].mean(axis=0)
        for i in judged:
            same = [y[t] for t in train if codes[t] == codes[i]]
            said.append((np.sum(same, axis=0) + mean) / (len(same) + 1))
            base.append(mean)
            truth.append(y[i])
            rows.append(i)
    said, base, truth = np.array(said), np.array(base), np.array(truth)
    return 1 - ((truth - said) ** 2).sum() / ((truth - base) ** 2).sum(), said, np.array(rows)


def folds_of(n, k=4, seed=0):
    part = np.random.default_rng(seed).integers(0, k, n)
    return [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(k)]


@pytest.mark.parametrize("n_classes", [0, 2, 3])
def test_explained_share_equals_a_naive_version(n_classes):
    rng = np.random.default_rng(n_classes)
    codes = rng.integers(0, 6, 240)
    folds = folds_of(240)
    if n_classes:
        y = (codes + rng.integers(0, 3, 240)) % n_classes
        rows = np.eye(n_classes)[y]
    else:
        y = codes + rng.normal(size=240)
        rows = y[:, None]
    found = explained_share(Coded(codes, 6, -1), Target(y, n_classes), folds)
    share, said, order = naive(codes, rows, folds)
    assert found.share == pytest.approx(share, abs=1e-12)
    if n_classes == 2:
        assert found.auc == pytest.approx(roc_auc_score(y[order], said[:, 1]), abs=1e-12)
    else:
        assert found.auc is None


def test_explained_share_is_r2_when_folds_have_the_same_mean():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 4, 20_000)
    y = x + rng.normal(size=20_000)
    folds = folds_of(20_000)
    found = explained_share(Coded(x, 4, -1), Target(y, 0), folds)
    assert found.share == pytest.approx(r2_score(y, x), abs=0.002)


def test_a_copy_explains_everything_and_noise_nothing():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 3000)
    folds = folds_of(3000)
    copy = explained_share(coded(pl.Series(np.where(y, "a", "b"))), Target(y, 2), folds)
    noise = explained_share(coded(pl.Series(rng.normal(size=3000))), Target(y, 2), folds)
    assert copy.share > 0.999
    assert copy.auc == 1.0
    assert -0.05 < noise.share < 0.01
    assert 0.45 < noise.auc < 0.55


def test_a_category_with_a_level_per_row_explains_nothing():
    """In-sample, a level per row explains everything; out of fold, nothing (a processor's sums may round to 2e-16)."""
    y = np.random.default_rng(3).integers(0, 2, 900)
    found = explained_share(coded(pl.Series([f"n{i}" for i in range(900)])), Target(y, 2), folds_of(900))
    assert abs(found.share) < 1e-12


def test_bins_hold_about_equal_counts_and_missing_is_separate():
    rng = np.random.default_rng(4)
    values = pl.Series(rng.gamma(1, size=4000)).set(pl.Series(rng.random(4000) < 0.1), None)
    found = coded(values)
    counts = np.bincount(found.codes, minlength=found.n_codes)
    assert counts[found.missing] == values.null_count()
    rest = np.delete(counts, found.missing)
    assert rest.min() > 0.8 * rest.mean()
    assert (found.codes[values.is_null().to_numpy()] == found.missing).all()


def test_few_values_get_a_code_each():
    found = coded(pl.Series([3.0, 1.0, None, 3.0, 2.0] * 30))
    assert found.codes[:5].tolist() == [2, 0, 3, 2, 1]


def test_levels_beyond_the_limit_share_a_code(monkeypatch):
    monkeypatch.setattr("groundup.workbench.audit.coding.MAX_LEVELS", 2)
    found = coded(pl.Series(["a", "b", "b", "c", "d", "a", "a"]))
    assert found.codes.tolist() == [0, 1, 1, 2, 2, 0, 0]


def test_an_empty_column_is_one_code():
    found = coded(pl.Series([None, None], dtype=pl.Float64))
    assert (found.codes.tolist(), found.n_codes) == ([0, 0], 1)


def test_pattern_codes_missing_and_a_frequent_value():
    found = pattern(pl.Series([0.0, 0.0, 1.5, 2.5, None, 0.0]))
    assert found.codes.tolist() == [2, 2, 0, 0, 1, 2]
    assert pattern(pl.Series(["x", None])).codes.tolist() == [0, 1]


def test_codes_by_first_appearance_are_equal_for_a_recoding():
    words = pl.Series(["b", "a", None, "b"])
    assert codes_by_appearance(words).tolist() == [0, 1, 2, 0]
    assert codes_by_appearance(pl.Series([7, 3, 5, 7])).tolist() == [0, 1, 2, 0]


def test_ranks_equal_scipy():
    from scipy.stats import rankdata

    values = np.array([3.0, 1.0, 3.0, 2.0])
    assert ranks(values).tolist() == rankdata(values).tolist()
    assert np.isnan(ranks(np.array([1.0, np.nan]))[1])
