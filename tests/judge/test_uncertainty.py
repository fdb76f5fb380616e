"""Intervals of scores hold the true score about as often as they say, and stay in the possible range."""

import numpy as np
import pytest

from groundup.judge.metrics import Predicted, metric
from groundup.judge.uncertainty import interval


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


def test_large_parts_are_sampled_and_scaled():
    y, said = binary(60_000, np.random.default_rng(0))
    wide = interval(metric("accuracy"), y, said)
    exact = 1.96 * np.sqrt(0.25 * 0.75 / 60_000)
    assert (wide.high - wide.low) / 2 == pytest.approx(exact, rel=0.6)
