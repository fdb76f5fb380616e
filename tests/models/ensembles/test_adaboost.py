"""Adaptive boosting: scikit-learn's numbers stage by stage, on trees of ours and on any other estimator."""

import numpy as np
import pytest
from sklearn import ensemble as theirs
from sklearn.linear_model import LinearRegression as TheirLinear
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier as TheirClassifier
from sklearn.tree import DecisionTreeRegressor as TheirRegressor

import groundup.models as ours
from groundup.errors import GroundupError, UsageError
from groundup.models import AdaBoostClassifier, AdaBoostRegressor
from groundup.ship import bundle
from groundup.ship.bundle import nodes, values

TREES = {
    "AdaBoostClassifier": (ours.DecisionTreeClassifier, TheirClassifier),
    "AdaBoostRegressor": (ours.DecisionTreeRegressor, TheirRegressor),
}


class Stump(ours.DecisionTreeClassifier):
    """Not the class itself: so it is a stranger."""


class Shallow(ours.DecisionTreeRegressor):
    """Not the class itself: so it is a stranger."""


def rows(n_classes=0, n=700):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6)).astype(np.float32).astype(float)  # scikit-learn's trees round to float32
    y = X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.normal(size=n)
    return X, np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes)) if n_classes else y


def assert_alike(mine, other, X, y):
    """Compare attributes, and all that is said of X, with scikit-learn's."""
    for name in ("estimator_weights_", "estimator_errors_", "feature_importances_"):
        np.testing.assert_allclose(getattr(mine, name), getattr(other, name), rtol=1e-7, atol=1e-10)
    for name in ("decision_function", "predict_proba", "predict_log_proba", "predict"):
        if not hasattr(other, name):
            continue
        np.testing.assert_allclose(getattr(mine, name)(X), getattr(other, name)(X), rtol=1e-7, atol=1e-10)
        if name != "predict_log_proba":
            pairs = list(
                zip(getattr(mine, f"staged_{name}")(X), getattr(other, f"staged_{name}")(X), strict=True)
            )
            for a, b in pairs:
                np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10)
            np.testing.assert_allclose(pairs[-1][0], getattr(mine, name)(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(list(mine.staged_score(X, y)), list(other.staged_score(X, y)), rtol=1e-9)


@pytest.mark.parametrize("n_classes", [1, 2, 4])
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_samme_is_scikit_learns(n_classes, rate):
    X, y = rows(n_classes)
    weight = np.random.default_rng(1).choice([0.0, 0.5, 1.0, 2.0], len(y))
    for w in (None, weight):
        params = {"n_estimators": 20, "learning_rate": rate, "random_state": 0}
        mine = AdaBoostClassifier(**params).fit(X, y, w)
        other = theirs.AdaBoostClassifier(**params).fit(X, y, w)
        if n_classes > 1:
            assert_alike(mine, other, X, y)
        else:
            for name in ("decision_function", "predict_proba", "predict"):
                np.testing.assert_array_equal(getattr(mine, name)(X), getattr(other, name)(X))


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
def test_r2_is_scikit_learns(loss):
    X, y = rows()
    weight = np.random.default_rng(1).choice([0.0, 1.0, 2.0], len(y))
    for w in (None, weight):
        params = {"n_estimators": 20, "loss": loss, "random_state": 0}
        tree = {
            "max_depth": 3,
            "min_samples_leaf": 60,
        }  # so that no two features split a node into the same rows
        mine = AdaBoostRegressor(ours.DecisionTreeRegressor(**tree), **params).fit(X, y, w)
        other = theirs.AdaBoostRegressor(TheirRegressor(**tree), **params).fit(X, y, w)
        assert_alike(mine, other, X, y)


@pytest.mark.parametrize(
    ("cls", "tree", "stranger", "params"),
    [
        (
            AdaBoostClassifier,
            ours.DecisionTreeClassifier,
            Stump,
            {"max_depth": 2, "class_weight": "balanced"},
        ),
        (AdaBoostClassifier, ours.DecisionTreeClassifier, Stump, {"max_depth": 3, "max_features": 2}),
        (AdaBoostRegressor, ours.DecisionTreeRegressor, Shallow, {"max_depth": 4, "splitter": "random"}),
        (
            AdaBoostRegressor,
            ours.DecisionTreeRegressor,
            Shallow,
            {"min_samples_leaf": 0.02, "ccp_alpha": 0.01},
        ),
        (
            AdaBoostRegressor,
            ours.DecisionTreeRegressor,
            Shallow,
            {"criterion": "absolute_error", "max_depth": 2},
        ),
    ],
)
def test_packed_trees_are_the_trees(cls, tree, stranger, params):
    X, y = rows(3 if cls is AdaBoostClassifier else 0)
    X[::7, 2] = np.nan
    packed = cls(tree(**params), n_estimators=8, random_state=0).fit(X, y)
    kept = cls(stranger(**params), n_estimators=8, random_state=0).fit(X, y)
    assert not hasattr(packed, "estimators_")
    assert type(kept.estimators_[0]) is stranger
    assert_alike(packed, kept, X, y)


@pytest.mark.parametrize(
    ("cls", "estimator"),
    [
        (AdaBoostClassifier, SVC()),
        (AdaBoostRegressor, TheirLinear()),
        (AdaBoostClassifier, ours.LogisticRegression()),
    ],
)
def test_any_estimator(cls, estimator):
    X, y = rows(3 if cls is AdaBoostClassifier else 0, n=300)
    labels = np.array(["ant", "bee", "cat"])[y] if cls is AdaBoostClassifier else y
    params = {"n_estimators": 4, "random_state": 0}
    mine = cls(estimator, **params).fit(X, labels)
    other = getattr(theirs, cls.__name__)(estimator, **params).fit(X, labels)
    np.testing.assert_allclose(mine.estimator_weights_, other.estimator_weights_, rtol=1e-6)
    assert (mine.predict(X[:50]) == other.predict(X[:50])).all() if cls is AdaBoostClassifier else True
    np.testing.assert_allclose(*(np.asarray(m.score(X, labels)) for m in (mine, other)), rtol=1e-6)
    with pytest.raises(ValueError, match="NaN"):
        cls(estimator).fit(np.where(X > 2, np.nan, X), labels)
    with pytest.raises(AttributeError, match="feature_importances_"):
        _ = mine.feature_importances_


def test_bundles_hold_learners_of_ours(tmp_path):
    X, y = rows(3, n=200)
    for k, inner in enumerate([ours.DecisionTreeClassifier(max_depth=2), ours.LogisticRegression(C=0.5)]):
        model = AdaBoostClassifier(inner, n_estimators=3, random_state=0).fit(X, y)
        bundle.save(model, tmp_path / f"{k}.groundup", X)
        back = bundle.load(tmp_path / f"{k}.groundup").pipeline
        np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
        assert back.estimator.get_params() == inner.get_params()
        assert not hasattr(back.estimator, "classes_")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda inner: inner.pop("type"), "lacks its type or parameters"),
        (lambda inner: inner.update(type=7), "lacks its type or parameters"),
        (lambda inner: inner.update(type="os.system"), "os.system"),
        (lambda inner: inner.update(params=[1]), "no mapping"),
        (
            lambda inner: inner["params"].update(max_depth=-3),
            "DecisionTreeClassifier is damaged: .*max_depth",
        ),
        (lambda inner: inner["params"].update(bite=1), "there is no parameter 'bite'"),
        (lambda inner: inner.update(state={}), "lacks its type or parameters"),
    ],
)
def test_a_damaged_unfitted_learner_is_one_error(damage, told):
    known = nodes.Nodes()
    model = AdaBoostClassifier(ours.DecisionTreeClassifier(max_depth=2), n_estimators=2).fit(*rows(2, n=60))
    writer = values.Writer(known.write)
    node = writer.write(model, "model")
    assert repr(values.Reader(writer.arrays, known.read).read(node)) == repr(model)
    damage(node["params"]["estimator"])
    with pytest.raises(GroundupError, match=told):
        values.Reader(writer.arrays, known.read).read(node)


