"""Categories in boosting: levels by value, rare and unseen ones, the same from any kind of table."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.ensemble
from threadpoolctl import threadpool_limits

from groundup.engine.rows import Memmap
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees import quantising
from groundup.models.trees.categories import Coding, Levels, codes_of, count_levels, levels_of


@pytest.fixture(autouse=True)
def _one_thread_for_the_peer():
    with threadpool_limits(1, user_api="openmp"):
        yield


def _data(n=4000, n_levels=30, seed=0):
    """Numbers, with a category in column 2 of which a twentieth is missing; and the target."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    X[:, 2] = rng.integers(0, n_levels, n) * 10 - 40
    effect = dict(zip(range(-40, 10 * n_levels - 40, 10), rng.normal(size=n_levels), strict=True))
    y = np.array([effect[v] for v in X[:, 2]]) + X[:, 0] + 0.3 * rng.normal(size=n)
    X[rng.random(n) < 0.05, 2] = np.nan
    return X, y


def _table(kind, X, categories=True):
    texts = [None if np.isnan(v) else f"level {v:+.0f}" for v in X[:, 2]]
    if not categories:
        return kind({"a": X[:, 0], "b": X[:, 1], "c": texts, "d": X[:, 3]})
    column = pd.Categorical(texts) if kind is pd.DataFrame else pl.Series(texts, dtype=pl.Categorical)
    return kind({"a": X[:, 0], "b": X[:, 1], "c": column, "d": X[:, 3]})


# ---------------------------------------------------------------------------------------------- codes
def test_levels_are_numbered_in_order_and_the_rarest_share_a_code():
    levels = levels_of(["d", "a", "c", "b"], np.array([5, 1, 9, 2]), 255)
    assert levels == Levels(["a", "b", "c", "d"], [0, 1, 2, 3])
    levels = levels_of(["d", "a", "c", "b"], np.array([5, 1, 9, 2]), 3)
    assert levels == Levels(["a", "b", "c", "d"], [2, 2, 0, 1])
    assert levels.n_codes == 3
    assert codes_of(["d", None, "z", "a"], levels).tolist()[::3] == [1, 2]
    assert np.isnan(codes_of(["d", None, "z", "a"], levels)[1:3]).all()


def test_a_coding_is_a_dictionary():
    rng = np.random.default_rng(0)
    values = np.unique(rng.normal(size=40)).tolist()
    coding = Coding.of({1: Levels(values, list(range(40))), 2: Levels(["a"], [0])})
    X = rng.choice([*values, 7.5, np.nan], (500, 3))
    X[0, 1] = np.inf
    coded = coding.apply(X)
    of = {v: i for i, v in enumerate(values)} | {np.inf: np.inf}
    np.testing.assert_array_equal(coded[:, 1], [of.get(v, np.nan) for v in X[:, 1]])
    assert np.isnan(coded[:, 2]).all()
    assert (coded[:, 0][~np.isnan(X[:, 0])] == X[:, 0][~np.isnan(X[:, 0])]).all()


def test_invalid_levels_are_refused():
    with pytest.raises(ValueError, match="not both"):
        count_levels(["a", 1.0])
    with pytest.raises(ValueError, match="not tuple"):
        count_levels([(1, 2)])
    with pytest.raises(ValueError, match="infinity"):
        count_levels([1.0, np.inf])
    assert count_levels(["a", "b", None, "a"], np.array([1.0, 0, 1, 2]))[0] == ["a"]


