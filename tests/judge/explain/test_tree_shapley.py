"""Shapley values of trees: against all subsets, against the shap package, and adding up."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from groundup import models
from groundup.errors import UsageError
from groundup.judge.explain import Explainer, tree_shapley
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.ensembles.isolation import average_depths
from groundup.models.trees.arrays import TreeArrays


def known_by_cover(trees: TreeArrays, x, known):
    """The trees' score with some features known: Algorithm 1 of Lundberg et al."""
    total = trees.base.copy()
    for t in range(trees.n_trees):
        a = trees.starts[t]

        def value(i, a=a):
            if not trees.left[a + i]:
                return trees.value[a + i]
            left, right = trees.left[a + i], trees.right[a + i]
            f, cut = trees.feature[a + i], trees.threshold[a + i]
            if f in known:
                goes_left = trees.missing_left[a + i] if np.isnan(x[f]) else x[f] <= cut
                if trees.levels is not None and trees.levels[a + i].any() and not np.isnan(x[f]):
                    goes_left = int(trees.levels[a + i, int(x[f]) // 64]) >> int(x[f]) % 64 & 1
                return value(left if goes_left else right)
            share = trees.cover[a + left] / (trees.cover[a + left] + trees.cover[a + right])
            return share * value(left) + (1 - share) * value(right)

        k = trees.output[t]
        total[k : k + trees.value.shape[1]] += value(0)
    return total


def by_all_subsets(value, n):
    """Shapley's formula, word by word."""
    phi = []
    for i in range(n):
        rest = [j for j in range(n) if j != i]
        weight = {k: factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)}
        subsets = [set(s) for k in range(n) for s in combinations(rest, k)]
        phi.append(sum(weight[len(s)] * (value(s | {i}) - value(s)) for s in subsets))
    return np.array(phi)


def as_shap(trees: TreeArrays) -> dict:
    """The trees in the form that shap's TreeExplainer takes."""
    told = []
    for t in range(trees.n_trees):
        nodes = slice(trees.starts[t], trees.starts[t + 1])
        left, right = trees.left[nodes].astype(np.int32), trees.right[nodes].astype(np.int32)
        leaf = left == 0
        values = np.zeros((len(left), len(trees.base)))
        values[:, trees.output[t] : trees.output[t] + trees.value.shape[1]] = trees.value[nodes]
        told.append(
            {
                "children_left": np.where(leaf, -1, left),
                "children_right": np.where(leaf, -1, right),
                "children_default": np.where(leaf, -1, np.where(trees.missing_left[nodes], left, right)),
                "features": np.where(leaf, -2, trees.feature[nodes]),
                "thresholds": trees.threshold[nodes].astype(np.float64),
                "values": values,
                "node_sample_weight": trees.cover[nodes],
            }
        )
    return {"trees": told, "input_dtype": np.float64}


def some_rows(n, n_features, seed=0, missing=0.1, dtype=np.float64):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)).astype(np.float32).astype(dtype)
    X[rng.random(X.shape) < missing] = np.nan
    filled = np.nan_to_num(X)
    return X, filled[:, 0] * filled[:, 1] + filled[:, 2] + 0.3 * rng.normal(size=n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_path_dependent_equals_all_subsets(dtype):
    X, y = some_rows(400, 5, dtype=dtype)
    trees = HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=12).fit(X, y).tree_arrays()
    phi, base = tree_shapley(trees, X[:6])
    np.testing.assert_allclose(base, known_by_cover(trees, X[0], set()), rtol=1e-12)
    for x, found in zip(X[:6], phi, strict=True):
        expected = by_all_subsets(lambda known, x=x: known_by_cover(trees, x, known), 5)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_interventional_equals_all_subsets():
    X, y = some_rows(400, 4)
    model = HistGradientBoostingClassifier(max_iter=4).fit(X, y > 0)
    behind = X[100:120]

    def known(x, features):
        mixed = behind.copy()
        mixed[:, list(features)] = x[list(features)]
        return model.decision_function(mixed).mean()

    phi, base = tree_shapley(model.tree_arrays(), X[:5], behind)
    assert base[0] == pytest.approx(model.decision_function(behind).mean(), abs=1e-12)
    for x, found in zip(X[:5], phi, strict=True):
        expected = by_all_subsets(lambda s, x=x: known(x, s), 4)
        np.testing.assert_allclose(found[:, 0], expected, atol=1e-12)


