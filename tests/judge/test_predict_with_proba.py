"""Predictions with probabilities: one pass gives what two calls give."""

import numpy as np
import pytest

from groundup.judge.predicting import predict_with_proba
from groundup.models import (
    AdaBoostClassifier,
    DecisionTreeClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    LogisticRegression,
    RandomForestClassifier,
    Ridge,
    RidgeClassifier,
)


def table(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (300, 5)).astype(float)  # many equal rows, so that scores tie
    return X, np.array(["a", "b", "c"])[:n_classes][
        (X[:, 0] + X[:, 1] + rng.integers(0, 2, 300)).astype(int) % n_classes
    ]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "learner",
    [
        HistGradientBoostingClassifier(max_iter=5),
        RandomForestClassifier(n_estimators=4, random_state=0),
        ExtraTreesClassifier(n_estimators=4, random_state=0),
        DecisionTreeClassifier(max_depth=3),
        AdaBoostClassifier(n_estimators=5, random_state=0),
        LogisticRegression(),
    ],
    ids=lambda learner: type(learner).__name__,
)
def test_labels_and_probabilities_have_the_bits_of_two_calls(learner, n_classes):
    X, y = table(n_classes)
    learner.fit(X, y)
    for rows in (X, X[:1], np.random.default_rng(1).normal(size=(50, 5))):
        labels, proba = predict_with_proba(learner, rows)
        assert labels.tolist() == learner.predict(rows).tolist()
        assert proba is not None
        assert proba.tobytes() == learner.predict_proba(rows).tobytes()


def test_a_score_that_rounds_to_even_probabilities_keeps_its_label():
    X, y = table(2)
    model = HistGradientBoostingClassifier(max_iter=1).fit(X, y)
    raw = np.array([[1e-18], [-1e-18], [0.0]])
    model._raw_scores = lambda rows: (raw, vars(model))
    labels, proba = predict_with_proba(model, X[:3])
    assert proba is not None
    assert proba[:, 1].tolist() == [0.5] * 3  # argmax alone would give "a" three times
    assert labels.tolist() == ["b", "a", "a"]


@pytest.mark.parametrize("learner", [Ridge(), RidgeClassifier()], ids=lambda learner: type(learner).__name__)
def test_models_without_probabilities_give_none(learner):
    X, y = table(2)
    learner.fit(X, y if isinstance(learner, RidgeClassifier) else X[:, 0])
    labels, proba = predict_with_proba(learner, X)
    assert labels.tolist() == learner.predict(X).tolist()
    assert proba is None
