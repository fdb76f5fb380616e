"""Single trees: scikit-learn's where no two splits tie, a naive tree, pruning, words, and hard data."""

import numpy as np
import pytest
from sklearn import tree as theirs
from sklearn.datasets import load_breast_cancer, load_iris

from groundup.judge.explain import shapley
from groundup.models import DecisionTreeClassifier, DecisionTreeRegressor
from groundup.models.trees import exact_codes, export_text, path_in_words

SETTINGS = [
    {"max_depth": 4, "min_samples_leaf": 10},
    {"max_leaf_nodes": 12},
    {"min_samples_leaf": 0.03},
    {"min_samples_split": 0.2, "min_samples_leaf": 5},
    {"max_depth": 5, "min_weight_fraction_leaf": 0.03},
    {"max_depth": 5, "min_samples_leaf": 9, "ccp_alpha": 0.004},
    {"min_impurity_decrease": 0.01, "min_samples_leaf": 9},
]


def rows(seed=0, n=1500, missing=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * rng.normal(size=n)
    X[rng.random(X.shape) < missing] = np.nan
    return X, y, rng.random(n) + 0.1


def assert_same_tree(ours, other):
    assert ours.node_count == other.node_count
    np.testing.assert_array_equal(ours.children_left, other.children_left)
    np.testing.assert_array_equal(ours.feature, other.feature)
    np.testing.assert_array_equal(ours.n_node_samples, other.n_node_samples)
    np.testing.assert_allclose(ours.threshold, other.threshold, rtol=1e-12)
    np.testing.assert_allclose(ours.value, other.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.impurity, other.impurity, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.weighted_n_node_samples, other.weighted_n_node_samples, rtol=1e-9)


@pytest.mark.parametrize("settings", [s for s in SETTINGS if "max_leaf_nodes" not in s], ids=str)
@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error", "absolute_error", "poisson"])
def test_exact_trees_are_scikit_learns(criterion, settings):
    X, y, w = rows()
    classes = criterion in {"gini", "entropy"}
    y = np.digitize(y, [-1, 0.5]) if classes else np.exp(y / 3) if criterion == "poisson" else y
    ours, other = [
        (getattr(where, "DecisionTreeClassifier" if classes else "DecisionTreeRegressor"))(
            criterion=criterion, random_state=0, **settings
        ).fit(X, y, w)
        for where in (__import__("groundup.models", fromlist=["x"]), theirs)
    ]
    assert ours.splitter_ == "exact"
    assert_same_tree(ours.tree_, other.tree_)
    np.testing.assert_allclose(ours.feature_importances_, other.feature_importances_, atol=1e-9)
    assert ours.get_depth() == other.get_depth()
    assert ours.get_n_leaves() == other.get_n_leaves()
    np.testing.assert_array_equal(ours.apply(X), other.apply(X))
    assert (ours.decision_path(X) != other.decision_path(X)).nnz == 0


@pytest.mark.parametrize("criterion", ["gini", "squared_error"])
def test_best_first_and_missing_values_are_scikit_learns(criterion):
    X, y, w = rows(1, missing=0.1)
    test = rows(2, missing=0.1)[0]
    for settings in ({"max_leaf_nodes": 12}, {"max_depth": 4, "min_samples_leaf": 10}):
        if criterion == "gini":
            made = DecisionTreeClassifier, theirs.DecisionTreeClassifier
            target = y > 0
        else:
            made = DecisionTreeRegressor, theirs.DecisionTreeRegressor
            target = y
        ours, other = (cls(random_state=0, **settings).fit(X, target, w) for cls in made)
        ask = "predict_proba" if criterion == "gini" else "predict"
        np.testing.assert_allclose(getattr(ours, ask)(test), getattr(other, ask)(test), rtol=1e-9)


def test_several_outputs():
    X, y, _ = rows()
    labels = np.stack([np.digitize(y, [-1, 0.5]), (y[::-1] > 0).astype(int)], axis=1)
    ours, other = (
        cls(max_depth=4, min_samples_leaf=20, random_state=0).fit(X, labels)
        for cls in (DecisionTreeClassifier, theirs.DecisionTreeClassifier)
    )
    for a, b in zip(ours.predict_proba(X), other.predict_proba(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), other.predict(X))
    numbers = np.stack([y, y**2], axis=1)
    ours, other = (
        cls(max_depth=4, min_samples_leaf=20, random_state=0).fit(X, numbers)
        for cls in (DecisionTreeRegressor, theirs.DecisionTreeRegressor)
    )
    np.testing.assert_allclose(ours.predict(X), other.predict(X), rtol=1e-9)


def naive_gini(X, y):
    """Return the least mean Gini index of two sides over all splits."""
    best = np.inf
    for column in X.T:
        for cut in np.unique(column)[:-1]:
            sides = [y[column <= cut], y[column > cut]]
            best = min(
                best, sum(len(s) * (1 - np.mean(s) ** 2 - np.mean(1 - s) ** 2) for s in sides) / len(y)
            )
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_root_is_the_best_of_all_splits(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 6, (40, 3)).astype(float), rng.integers(0, 2, 40)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, y).tree_
    weight = tree.weighted_n_node_samples
    mean = (weight[1] * tree.impurity[1] + weight[2] * tree.impurity[2]) / weight[0]
    assert mean == pytest.approx(naive_gini(X, y))