def rows_with_categories(n=1500, n_levels=90):
    """Numbers, and in column 1 a category whose levels are no codes; some are missing."""
    X, y = some_rows(n, 4)
    level = np.random.default_rng(1).integers(0, n_levels, n)
    effect = np.random.default_rng(2).normal(size=n_levels)
    X[:, 1] = np.where(np.isnan(X[:, 1]), np.nan, 10.0 * level - 40)
    return X, y + 2 * effect[level]


def test_categories_equal_all_subsets():
    X, y = rows_with_categories()
    params = {"max_iter": 4, "max_leaf_nodes": 12, "categorical_features": [1]}
    model = HistGradientBoostingRegressor(**params).fit(X, y)
    trees = model.tree_arrays()
    assert trees.levels is not None
    assert trees.levels.any(axis=1).sum() > 4
    asked = np.concatenate([X[:8], [[0.3, 123456.0, np.nan, 1.0]]])  # the last level was not in the fit
    codes = model.tree_features(asked)
    phi, base = tree_shapley(trees, codes)
    np.testing.assert_allclose(phi.sum(axis=1)[:, 0] + base[0], model.predict(asked), atol=1e-12)
    for x, found in zip(codes, phi, strict=True):
        expected = by_all_subsets(lambda known, x=x: known_by_cover(trees, x, known), 4)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_categories_against_other_rows_equal_all_subsets():
    X, y = rows_with_categories()
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[1]).fit(X, y > 0)
    behind = X[100:130]

    def known(x, features):
        mixed = behind.copy()
        mixed[:, list(features)] = x[list(features)]
        return model.decision_function(mixed).mean()

    phi, base = tree_shapley(model.tree_arrays(), model.tree_features(X[:6]), model.tree_features(behind))
    assert base[0] == pytest.approx(model.decision_function(behind).mean(), abs=1e-12)
    for x, found in zip(X[:6], phi, strict=True):
        expected = by_all_subsets(lambda s, x=x: known(x, s), 4)
        np.testing.assert_allclose(found[:, 0], expected, atol=1e-12)


