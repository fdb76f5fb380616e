"""Intervals of scores hold the true score about as often as they say, and stay in the possible range."""

import numpy as np
import pytest
from benchmarks.choosing import DEVIATIONS, coverage, errors_like, two_classes

from groundup.judge.metrics import Predicted, metric
from groundup.judge.uncertainty import interval, lead_interval


def binary(n, rng):
    y = (rng.random(n) < 0.3).astype(int)
    p = 1 / (1 + np.exp(-rng.normal(1.5 * y - 1, 1.2)))
    return y, Predicted((p > 0.5).astype(int), np.c_[1 - p, p], np.array([0, 1]))


def regression(n, rng):
    x = rng.normal(size=n)
    return x + rng.normal(size=n), Predicted(x)


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "precision", "recall", "f1", "log_loss"])
def test_intervals_of_classes_cover(name):
    _covers(name, binary)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_intervals_of_amounts_cover(name):
    _covers(name, regression)


def _covers(name, make):
    truth = metric(name).score(*make(200_000, np.random.default_rng(1))).value
    found = [interval(metric(name), *make(200, np.random.default_rng(s))) for s in range(200)]
    hits = [one is not None and one.low <= truth <= one.high for one in found]
    assert 0.88 <= np.mean(hits) <= 0.99


def test_what_cannot_be_told_is_none():
    y, said = binary(200, np.random.default_rng(0))
    perfect = said._replace(values=y)
    assert interval(metric("accuracy"), y, perfect) is None
    assert interval(metric("accuracy"), y[:3], said._replace(values=said.values[:3])) is None


def test_a_skewed_error_widens_the_interval_upwards():
    rng = np.random.default_rng(0)
    y = rng.lognormal(0, 1.5, 200)
    found = interval(metric("rmse"), y, Predicted(np.full(200, np.exp(1.125))))
    value = metric("rmse").score(y, Predicted(np.full(200, np.exp(1.125)))).value
    assert found.high - value > 1.5 * (value - found.low)
    assert found.is_too_narrow
    assert coverage(metric("rmse"), lambda rng: regression(200, rng), 1.0, runs=100)[1] <= 0.1


@pytest.mark.parametrize(("area", "share", "n"), [(0.96, 0.1, 150), (0.8, 0.3, 150)])
def test_the_area_covers_with_few_positive_rows(area, share, n):
    held, marked = coverage(metric("roc_auc"), two_classes(area, share, n), area, runs=300)
    assert 0.93 <= held <= 1.0
    assert not marked


def test_heavy_tails_cover_or_are_marked():
    held, marked = coverage(
        metric("rmse"), errors_like("log-normal", 200), DEVIATIONS["log-normal"], runs=200
    )
    assert held > 0.83
    assert marked > 0.9


def test_a_perfect_area_has_an_interval_from_below():
    y = np.array([0] * 20 + [1] * 10)
    found = interval(metric("roc_auc"), y, Predicted(y, np.c_[1 - y, y].astype(float), np.array([0, 1])))
    assert 0.75 < found.low < 0.95
    assert found.high == 1.0


def test_the_lead_of_one_model_over_another_is_paired():
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    one = y + rng.normal(size=300)
    other = Predicted(one + 0.3 * rng.normal(size=300))
    found = lead_interval(metric("rmse"), y, Predicted(one), other)
    alone = interval(metric("rmse"), y, other)
    assert found.high - found.low < 0.5 * (alone.high - alone.low)
    assert found.low > 0
    assert lead_interval(metric("rmse"), y[:3], Predicted(one[:3]), Predicted(one[:3])) is None


def test_large_parts_are_sampled_and_scaled():
    y, said = binary(60_000, np.random.default_rng(0))
    wide = interval(metric("accuracy"), y, said)
    exact = 1.96 * np.sqrt(0.25 * 0.75 / 60_000)
    assert (wide.high - wide.low) / 2 == pytest.approx(exact, rel=0.6)