def test_many_rows_are_split_between_bins(monkeypatch):
    X, y, _ = rows(n=6000)
    exact = DecisionTreeClassifier(random_state=0, min_samples_leaf=20).fit(X[:4000], y[:4000] > 0)
    monkeypatch.setattr(exact_codes, "EXACT_ROWS", 100)
    monkeypatch.setattr("groundup.models.trees.tree_settings.EXACT_ROWS", 100)
    binned = DecisionTreeClassifier(random_state=0, min_samples_leaf=20).fit(X[:4000], y[:4000] > 0)
    assert (exact.splitter_, binned.splitter_) == ("exact", "histogram")
    assert abs(exact.score(X[4000:], y[4000:] > 0) - binned.score(X[4000:], y[4000:] > 0)) < 0.02
    # With fewer different values than bins, both are the same tree.
    few = np.round(X * 8) / 8
    a = DecisionTreeRegressor(random_state=0, max_depth=5, min_samples_leaf=9).fit(few, y).tree_
    monkeypatch.undo()
    b = DecisionTreeRegressor(random_state=0, max_depth=5, min_samples_leaf=9).fit(few, y).tree_
    np.testing.assert_array_equal(a.n_node_samples, b.n_node_samples)
    np.testing.assert_allclose(a.value, b.value)


def test_random_splits():
    X, y, _ = rows(missing=0.05)
    scores = [
        DecisionTreeRegressor(splitter="random", min_samples_leaf=5, random_state=s).fit(X, y).score(X, y)
        for s in range(5)
    ]
    assert min(scores) > 0.6
    assert len(set(scores)) == 5


def test_the_pruning_path_is_scikit_learns():
    X, y = load_breast_cancer(return_X_y=True)
    ours, other = (
        cls(max_depth=4, min_samples_leaf=8, random_state=0).cost_complexity_pruning_path(X, y)
        for cls in (DecisionTreeClassifier, theirs.DecisionTreeClassifier)
    )
    np.testing.assert_allclose(ours.ccp_alphas, other.ccp_alphas, atol=1e-9)
    np.testing.assert_allclose(ours.impurities, other.impurities, atol=1e-9)
    sizes = [
        DecisionTreeClassifier(max_depth=4, min_samples_leaf=8, random_state=0, ccp_alpha=a)
        .fit(X, y)
        .get_n_leaves()
        for a in ours.ccp_alphas
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_a_tree_in_words():
    X, y = load_iris(return_X_y=True)
    ours = DecisionTreeClassifier(max_depth=2, max_leaf_nodes=3, random_state=0).fit(X[:, 2:3], y)
    other = theirs.DecisionTreeClassifier(max_depth=2, max_leaf_nodes=3, random_state=0).fit(X[:, 2:3], y)
    for options in (
        {},
        {"show_weights": True},
        {"feature_names": ["length"], "decimals": 3},
        {"max_depth": 0},
    ):
        assert export_text(ours, **options) == theirs.export_text(other, **options)
    assert path_in_words(ours, X[0, 2:3], feature_names=["length"]) == [
        "length is 1.4: at most 2.45",
        "The prediction is 0 (100%), from 50 training rows.",
    ]


def test_contributions_add_up():
    X, y, _ = rows(missing=0.1)
    model = DecisionTreeRegressor(max_depth=6, random_state=0).fit(X, y)
    contributions, base = shapley.tree_shapley(model.tree_arrays(), X[:50])
    np.testing.assert_allclose((base + contributions.sum(axis=1))[:, 0], model.predict(X[:50]), atol=1e-9)


@pytest.mark.parametrize("make", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_hard_data(make):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
    X[:, 0] = np.nan
    X[:, 1] = 3.0
    X[:, 2] *= 1e308 / np.abs(X[:, 2]).max()
    model = make(random_state=0).fit(X, y)
    assert model.score(X, y) == 1.0
    assert not {0, 1} & set(model.tree_.feature[model.tree_.children_left >= 0].tolist())
    assert make().fit(X[:1], y[:1]).predict(X[:1]) == y[:1]
    assert make().fit(X, np.zeros(60)).get_n_leaves() == 1
    assert make().fit(np.full((9, 2), np.nan), np.arange(9) % 2).get_n_leaves() == 1
    weight = np.zeros(60)
    with pytest.raises(ValueError, match="zero"):
        make().fit(X, y, weight)
    weight[5] = 1.0
    assert make().fit(X, y, weight).predict(X[5:6]) == y[5:6]
    for bad in (np.inf, -np.inf):
        wrong = X.copy()
        wrong[3, 3] = bad
        with pytest.raises(ValueError, match="infinity"):
            make().fit(wrong, y)
        with pytest.raises(ValueError, match="infinity"):
            model.predict(wrong)
    with pytest.raises(ValueError, match="monotonic_cst"):
        make(monotonic_cst=[1, 0, 0, 0]).fit(X, y)


def test_poisson_refuses_what_has_no_logarithm():
    X, y, _ = rows()
    with pytest.raises(ValueError, match="negative"):
        DecisionTreeRegressor(criterion="poisson").fit(X, y)
    with pytest.raises(ValueError, match="not positive"):
        DecisionTreeRegressor(criterion="poisson").fit(X, np.zeros(len(y)))
