"""Forests: as good as scikit-learn's, the same bits on any number of threads, and each part by itself."""

import numpy as np
import pytest
from sklearn import ensemble as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import cross_val_score

import groundup.models as ours
from groundup.judge.explain import shapley
from groundup.models import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

NAMES = ["RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"]


def rows(name, n=600):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    X[rng.random(X.shape) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 0] * X[:, 1]) + np.nan_to_num(X[:, 2]) + 0.3 * rng.normal(size=n)
    return X, (np.digitize(y, [-0.5, 0.8]) if name.endswith("Classifier") else y)


@pytest.mark.parametrize("name", NAMES)
def test_as_good_as_scikit_learns(name):
    load = load_breast_cancer if name.endswith("Classifier") else load_diabetes
    X, y = load(return_X_y=True)
    a, b = (
        cross_val_score(getattr(room, name)(60, random_state=0), X, y, cv=4).mean() for room in (ours, theirs)
    )
    assert a > b - 0.02


@pytest.mark.parametrize("name", NAMES)
def test_a_forest_is_the_mean_of_its_trees(name):
    X, y = rows(name)
    model = getattr(ours, name)(7, random_state=0, max_depth=5).fit(X, y)
    ask = "predict_proba" if name.endswith("Classifier") else "predict"
    whole = getattr(model, ask)(X).reshape(len(X), -1)
    leaves, walk = model.apply(X), model._walk
    rows_of_value = walk.low()[walk.starts[:-1] + leaves] + walk.firsts[:-1]
    np.testing.assert_allclose(walk.value[rows_of_value].mean(axis=1), whole, rtol=1e-12)
    paths, starts = model.decision_path(X)
    assert paths.shape == (len(X), starts[-1])
    assert (paths[:, starts[:-1]].toarray() == 1).all()
    contributions, base = shapley.tree_shapley(model.tree_arrays(), X[:20])
    np.testing.assert_allclose(base + contributions.sum(axis=1), whole[:20], atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_an_extended_forest_equals_one_grown_at_once(name):
    X, y = rows(name)
    at_once = getattr(ours, name)(9, random_state=0).fit(X, y)
    model = getattr(ours, name)(4, random_state=0, warm_start=True).fit(X, y)
    model.set_params(n_estimators=9, n_jobs=1).fit(X, y)
    for key, value in at_once.get_state().items():
        np.testing.assert_array_equal(model.get_state()[key], value, err_msg=key)
    with pytest.warns(UserWarning, match="Warm-start"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="larger or equal"):
        model.set_params(n_estimators=3).fit(X, y)


def test_out_of_bag():
    X, y = load_breast_cancer(return_X_y=True)
    model = RandomForestClassifier(50, oob_score=True, random_state=0).fit(X, y)
    honest = cross_val_score(RandomForestClassifier(50, random_state=0), X, y, cv=5).mean()
    assert abs(model.oob_score_ - honest) < 0.03
    assert model.oob_decision_function_.shape == (len(X), 2)
    drawn = np.stack(
        [np.bincount(model._draw(np.ones(len(X)), s), minlength=len(X)) for s in model._tree_seeds]
    )
    absent = drawn[:, 7] == 0
    walk = model._walk
    said = [
        RandomForestClassifier.from_state(
            model.get_params(deep=False),
            {
                **model.get_state(),
                **dict(zip(["_starts", "_firsts", "_nodes", "_value"], walk.of(t, t + 1), strict=True)),
                "_cover": model._cover[walk.starts[t] : walk.starts[t + 1]],
                "_importances": model._importances[t : t + 1],
                "_tree_seeds": model._tree_seeds[t : t + 1],
            },
        ).predict_proba(X[7:8])[0]
        for t in np.flatnonzero(absent)
    ]
    np.testing.assert_allclose(np.mean(said, axis=0), model.oob_decision_function_[7], rtol=1e-12)
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(60, oob_score=True, random_state=0).fit(X, y)
    assert 0.3 < model.oob_score_ < 0.55
    assert model.oob_prediction_.shape == y.shape


def test_weights_are_chances_of_being_drawn():
    X, y = rows("RandomForestRegressor")
    weight = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    model = RandomForestRegressor(5, random_state=0).fit(X, y, weight)
    assert (weight[np.unique(model._draw(weight, 3))] > 0).all()
    wild = np.where(weight[:, None] > 0, X, 1e6)
    again = RandomForestRegressor(5, random_state=0).fit(wild, y, weight)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_few_rows_drawn():
    X, y = rows("RandomForestRegressor")
    sizes = [
        len(RandomForestRegressor(3, random_state=0, max_samples=m).fit(X, y)._nodes) for m in (20, 0.2, None)
    ]
    assert sizes == sorted(sizes)
    with pytest.raises(ValueError, match="bootstrap"):
        ExtraTreesRegressor(max_samples=10).fit(X, y)
    with pytest.raises(ValueError, match="bootstrap"):
        ExtraTreesRegressor(oob_score=True).fit(X, y)


def test_rare_classes_count_as_much_when_balanced():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = X[:, 0] + rng.normal(size=2000) > 2.2
    share = {
        kind: RandomForestClassifier(30, min_samples_leaf=30, class_weight=kind, random_state=0)
        .fit(X, y)
        .predict(X)
        .mean()
        for kind in (None, "balanced", "balanced_subsample")
    }
    assert share["balanced"] > share[None] + 0.05
    assert abs(share["balanced_subsample"] - share["balanced"]) < 0.1
