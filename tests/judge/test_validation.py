"""Folds: every fitted step fitted inside, every row judged once, differences with their error."""

from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score

from groundup.judge import Predicted, metric, validate
from groundup.judge.differences import difference
from groundup.judge.metrics import Score
from groundup.judge.predicting import row_micros, size_bytes
from groundup.judge.scoring import Scoring
from groundup.judge.validation import (
    FoldResult,
    Folds,
    Validation,
    answerable,
    deciding_metric,
    why_without,
)


class Scale(BaseEstimator):
    """Centres; remembers how many rows it has seen."""

    seen: ClassVar = []

    def __init__(self, preprocessing="x"):
        self.preprocessing = preprocessing

    def fit_transform(self, frame, y=None):
        X = frame.to_numpy()
        self.mean_ = X.mean(0)
        Scale.seen.append(len(X))
        return X - self.mean_

    def transform(self, frame):
        return frame.to_numpy() - self.mean_


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = X @ [1.0, 2, 3] + rng.normal(size=90)
    return pl.DataFrame(X, schema=["a", "b", "c"]), y


def _folds(n, k=3):
    return [(a, b) for a, b in KFold(k, shuffle=True, random_state=0).split(np.empty(n))]


def test_equals_sklearns_cross_validation(table):
    frame, y = table
    folds = Folds(frame, y, _folds(90), Scale)
    Scale.seen.clear()
    found = validate(lambda: Ridge(alpha=1.0), folds, "x", Scoring.of("regression"))
    again = validate(lambda: Ridge(alpha=9.0), folds, "x", Scoring.of("regression"))
    assert Scale.seen == [60, 60, 60]  # prepared inside the fold, and once for both learners
    expected = -cross_val_score(
        Ridge(), frame.to_numpy(), y, cv=_folds(90), scoring="neg_root_mean_squared_error"
    )
    assert found.values("rmse") == pytest.approx(expected.tolist())
    assert found.mean("rmse") == pytest.approx(expected.mean())
    assert found.spread("rmse") == pytest.approx(expected.std(ddof=1))
    assert again.mean("rmse") > found.mean("rmse")
    assert found.fit_s > 0
    assert deciding_metric(Scoring.of("regression").deciding, [found, again]).name == "rmse"


def test_classes_and_iterations(table):
    frame, y = table
    labels = np.where(y > 0, "yes", "no")
    found = validate(
        LogisticRegression,
        Folds(frame, labels, _folds(90), Scale),
        "x",
        Scoring.of("binary", np.array(["no", "yes"])),
    )
    assert found.mean("roc_auc") > 0.8
    assert all(fold.n_iterations >= 1 for fold in found.folds)


def test_a_fold_without_a_class_is_defined():
    frame = pl.DataFrame({"a": np.arange(6.0)})
    y = np.array(["a", "b", "a", "b", "c", "c"])
    folds = [(np.arange(4), np.array([4, 5])), (np.array([2, 3, 4, 5]), np.array([0, 1]))]
    found = validate(
        LogisticRegression,
        Folds(frame, y, folds, Scale),
        "x",
        Scoring.of("multiclass", np.array(["a", "b", "c"])),
    )
    assert found.values("log_loss")[0] > 30
    assert found.values("accuracy")[0] == 0


def test_stopping_after_a_fold(table):
    frame, y = table
    found = validate(
        Ridge,
        Folds(frame, y, _folds(90), Scale),
        "x",
        Scoring.of("regression"),
        after_fold=lambda v: "time is up",
    )
    assert (len(found.folds), found.stopped) == (1, "time is up")


def _validation(name, values):
    out = Validation()
    out.folds = [FoldResult({name: Score(v)}, 0.1, None) for v in values]
    return out


def test_a_mean_over_named_folds_is_whole_or_none():
    found = _validation("rmse", [1.9, None, 2.1])
    assert found.answered("rmse") == [0, 2]
    assert found.mean("rmse") == found.mean("rmse", [0, 2]) == pytest.approx(2.0)
    assert found.mean("rmse", range(3)) is None
    assert found.mean("rmse", [0, 5]) is None
    gap = difference(metric("rmse"), found, _validation("rmse", [2.0, 2.0, 2.0]))
    assert (gap.folds, gap.mean) == ((0, 2), pytest.approx(0.0))


def _scored(*folds):
    out = Validation()
    reasons = {"roc_auc": "only one class here", "log_loss": "the learner gives no probabilities"}
    out.folds = [
        FoldResult({n: Score(v, reasons[n] if v is None else "") for n, v in fold.items()}, 0.1, None)
        for fold in folds
    ]
    return out


def test_the_deciding_metric_does_not_move_for_one_fold_or_one_learner():
    whole = {"roc_auc": 0.8, "log_loss": 0.5}
    bare = {"roc_auc": None, "log_loss": 0.5}
    mute = {"roc_auc": None, "log_loss": None}
    most, few = _scored(whole, bare, whole), _scored(bare, bare, whole)
    assert deciding_metric(Scoring.of("binary").deciding, [most]).name == "roc_auc"
    assert answerable("roc_auc", [most, few]) == [0, 2]
    assert deciding_metric(Scoring.of("binary").deciding, [most, _scored(mute, mute, mute)]).name == "roc_auc"
    assert deciding_metric(Scoring.of("binary").deciding, [few]).name == "log_loss"
    assert why_without("roc_auc", [few]) == "only one class here"


def test_costs():
    assert 0 < row_micros(lambda: None) < 50
    assert size_bytes(Ridge().fit([[0.0], [1.0]], [0.0, 1.0])) > 100
    assert Predicted(np.zeros(1)).probabilities is None
