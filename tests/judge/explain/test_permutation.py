"""Permutation importance: what matters is found, what does not is not clear of zero, and intervals hold."""

import numpy as np
import pytest

from groundup.errors import GroundupError, UsageError
from groundup.judge.explain import permutation_importance
from groundup.judge.metrics import metric
from groundup.judge.predicting import predicted_of
from groundup.models import HistGradientBoostingClassifier, LinearRegression


def test_equals_shuffling_the_table_by_hand(rows, fitted):
    frame, z = rows
    model = fitted(LinearRegression(), frame[:250], z[:250])
    held, y = frame[250:], z[250:]
    found = permutation_importance(model, held, y, "rmse", repeats=3, seed=7)
    rmse = metric("rmse")
    base = rmse.score(y, predicted_of(model, held)).value
    assert found.score == pytest.approx(base)
    for j, name in enumerate(found.columns):
        rises = []
        for r in range(3):
            order = np.random.default_rng(7 + r).permutation(len(y))
            shuffled = held.with_columns(held[name].gather(order))
            rises.append(rmse.score(y, predicted_of(model, shuffled)).value - base)
        assert found.mean[j] == pytest.approx(np.mean(rises), abs=1e-10)


def test_noise_is_not_clear_of_zero_and_the_strongest_is_first(rows, fitted):
    frame, z = rows
    y = np.where(z > 0, "yes", "no")
    model = fitted(HistGradientBoostingClassifier(max_iter=20), frame[:250], y[:250])
    found = permutation_importance(model, frame[250:], y[250:], "roc_auc", part="valid")
    ranked = found.ranked()
    assert ranked[0]["column"] == "months"
    assert ranked[0]["clear"]
    assert not next(r for r in ranked if r["column"] == "noise")["clear"]
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert found.to_dict()["part"] == "valid"
    assert found.chart().kind == "importance"
    assert np.array_equal(found.mean, permutation_importance(model, frame[250:], y[250:], "roc_auc").mean)


def test_the_interval_holds_the_rows_chance():
    """Of 60 samples of rows, the 95 % interval holds the importance on very many rows in at least 85 %."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 3))
    y = X @ [1.0, 0.3, 0.0] + rng.normal(size=len(X))
    model = LinearRegression().fit(X[:2000], y[:2000])
    truth = permutation_importance(model, X, y, "mse", repeats=3, max_rows=None).mean
    held = np.zeros(3)
    for s in range(60):
        part = slice(2000 + 200 * s, 2200 + 200 * s)
        found = permutation_importance(model, X[part], y[part], "mse", seed=s)
        held += (found.low <= truth) & (truth <= found.high)
    assert (held / 60 >= 0.85).all(), held / 60


def test_few_rows_columns_and_wrong_ones(rows, fitted):
    frame, z = rows
    model = fitted(LinearRegression(), frame, z)
    found = permutation_importance(model, frame[:8], z[:8], "mae", columns=["fee"])
    assert found.columns == ("fee",)
    with pytest.raises(UsageError, match="Did you mean 'months'"):
        permutation_importance(model, frame, z, "mae", columns=["month"])
    with pytest.raises(GroundupError, match="r2 is undefined"):
        permutation_importance(model, frame[:1], z[:1], "r2")
    with pytest.raises(UsageError, match="at least one shuffle"):
        permutation_importance(model, frame, z, "mae", repeats=0)
    assert permutation_importance(model, frame, z, "mae", max_rows=100).n_rows == 100


def test_it_prints_and_shows_itself(rows, fitted):
    frame, z = rows
    frame = frame.with_columns(frame["noise"].alias(f"<b>{i}") for i in range(8))
    found = permutation_importance(
        fitted(LinearRegression(), frame[:250], z[:250]), frame[250:], z[250:], "rmse", repeats=2
    )
    lines = str(found).splitlines()
    assert repr(found) == str(found)
    assert len(lines) == 12
    assert lines[0].startswith("Importance on 150 rows: rmse 0.")
    assert lines[1].split()[0] == found.ranked()[0]["column"]
    assert "4 columns more" in lines[-1]
    html = found._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "<svg" in html
