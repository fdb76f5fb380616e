"""Constraints: answers that only rise or fall, features that act together, drawn rows, splits that must pay."""

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from sklearn.datasets import make_friedman1
from threadpoolctl import threadpool_limits

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees import quantising


@pytest.fixture(autouse=True)
def _one_thread_for_the_peer():
    with threadpool_limits(1, user_api="openmp"):
        yield


def _data(n=4000):
    X, y = make_friedman1(n, 6, noise=1.0, random_state=0)
    return X, y


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_answers_go_one_way(monkeypatch, packed, loss):
    if packed:
        monkeypatch.setattr(quantising, "_SMALL_ROWS", 0)
    X, y = _data()
    model = HistGradientBoostingRegressor(loss=loss, monotonic_cst=[1, 0, -1, 0, 0, 0], max_iter=40).fit(X, y)
    assert model.score(X, y) > 0.6
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows = np.tile(X[rng.integers(len(X))], (200, 1))
        for f, way in ((0, 1), (2, -1)):
            moved = rows.copy()
            moved[:, f] = np.linspace(-0.2, 1.2, 200)
            assert (np.diff(model.predict(moved)) * way >= -1e-12).all()


def test_monotonic_predictions_are_scikit_learns():
    X, y = _data()
    params = {"monotonic_cst": [1, -1, 0, 1, 0, 0], "max_iter": 30}
    ours = HistGradientBoostingRegressor(**params).fit(X, y).predict(X)
    theirs = sklearn.ensemble.HistGradientBoostingRegressor(**params).fit(X, y).predict(X)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_monotonic_constraints_by_name_and_invalid_ones():
    X, y = _data(600)
    table = pd.DataFrame(X, columns=list("abcdef"))
    by_name = HistGradientBoostingRegressor(monotonic_cst={"c": -1}, max_iter=5).fit(table, y).predict(table)
    by_place = (
        HistGradientBoostingRegressor(monotonic_cst=[0, 0, -1, 0, 0, 0], max_iter=5).fit(X, y).predict(X)
    )
    assert (by_name == by_place).all()
    with pytest.raises(ValueError, match="unexpected feature names"):
        HistGradientBoostingRegressor(monotonic_cst={"z": -1}).fit(table, y)
    with pytest.raises(ValueError, match="multiclass"):
        HistGradientBoostingClassifier(monotonic_cst=[1] * 6).fit(X, np.arange(600) % 3)


@pytest.mark.parametrize("groups", ["no_interactions", "pairwise", [[0, 1], [1, 2, 3]]])
def test_only_features_of_a_group_stand_on_one_path(groups):
    X, y = _data()
    model = HistGradientBoostingRegressor(interaction_cst=groups, max_iter=15).fit(X, y)
    wanted = {
        "no_interactions": [{f} for f in range(6)],
        "pairwise": [{f, g} for f in range(6) for g in range(6)],
    }.get(groups if isinstance(groups, str) else "", [{0, 1}, {1, 2, 3}, {4, 5}])
    arrays = model.tree_arrays()
    for t in range(arrays.n_trees):
        paths = [(arrays.starts[t], set())]
        while paths:
            node, used = paths.pop()
            at = node - arrays.starts[t]
            if arrays.left[node]:
                used = used | {int(arrays.feature[node])}
                assert any(used <= group for group in wanted)
                paths += [(node - at + kid[node], used) for kid in (arrays.left, arrays.right)]
    theirs = sklearn.ensemble.HistGradientBoostingRegressor(interaction_cst=groups, max_iter=15).fit(X, y)
    assert model.score(X, y) == pytest.approx(theirs.score(X, y), abs=2e-3)


def test_drawn_features_are_drawn_from_those_allowed():
    X, y = _data()
    model = HistGradientBoostingRegressor(
        interaction_cst=[[0, 1, 3], [2, 4, 5]], max_features=0.5, max_iter=40, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize("packed", [False, True])
def test_drawn_rows(monkeypatch, packed):
    if packed:
        monkeypatch.setattr(quantising, "_SMALL_ROWS", 0)
    X, y = _data()
    half = HistGradientBoostingRegressor(subsample=0.5, random_state=0, max_iter=60).fit(X[:3000], y[:3000])
    full = HistGradientBoostingRegressor(random_state=0, max_iter=60).fit(X[:3000], y[:3000])
    assert half.score(X[3000:], y[3000:]) == pytest.approx(full.score(X[3000:], y[3000:]), abs=0.02)
    again = HistGradientBoostingRegressor(subsample=0.5, random_state=0, max_iter=60).fit(X[:3000], y[:3000])
    assert half.predict(X).tobytes() == again.predict(X).tobytes() != full.predict(X).tobytes()
    state = half.get_state()
    assert (state["_count"][state["_starts"][:-1]] == 1500).all()
    assert state["_count"][state["_left"] == 0].min() >= 20


def test_drawn_rows_leave_out_those_of_weight_zero():
    X, y = _data(1000)
    weight = (np.arange(1000) % 4 > 0).astype(float)
    model = HistGradientBoostingRegressor(subsample=0.4, random_state=0, max_iter=3).fit(X, y, weight)
    state = model.get_state()
    assert (state["_count"][state["_starts"][:-1]] == 300).all()


def test_a_split_must_gain_enough():
    X, y = _data()
    free = HistGradientBoostingRegressor(max_iter=3).fit(X, y).get_state()
    strict = HistGradientBoostingRegressor(max_iter=3, min_gain_to_split=500.0).fit(X, y).get_state()
    assert free["_gain"][free["_left"] > 0].min() < 500 < strict["_gain"][strict["_left"] > 0].min()
    none = HistGradientBoostingRegressor(max_iter=3, min_gain_to_split=1e12).fit(X, y)
    np.testing.assert_allclose(none.predict(X), y.mean(), rtol=1e-6)