# ---------------------------------------------------------------------------------------------- fits
@pytest.mark.parametrize("packed", [False, True])
def test_quality_is_scikit_learns(monkeypatch, packed):
    if packed:
        monkeypatch.setattr(quantising, "_SMALL_ROWS", 0)
    X, y = _data(8000)
    params = {"categorical_features": [2], "early_stopping": False, "max_iter": 50}
    ours = HistGradientBoostingRegressor(**params).fit(X[:6000], y[:6000])
    theirs = sklearn.ensemble.HistGradientBoostingRegressor(**params).fit(X[:6000], y[:6000])
    assert ours.is_categorical_.tolist() == [False, False, True, False]
    rmse = [np.sqrt(np.mean((m.predict(X[6000:]) - y[6000:]) ** 2)) for m in (ours, theirs)]
    assert rmse[0] == pytest.approx(rmse[1], rel=5e-3)
    labels = y > 0
    ours = HistGradientBoostingClassifier(**params).fit(X[:6000], labels[:6000])
    theirs = sklearn.ensemble.HistGradientBoostingClassifier(**params).fit(X[:6000], labels[:6000])
    assert ours.score(X[6000:], labels[6000:]) == pytest.approx(
        theirs.score(X[6000:], labels[6000:]), abs=6e-3
    )


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_every_kind_of_input_gives_the_same_model(tmp_path, kind):
    X, y = _data(1500)
    plain = HistGradientBoostingRegressor(max_iter=10, categorical_features=[2]).fit(X, y)
    table = _table(kind, X)
    by_type = HistGradientBoostingRegressor(max_iter=10).fit(table, y)
    by_name = HistGradientBoostingRegressor(max_iter=10, categorical_features=["c"]).fit(
        _table(kind, X, False), y
    )
    assert by_type.is_categorical_.tolist() == [False, False, True, False]
    assert by_type.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert by_type.predict(table).tobytes() == by_name.predict(_table(kind, X, False)).tobytes()
    objects = np.column_stack(
        [X[:, :2].astype(object), np.array(_table(kind, X, False)["c"]), X[:, 3:].astype(object)]
    )
    by_index = HistGradientBoostingRegressor(max_iter=10, categorical_features=[2]).fit(objects, y)
    assert by_index.predict(objects).tobytes() == by_type.predict(table).tobytes()
    np.testing.assert_allclose(
        by_type.predict(table), plain.predict(X), rtol=0.5, atol=0.5
    )  # other codes, other ties
    place = Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)
    on_disk = HistGradientBoostingRegressor(max_iter=10, categorical_features=[2]).fit(place, y)
    assert on_disk.predict(X).tobytes() == plain.predict(X).tobytes()
    shuffled = table[["d", "c", "b", "a"]] if kind is pd.DataFrame else table.select("d", "c", "b", "a")
    with pytest.raises(ValueError, match="feature names"):
        by_type.predict(shuffled)


def test_the_index_of_a_table_means_nothing():
    X, y = _data(300)
    table = _table(pd.DataFrame, X)
    model = HistGradientBoostingRegressor(max_iter=5).fit(table, y)
    assert (model.predict(table.set_index(np.arange(300)[::-1] * 7)) == model.predict(table)).all()


def test_an_unseen_level_counts_as_missing():
    X, y = _data()
    for model in (
        HistGradientBoostingRegressor(max_iter=10, categorical_features=[2]).fit(X, y),
        HistGradientBoostingRegressor(max_iter=10, categorical_features=[2]).fit(
            X[~np.isnan(X[:, 2])], y[~np.isnan(X[:, 2])]
        ),
    ):
        other, missing = X.copy(), X.copy()
        other[:, 2], missing[:, 2] = 12345.0, np.nan
        assert (model.predict(other) == model.predict(missing)).all()


def test_more_levels_than_bins():
    X, y = _data(6000, n_levels=3000)
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=[2], max_bins=16).fit(X, y)
    coded = model._coding.apply(X)[:, 2]
    assert np.nanmax(coded) == 15
    counts = dict(zip(*np.unique(X[~np.isnan(X[:, 2]), 2], return_counts=True), strict=True))
    own = [counts[v] for v, c in zip(X[:, 2], coded, strict=True) if c < 15]
    shared = [counts[v] for v, c in zip(X[:, 2], coded, strict=True) if c == 15]
    assert min(own) >= max(shared)
    assert model.score(X, y) > 0.3


