"""scikit-learn's wrappers work around every model: voting, stacking, bagging, calibration, pipelines, searches."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_blobs
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import groundup.models
from groundup.models import DecisionTreeClassifier, DecisionTreeRegressor, LogisticRegression, Ridge
from groundup.models.estimator import describe

#: The default penalty, 1, leaves nothing but the median of so few rows; scikit-learn's does the same.
HERE = {"QuantileRegressor": {"alpha": 0.01}}


def learner(name):
    """Return a quick model that draws the same numbers in every fit."""
    cls = getattr(groundup.models, name)
    made = cls(**{**describe(cls).quick, **HERE.get(name, {})})
    return made.set_params(random_state=0) if "random_state" in made.get_params() else made


def named(wanted):
    return [name for name in groundup.models.__all__ if wanted(learner(name))]


def classes_voted(ours):
    voting = "soft" if hasattr(ours, "predict_proba") else "hard"
    return VotingClassifier(
        [("ours", ours), ("tree", DecisionTreeClassifier(max_depth=2, random_state=0))], voting=voting
    )


def numbers_voted(ours):
    return VotingRegressor([("ours", ours), ("tree", DecisionTreeRegressor(max_depth=2, random_state=0))])


def classes_stacked(ours):
    members = [("ours", ours), ("tree", DecisionTreeClassifier(max_depth=2, random_state=0))]
    return StackingClassifier(members, final_estimator=LogisticRegression(), cv=2)


def numbers_stacked(ours):
    members = [("ours", ours), ("tree", DecisionTreeRegressor(max_depth=2, random_state=0))]
    return StackingRegressor(members, final_estimator=Ridge(), cv=2)


def classes_bagged(ours):
    return BaggingClassifier(ours, n_estimators=3, random_state=0)


def numbers_bagged(ours):
    return BaggingRegressor(ours, n_estimators=3, random_state=0)


def calibrated(ours):
    return CalibratedClassifierCV(ours, cv=2)


def searched(ours):
    """Return a search over scaling or not, which sets every parameter of ours by its name."""
    steps = Pipeline([("scale", StandardScaler()), ("ours", ours)])
    own = {f"ours__{name}": [value] for name, value in ours.get_params(deep=False).items()}
    return GridSearchCV(steps, {"scale": [StandardScaler(), "passthrough"], **own}, cv=2)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "wrapped",
    [classes_voted, classes_stacked, classes_bagged, calibrated, searched],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("name", named(is_classifier))
def test_classifiers_inside(name, wrapped, n_classes):
    X, codes = make_blobs(90, 4, centers=n_classes, cluster_std=2.0, random_state=0)
    y = np.array(["ash", "birch", "cedar"])[codes]
    model = wrapped(learner(name)).fit(X, y)
    answers = model.predict(X)
    assert model.classes_.tolist() == sorted(set(y))
    assert set(answers) <= set(y)
    if name != "DummyClassifier":
        assert (answers == y).mean() > 0.8
    tells = hasattr(learner(name), "predict_proba") or wrapped in (
        classes_stacked,
        classes_bagged,
        calibrated,
    )
    assert hasattr(model, "predict_proba") == tells
    if tells:
        shares = model.predict_proba(X)
        assert shares.shape == (90, n_classes)
        assert (shares >= 0).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), answers)


@pytest.mark.parametrize(
    "wrapped", [numbers_voted, numbers_stacked, numbers_bagged, searched], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("name", named(is_regressor))
def test_regressors_inside(name, wrapped):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 4))
    y = 10 * np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1] + 0.1 * rng.standard_normal(90))  # positive
    model = wrapped(learner(name)).fit(X, y)
    answers = model.predict(X)
    assert answers.shape == (90,)
    assert np.isfinite(answers).all()
    if name != "DummyRegressor":
        assert model.score(X, y) > 0.3
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), answers)
