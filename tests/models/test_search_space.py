"""Distributions and how a setting is perturbed within them."""

import inspect

import numpy as np
import pytest

from groundup.models import HistGradientBoostingClassifier
from groundup.models.estimator import Choice, Integer, LogUniform, Uniform, describe, perturb

BEST = {"learning_rate": 0.05, "max_leaf_nodes": 31, "min_samples_leaf": 20, "max_iter": 2000}
SPACE = describe(HistGradientBoostingClassifier).search_space
DEFAULTS = {n: p.default for n, p in inspect.signature(HistGradientBoostingClassifier).parameters.items()}


def test_perturbed_settings_are_reproducible_and_within_bounds():
    drawn = [perturb(SPACE, BEST, DEFAULTS, 0, n) for n in range(30)]
    assert drawn == [perturb(SPACE, BEST, DEFAULTS, 0, n) for n in range(30)]
    assert len({str(d) for d in drawn}) > 25
    for d in drawn:
        assert 0.015 <= d["learning_rate"] <= 0.2
        assert 3 <= d["max_leaf_nodes"] <= 127
        assert d["min_samples_leaf"] >= 2
        assert d["max_iter"] == 2000


def test_a_seed_draws_the_settings_it_has_always_drawn():
    # stored runs are resumed by these very settings
    assert perturb(SPACE, BEST, DEFAULTS, 0, 0) == BEST | {
        "max_leaf_nodes": 62,
        "l2_regularization": 0.0,
        "max_features": 1.0,
    }
    assert perturb(SPACE, BEST, DEFAULTS, 7, 3) == BEST | {
        "learning_rate": 0.0625,
        "max_leaf_nodes": 43,
        "l2_regularization": 10.0,
        "max_features": 0.3,
    }


@pytest.mark.parametrize(
    ("prior", "value"),
    [
        (LogUniform(1e-12, 1e-1), 1e-9),
        (LogUniform(0.0123456, 1.0), 0.0123456),
        (Uniform(-1.0, 3.0), 2.9),
        (Integer(1, 10), 7),
        (Integer(5, 10_000), 5),
    ],
)
def test_numbers_stay_within_bounds_and_move(prior, value):
    rng = np.random.default_rng(0)
    drawn = [prior.perturb(value, rng) for _ in range(100)]
    assert all(prior.low <= v <= prior.high for v in drawn)
    assert len(set(drawn)) > 2
    assert {type(v) for v in drawn} == {type(value)}


def test_a_choice_stays_more_often_than_it_changes():
    rng = np.random.default_rng(0)
    drawn = [Choice(("l1", "l2", None), stay=6).perturb("l1", rng) for _ in range(900)]
    assert set(drawn) == {"l1", "l2", None}
    assert 600 < drawn.count("l1") < 800