def test_a_model_with_categories_is_explained_by_its_trees():
    X, y = rows_with_categories()
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[1]).fit(
        X, np.digitize(y, [-1, 1])
    )
    found = Explainer(model).contributions(X[:50])
    assert found.method == "trees"
    np.testing.assert_allclose(found.scores, model.decision_function(X[:50]), atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_equals_shap(n_classes):
    import shap

    X, y = some_rows(1500, 8)
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    trees = HistGradientBoostingClassifier(max_iter=20).fit(X, labels).tree_arrays()
    phi, _ = tree_shapley(trees, X[:200])
    explainer = shap.TreeExplainer(as_shap(trees), feature_perturbation="tree_path_dependent")
    expected = np.asarray(explainer.shap_values(X[:200], check_additivity=False)).reshape(phi.shape)
    np.testing.assert_allclose(phi, expected, atol=1e-9)


def test_interventional_equals_shap_to_its_own_precision():
    import shap

    X, y = some_rows(800, 6, missing=0, dtype=np.float32)
    trees = HistGradientBoostingRegressor(max_iter=10).fit(X, y).tree_arrays()
    phi, _ = tree_shapley(trees, X[:50], X[700:])
    explainer = shap.TreeExplainer(as_shap(trees), data=X[700:], feature_perturbation="interventional")
    expected = explainer.shap_values(X[:50], check_additivity=False)
    # Its own sums miss the prediction by 6e-8: it weighs in float32.
    np.testing.assert_allclose(phi[:, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("background", [None, 60])
def test_adds_up_to_the_score(background):
    X, y = some_rows(3000, 12, missing=0.2)
    model = HistGradientBoostingClassifier(max_iter=15).fit(X, np.digitize(y, [-1, 1]))
    behind = None if background is None else X[:background]
    phi, base = tree_shapley(model.tree_arrays(), X, behind, n_threads=2)
    np.testing.assert_allclose(phi.sum(axis=1) + base, model.decision_function(X), atol=1e-12)


def test_a_row_alone_and_any_number_of_threads_give_the_same_bits():
    X, y = some_rows(2500, 30)
    trees = HistGradientBoostingRegressor(max_iter=10).fit(X, y).tree_arrays()
    phi, _ = tree_shapley(trees, X)
    assert np.array_equal(phi, tree_shapley(trees, X, n_threads=2)[0])
    assert all(np.array_equal(phi[i : i + 1], tree_shapley(trees, X[i : i + 1])[0]) for i in (0, 1200, 2499))


def chain(n, n_features):
    """One tree that is a path: each node asks the next feature, and its left child is a leaf."""
    left = np.zeros(2 * n + 1, np.int32)
    right = np.zeros(2 * n + 1, np.int32)
    feature = np.zeros(2 * n + 1, np.int32)
    inner = np.arange(n) * 2
    left[inner], right[inner], feature[inner] = inner + 1, inner + 2, np.arange(n) % n_features
    cover = np.zeros(2 * n + 1)
    cover[inner], cover[inner + 1], cover[-1] = 2 * n - inner + 1.0, 1.0, 1.0
    cover[inner] = np.cumsum(np.append(1.0, np.ones(n)))[::-1][:n]
    value = np.linspace(-1, 1, 2 * n + 1)[:, np.newaxis] * (left == 0)[:, np.newaxis]
    return TreeArrays(
        np.array([0, 2 * n + 1]), left, right, feature, np.zeros(2 * n + 1), left > 0, cover, value,
        np.zeros(1, np.int64), np.zeros(1),
    )  # fmt: skip


@pytest.mark.parametrize("n_features", [3, 13, 40, 64])
def test_deep_paths_add_up(n_features):
    trees = chain(80, n_features)
    X = np.random.default_rng(0).normal(size=(300, n_features))
    for behind in (None, X[:100]):
        phi, base = tree_shapley(trees, X, behind)
        np.testing.assert_allclose(
            phi.sum(axis=1)[:, 0] + base[0],
            [known_by_cover(trees, x, set(range(n_features)))[0] for x in X],
            atol=1e-12,
        )


def test_too_many_features_on_a_path():
    with pytest.raises(UsageError, match="more than 64 different features"):
        tree_shapley(chain(80, 70), np.zeros((1, 70)))


def test_forests_of_vectors_equal_shap():
    import shap
    from sklearn.ensemble import RandomForestClassifier

    X, y = some_rows(600, 6, missing=0, dtype=np.float32)
    forest = RandomForestClassifier(10, random_state=0).fit(X, np.digitize(y, [-1, 1]))
    parts = [e.tree_ for e in forest.estimators_]
    joined = lambda of: np.concatenate([of(t) for t in parts])  # noqa: E731
    value = joined(lambda t: t.value[:, 0] / t.value[:, 0].sum(axis=1, keepdims=True)) / len(parts)
    left = joined(lambda t: np.maximum(t.children_left, 0)).astype(np.int32)
    trees = TreeArrays(
        np.append(0, np.cumsum([t.node_count for t in parts])),
        left,
        joined(lambda t: np.maximum(t.children_right, 0)).astype(np.int32),
        joined(lambda t: np.maximum(t.feature, 0)).astype(np.int32),
        joined(lambda t: t.threshold),
        left < 0,
        joined(lambda t: t.weighted_n_node_samples),
        value,
        np.zeros(len(parts), np.int64),
        np.zeros(value.shape[1]),
    )
    phi, base = tree_shapley(trees, X[:100])
    np.testing.assert_allclose(phi.sum(axis=1) + base, forest.predict_proba(X[:100]), atol=1e-12)
    expected = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent").shap_values(X[:100])
    np.testing.assert_allclose(phi, expected, atol=1e-9)


@pytest.mark.parametrize("weight", [None, "drawn"])
@pytest.mark.parametrize("kind", ["DecisionTree", "RandomForest", "ExtraTrees"])
@pytest.mark.parametrize("task", ["Classifier", "Regressor"])
def test_our_trees_and_forests_equal_shap(kind, task, weight):
    import shap

    X, y = some_rows(600, 6)
    weight = weight and np.random.default_rng(1).choice([0.0, 0.5, 1.0, 2.0], len(y))
    size = {"max_depth": 9} if kind == "DecisionTree" else {"max_depth": 9, "n_estimators": 8}
    model = getattr(models, kind + task)(**size, random_state=0)
    trees = model.fit(X, np.digitize(y, [-1, 1]) if task == "Classifier" else y, weight).tree_arrays()
    phi, _ = tree_shapley(trees, X[:100])
    explainer = shap.TreeExplainer(as_shap(trees), feature_perturbation="tree_path_dependent")
    expected = np.asarray(explainer.shap_values(X[:100], check_additivity=False)).reshape(phi.shape)
    np.testing.assert_allclose(phi, expected, atol=1e-9)


@pytest.mark.parametrize("weight", [None, "drawn"])
@pytest.mark.parametrize("n_classes", [1, 2, 4])
def test_adaptive_boosting_equals_shap(n_classes, weight):
    X, y = some_rows(600, 6)
    weight = weight and np.random.default_rng(1).choice([0.0, 0.5, 1.0, 2.0], len(y))
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    tree = models.DecisionTreeClassifier(max_depth=3)
    model = models.AdaBoostClassifier(tree, n_estimators=12, random_state=0).fit(X, labels, weight)
    phi = assert_equals_shap(model.tree_arrays(), X[:100], model.decision_function(X[:100]))
    assert (np.abs(phi).max() > 0.01) == (n_classes > 1)
    found = Explainer(model).contributions(X[:5])
    assert found.method == "trees"
    assert found.unit == ("log-odds" if n_classes == 2 else "score")


@pytest.mark.parametrize("weight", [None, "drawn"])
@pytest.mark.parametrize("params", [{}, {"max_samples": 1.0, "max_features": 0.5}, {"bootstrap": True}])
def test_isolation_forests_equal_shap(params, weight):
    X, _ = some_rows(500, 6)
    weight = weight and np.random.default_rng(1).choice([0.0, 0.5, 1.0, 2.0], len(X))
    model = models.IsolationForest(n_estimators=20, random_state=0, **params).fit(X, sample_weight=weight)
    depth = -np.log2(-model.score_samples(X[:100])) * average_depths(model.max_samples_)
    phi = assert_equals_shap(model.tree_arrays(), X[:100], depth)
    assert np.abs(phi).max() > 0.1
    assert Explainer(model).method == "trees"


def assert_equals_shap(trees: TreeArrays, X, said) -> np.ndarray:
    """Compare with shap's values, and their sum with what the model says; return the values."""
    import shap

    phi, base = tree_shapley(trees, X)
    np.testing.assert_allclose(phi.sum(axis=1) + base, said.reshape(len(X), -1), atol=1e-11)
    explainer = shap.TreeExplainer(as_shap(trees), feature_perturbation="tree_path_dependent")
    expected = np.asarray(explainer.shap_values(X, check_additivity=False)).reshape(phi.shape)
    np.testing.assert_allclose(phi, expected, atol=1e-9)
    return phi


def test_what_is_no_sum_of_trees_says_so_and_is_tried_on_other_rows():
    X, y = some_rows(200, 3, missing=0)
    median = models.AdaBoostRegressor(n_estimators=5, random_state=0).fit(X, y)
    with pytest.raises(AttributeError, match="weighted median, not a sum over trees"):
        median.tree_arrays()
    others = models.AdaBoostClassifier(models.LogisticRegression(), n_estimators=3).fit(X, y > 0)
    with pytest.raises(AttributeError) as raised:
        others.tree_arrays()
    assert "needs stages that are groundup's DecisionTreeClassifier" in str(raised.value.__cause__)
    for model in (median, others):
        assert Explainer(model, background=X[:20]).method == "sampled"
