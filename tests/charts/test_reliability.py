"""Calibration bins against naive ones, scikit-learn and statsmodels."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from groundup.charts import calibration
from groundup.charts.reliability import calibration_bins, wilson
from groundup.errors import UsageError


@pytest.fixture
def judged():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 3, 4_000)
    return (rng.random(4_000) < p).astype(int), p


def test_bins_are_those_of_scikit_learn(judged):
    y, p = judged
    found = calibration_bins(y, p)
    observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(found.predicted, predicted, rtol=1e-12)
    np.testing.assert_allclose(found.observed, observed, rtol=1e-12)
    assert found.n_rows.sum() == 4_000


def test_intervals_are_wilsons():
    n, hits = np.array([1, 5, 50, 1000]), np.array([0, 5, 7, 999])
    low, high = wilson(hits, n)
    expected = proportion_confint(hits, n, method="wilson")
    np.testing.assert_allclose(low, expected[0], atol=1e-12)
    np.testing.assert_allclose(high, expected[1], atol=1e-12)


def test_a_calibrated_model_is_told_so(judged):
    assert "neither too high nor too low" in calibration(*judged).reading


def test_a_hopeful_model_is_told_so(judged):
    y, p = judged
    assert "points too high" in calibration(y, np.sqrt(p)).reading
    found = calibration_bins(y, np.sqrt(p))
    assert found.bias() == pytest.approx(np.sqrt(p).mean() - y.mean())
    assert found.error() >= abs(found.bias()) - 1e-12


def test_few_distinct_probabilities_make_few_bins():
    found = calibration_bins([0, 1, 1, 0, 1], [0.2, 0.2, 0.9, 0.9, 0.9])
    assert found.n_rows.tolist() == [2, 3]
    assert calibration_bins([0, 1], [0.5, 0.5]).n_rows.tolist() == [2]


def test_counts_below_hold_every_row(judged):
    counts = calibration(*judged).panel_specs()[1]["datasets"]["counts"]
    assert sum(row["n"] for row in counts) == 4_000


@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1, 0.5], [0.5, np.nan]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(UsageError):
        calibration([0, 1], p)
