"""Contributions: they belong to the table's columns, add up to the score, and say what nothing is measured from."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import Lasso, PoissonRegressor
from sklearn.svm import SVC, SVR

from groundup.errors import UsageError
from groundup.judge.explain import Explainer
from groundup.models import (
    DummyClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    KMeans,
    LinearRegression,
    LogisticRegression,
    Ridge,
)

COLUMNS = ("months", "fee", "plan", "auto", "since", "noise")


@pytest.mark.parametrize(
    ("learner", "n_classes", "method", "unit"),
    [
        (LogisticRegression(), 2, "linear", "log-odds"),
        (LogisticRegression(), 3, "linear", "score"),
        (HistGradientBoostingClassifier(max_iter=10), 2, "trees", "log-odds"),
        (HistGradientBoostingClassifier(max_iter=10), 3, "trees", "score"),
    ],
)
def test_classifiers_add_up_to_their_decision_function(rows, fitted, learner, n_classes, method, unit):
    frame, z = rows
    y = np.array(["no", "yes", "zz"])[np.digitize(z, np.quantile(z, np.arange(1, n_classes) / n_classes))]
    model = fitted(learner, frame, y)
    found = Explainer(model).contributions(frame)
    assert (found.method, found.unit, found.columns) == (method, unit, COLUMNS)
    assert found.labels == (("yes",) if n_classes == 2 else ("no", "yes", "zz"))
    said = model.decision_function(frame).reshape(len(y), -1)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), said, atol=1e-10)


@pytest.mark.parametrize(
    ("learner", "method"),
    [
        (LinearRegression(), "linear"),
        (Ridge(), "linear"),
        (Lasso(alpha=0.01), "linear"),
        (HistGradientBoostingRegressor(max_iter=10), "trees"),
    ],
)
def test_regressions_add_up_to_their_value(rows, fitted, learner, method):
    frame, z = rows
    model = fitted(learner, frame, z)
    found = Explainer(model).contributions(frame)
    assert (found.method, found.unit, found.labels) == (method, "value", ())
    np.testing.assert_allclose(found.scores[:, 0], model.predict(frame), atol=1e-10)
    assert found.base[0] == pytest.approx(z.mean(), abs=1e-6 if method == "linear" else 0.02)


def test_a_linear_column_is_its_coefficient_times_its_distance_from_the_mean(rows, fitted):
    frame, z = rows
    model = fitted(LinearRegression(), frame, z)
    found = Explainer(model).contributions(frame)
    months = frame["months"].to_numpy().astype(float)
    coef = model[-1].coef_[model[0].get_feature_names_out().tolist().index("months")]
    np.testing.assert_allclose(
        found.values[:, 0, 0], coef * (months - months.mean()) / months.std(), atol=1e-10
    )
    np.testing.assert_allclose(found.values.mean(axis=0), 0, atol=1e-9)  # levels, marks of missing cells, all


@pytest.mark.parametrize(
    ("learner", "near"),
    [
        (LogisticRegression(), 1e-9),
        (HistGradientBoostingClassifier(max_iter=10), 0.02),
        (SVC(), 1e-9),
    ],
)
def test_they_start_from_the_average_over_training_rows(rows, fitted, learner, near):
    frame, z = rows
    model = fitted(learner, frame, np.where(z > 0, "yes", "no"))
    explainer, is_sampled = Explainer(model, frame[:40]), "SVC" in str(learner)
    found = explainer.contributions(frame[:40] if is_sampled else frame)
    assert found.base == pytest.approx(found.scores.mean(axis=0), abs=near)
    assert explainer.start == f"on average over {'40 stored ' * is_sampled}training rows"


@pytest.mark.parametrize("learner", [SVR(), PoissonRegressor()])
def test_what_is_no_sum_is_tried(rows, fitted, learner):
    frame, z = rows
    model = fitted(learner, frame, np.exp(z))
    with pytest.raises(UsageError, match="sampling background rows"):
        Explainer(model).contributions(frame)
    found = Explainer(model, frame[:20]).contributions(frame[:5])
    assert found.method == "sampled"
    assert "Estimated" in found.note
    np.testing.assert_allclose(found.scores[:, 0], model.predict(frame[:5]), atol=1e-9)
    assert found.errors.shape == found.values.shape
    assert found.base[0] == pytest.approx(model.predict(frame[:20]).mean())


def test_sampled_values_come_to_the_exact_ones_of_a_sum(rows, fitted):
    frame, z = rows
    model = fitted(LinearRegression(), frame, z)
    explainer = Explainer(model, frame[:30])
    exact = explainer.contributions(frame[:4]).values
    matrix = explainer.subject.matrix(frame[:4])
    found = explainer._by_sampling(matrix)[0]
    behind = explainer.contributions(frame[:30]).values.mean(axis=0)
    np.testing.assert_allclose(found, exact - behind, atol=1e-9)


def test_a_strangers_classifier_is_explained_in_probabilities(rows, fitted):
    frame, z = rows
    model = fitted(ExtraTreesClassifier(5, random_state=0), frame, z > 0, "linear")
    found = Explainer(model, frame[:20]).contributions(frame[:3])
    assert (found.unit, found.labels) == ("probability", (False, True))
    np.testing.assert_allclose(found.scores, model.predict_proba(frame[:3]), atol=1e-12)


def test_clusters_and_baselines(rows, fitted):
    frame, z = rows
    model = fitted(KMeans(3, random_state=0), frame, None, "linear")
    found = Explainer(model, frame[:20]).contributions(frame[:5])
    assert found.labels == (0, 1, 2)
    assert (found.scores.argmax(axis=1) == model.predict(frame[:5])).all()
    model = fitted(DummyClassifier(), frame, z > 0)
    found = Explainer(model).contributions(frame[:5])
    assert (found.method, not found.values.any()) == ("constant", True)
    np.testing.assert_allclose(found.scores, model.predict_proba(frame[:5]))


def test_arrays_without_a_preparer():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    model = HistGradientBoostingRegressor(max_iter=5).fit(X, X[:, 0])
    found = Explainer(model).contributions(X)
    assert found.columns == ("x0", "x1", "x2", "x3")
    np.testing.assert_allclose(found.scores[:, 0], model.predict(X), atol=1e-12)
    linear = LinearRegression().fit(X, X[:, 0])
    assert Explainer(linear, X).contributions(X).method == "linear"
    with pytest.raises(UsageError, match="4 numbers"):
        Explainer(model).contributions(X[:, :2])
