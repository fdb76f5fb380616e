"""Differences over folds: paired, corrected, tested together, and silent about equal models."""

import numpy as np
import pytest
from benchmarks.choosing import share_called_different
from scipy.stats import t

from groundup.judge.differences import corrected_error, difference, differences, margin
from groundup.judge.metrics import Score, metric
from groundup.judge.validation import FoldResult, Validation

RMSE = metric("rmse")


def validation(values, test_ratio=None):
    folds = [FoldResult({"rmse": Score(v)}, 0.1, None) for v in values]
    return Validation(folds, test_ratio=test_ratio)


def test_a_difference_is_paired_and_corrected():
    found = difference(RMSE, validation([1.0, 2.0, 3.0]), validation([1.5, 2.1, 3.9]))
    d = np.array([0.5, 0.1, 0.9])
    assert found.mean == pytest.approx(d.mean())
    assert found.error == pytest.approx(d.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2))
    assert difference(RMSE, validation([1.0]), validation([2.0])).error == np.inf


def test_the_rows_of_the_folds_count_not_the_folds_that_were_run():
    assert corrected_error([1.0, 2.0], 1 / 4) == pytest.approx(np.sqrt(0.5) * np.sqrt(1 / 2 + 1 / 4))
    assert margin([1.0, 2.0, 3.0], None) == pytest.approx(t.ppf(0.975, 2) * np.sqrt(1 / 3 + 1 / 2))
    assert margin([1.0], None) is None


def test_intervals_of_several_models_hold_together():
    best = validation([1.0, 1.1, 1.2, 1.1, 1.0])
    other = validation([1.3, 1.25, 1.6, 1.4, 1.15])
    alone, among = differences(RMSE, best, [other])[0], differences(RMSE, best, [other] * 4)[0]
    assert alone.interval.high - alone.mean == pytest.approx(t.ppf(0.975, 4) * alone.error)
    assert among.interval.high - among.mean == pytest.approx(t.ppf(1 - 0.025 / 4, 4) * alone.error)
    assert alone.is_significant
    assert not among.is_significant


def test_fewer_than_five_pairs_are_never_significant():
    four = differences(RMSE, validation([1.0] * 4), [validation([9.0, 9.1, 9.0, 9.1])])[0]
    assert four.interval is None
    assert not four.is_significant
    assert differences(RMSE, validation([1.0] * 5), [validation([9.0, 9.1, 9.0, 9.1, 9.0])])[0].is_significant


@pytest.mark.parametrize("n_models", [2, 4, 8])
def test_equal_models_are_called_different_in_at_most_five_of_a_hundred_comparisons(n_models):
    assert share_called_different(n_models, n_rows=100, runs=500) <= 0.05