def test_tables_and_arrays_show_the_trees_the_same_codes():
    X, y = _data()
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=["c"]).fit(
        _table(pl.DataFrame, X), y
    )
    codes = model.tree_features(_table(pd.DataFrame, X[:20]))
    assert np.array_equal(codes, model.tree_features(_table(pl.DataFrame, X[:20])), equal_nan=True)
    assert np.array_equal(np.isnan(codes[:, 2]), np.isnan(X[:20, 2]))


def test_one_row_alone_and_among_others():
    X, y = _data(1000)
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[2]).fit(X, y > 0)
    alone = np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(60)])
    assert alone.tobytes() == model.predict_proba(X)[:60].tobytes()
    assert [*model.staged_predict_proba(X)][-1].tobytes() == model.predict_proba(X).tobytes()
    bad = X[:1].copy()
    bad[0, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.predict(bad)
    with pytest.raises(ValueError, match="infinity"):
        HistGradientBoostingRegressor(categorical_features=[2]).fit(np.where(X > 200, np.inf, X), y)


@pytest.mark.parametrize("texts", [False, True])
def test_early_stopping_warm_start_and_state(texts):
    X, y = _data(1500)
    data = _table(pl.DataFrame, X) if texts else X
    seen = []

    def scorer(model, X, y):
        seen.append(model.predict(X))
        return -np.mean((seen[-1] - y) ** 2)

    params = {"categorical_features": ["c"] if texts else [2], "early_stopping": True, "random_state": 0}
    named = HistGradientBoostingRegressor(max_iter=4, scoring="neg_mean_squared_error", **params).fit(data, y)
    called = HistGradientBoostingRegressor(max_iter=4, scoring=scorer, **params).fit(data, y)
    np.testing.assert_allclose(called.validation_score_, named.validation_score_, rtol=1e-12)
    warm = HistGradientBoostingRegressor(max_iter=2, warm_start=True, **params).fit(data, y)
    warm.set_params(max_iter=4).fit(data, y)
    once = HistGradientBoostingRegressor(max_iter=4, **params).fit(data, y)
    assert warm.predict(data).tobytes() == once.predict(data).tobytes()
    given = HistGradientBoostingRegressor(max_iter=4, **params).fit(data, y, X_val=data, y_val=y)
    assert given.validation_score_[-1] == pytest.approx(-0.5 * np.mean((given.predict(data) - y) ** 2))
    again = HistGradientBoostingRegressor.from_state(once.get_params(), once.get_state())
    assert again.predict(data).tobytes() == once.predict(data).tobytes()
    assert pickle.loads(pickle.dumps(once)).predict(data).tobytes() == once.predict(data).tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"features": [9]},
        {"features": []},
        {"codes": [[300, 1]]},
        {"levels": [["b", "a"]]},
        {"levels": [["a", 1.0]]},
        {"codes": [[0]]},
        None,
    ],
)
def test_a_changed_state_is_refused(change):
    X = pd.DataFrame({"a": pd.Categorical(["a", "b"] * 60), "b": np.arange(120.0)})
    model = HistGradientBoostingRegressor(max_iter=3).fit(X, np.tile([0.0, 1.0], 60))
    state = model.get_state()
    state["_categories"] = None if change is None else {**state["_categories"], **change}
    with pytest.raises(ValueError):
        HistGradientBoostingRegressor.from_state(model.get_params(), state)


def test_rows_of_weight_zero_leave_no_levels():
    X, y = _data(1500)
    weight = (X[:, 2] != 0).astype(float)
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features=[2]).fit(X, y, weight)
    only = HistGradientBoostingRegressor(max_iter=5, categorical_features=[2]).fit(
        X[weight > 0], y[weight > 0]
    )
    assert model._categories == only._categories
    np.testing.assert_allclose(model.predict(X), only.predict(X), rtol=1e-6)