def test_bundles_refuse_other_models_with_a_clear_error(tmp_path):
    X, y = rows(2, n=200)
    model = AdaBoostClassifier(TheirClassifier(max_depth=1), n_estimators=3, random_state=0).fit(X, y)
    with pytest.raises(UsageError, match=r"estimator: DecisionTreeClassifier"):
        bundle.save(model, tmp_path / "model.groundup", X)


def test_another_fit_leaves_nothing_of_the_first():
    X, y = rows(2, n=200)
    model = AdaBoostClassifier(ours.LogisticRegression(), n_estimators=3, random_state=0).fit(X, y)
    model.set_params(estimator=None).fit(X, y)
    assert "estimators_" not in vars(model)
    model.set_params(estimator=ours.LogisticRegression()).fit(X, y)
    assert "_nodes" not in vars(model)
    assert len(model.estimators_) == 3


def test_models_that_cannot_be_boosted_are_refused():
    X, y = rows(2, n=200)
    with pytest.raises(ValueError, match="KNeighborsClassifier doesn't support sample_weight"):
        AdaBoostClassifier(KNeighborsClassifier()).fit(X, y)
    with pytest.raises(ValueError, match="worse than random"):
        AdaBoostClassifier(ours.DummyClassifier(strategy="constant", constant=0)).fit(X, y)
    with pytest.raises(ValueError, match="at least one non-zero"):
        AdaBoostClassifier().fit(X, y, np.zeros(len(y)))
    with pytest.warns(UserWarning, match="infinite values"):
        AdaBoostClassifier(n_estimators=5, learning_rate=1e5).fit(X, y)


def test_boosting_ends_with_a_perfect_learner():
    X, y = rows(3, n=200)
    for cls, target in ((AdaBoostClassifier, y), (AdaBoostRegressor, X[:, 0] > 0)):
        tree = TREES[cls.__name__][0]()
        X[:, 0] = np.where(target > 0, 1.0, -1.0) if cls is AdaBoostRegressor else X[:, 0]
        model = cls(tree, n_estimators=5, random_state=0).fit(X, target)
        assert model.estimator_weights_.tolist() == [1, 0, 0, 0, 0]
        assert model.estimator_errors_.tolist() == [0, 1, 1, 1, 1]
        assert model.score(X, target) == 1


def test_more_rows_than_are_sorted_are_split_between_bins():
    X, y = rows(2, n=70_000)
    model = AdaBoostClassifier(n_estimators=5, random_state=0).fit(X, y)
    other = theirs.AdaBoostClassifier(n_estimators=5, random_state=0).fit(X, y)
    assert abs(model.score(X, y) - other.score(X, y)) < 0.005
