"""Rows held out, weights that leave nothing, and predictions beside a fit: `estimator` and `stopping` at their edges."""

import sys
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.ensemble
from sklearn.datasets import make_classification

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees import boosting_estimator as module


def _data(n=900):
    return make_classification(n, 4, n_informative=3, n_redundant=0, random_state=0)


def _stopping(**params):
    return HistGradientBoostingClassifier(max_iter=4, early_stopping=True, random_state=0, **params)


# ---------------------------------------------------------------------------------------------- X_val
def _frame(kind):
    return lambda X: kind({f"c{i}": X[:, i] for i in range(X.shape[1])})


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
@pytest.mark.parametrize(
    ("fitted", "held"),
    [
        (_frame(pd.DataFrame), _frame(pd.DataFrame)),
        (_frame(pl.DataFrame), _frame(pl.DataFrame)),
        (np.asarray, np.ndarray.tolist),
        (np.asarray, np.asfortranarray),
        (np.asarray, lambda X: X.astype(np.float32)),
        (lambda X: X.astype(np.float32), np.asarray),
    ],
    ids=["pandas", "polars", "list", "fortran", "float32 beside float64", "float64 beside float32"],
)
def test_rows_held_out_come_in_any_form(fitted, held, scoring):
    X, y = _data()
    X = X.astype(np.float32).astype(float)  # so that a change of dtype changes nothing
    once = _stopping(scoring=scoring).fit(fitted(X[:600]), y[:600], X_val=held(X[600:]), y_val=y[600:])
    same = fitted(X[:600])
    plain = np.asarray(X[600:], getattr(same, "dtype", float))
    wanted = _stopping(scoring=scoring).fit(np.asarray(same), y[:600], X_val=plain, y_val=y[600:])
    assert len(once.validation_score_) == 5
    assert once.validation_score_.tobytes() == wanted.validation_score_.tobytes()


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_warm_start_takes_held_out_rows_of_a_table(kind):
    X, y = _data()
    table = _frame(kind)
    model = _stopping(warm_start=True)
    for max_iter in (2, 4):
        model.set_params(max_iter=max_iter)
        model.fit(table(X[:600]), y[:600], X_val=table(X[600:]), y_val=y[600:])
    wanted = _stopping().fit(X[:600], y[:600], X_val=X[600:], y_val=y[600:])
    np.testing.assert_allclose(model.validation_score_, wanted.validation_score_, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X: X[:, :3], "X has 3 features"),
        (lambda X: X[0], "1D array"),
        (lambda X: np.where(np.arange(X.size).reshape(X.shape) == 5, np.inf, X), "infinity"),
        (lambda X: _frame(pd.DataFrame)(X).rename(columns={"c1": "other"}), "feature names"),
        (lambda X: [["a"] * 4] * len(X), "could not convert"),
    ],
    ids=["width", "1-D", "infinity", "names", "text"],
)
def test_held_out_rows_that_do_not_fit_are_refused(change, said):
    X, y = _data()
    bad = change(X[600:])
    form = _frame(pd.DataFrame) if isinstance(bad, pd.DataFrame) else np.asarray
    model = _stopping()
    with pytest.raises(ValueError, match=said):
        model.fit(form(X[:600]), y[:600], X_val=bad, y_val=y[600:])
    assert not hasattr(model, "n_features_in_")


# ---------------------------------------------------------------------------------------------- weights
@pytest.mark.parametrize("early_stopping", [False, True])
def test_class_weights_without_a_positive_one_are_refused(early_stopping):
    X, y = _data(200)
    model = HistGradientBoostingClassifier(class_weight={0: 0, 1: 0}, early_stopping=early_stopping)
    with pytest.raises(
        ValueError, match="All sample weights are zero: at least one row must have a positive weight"
    ):
        model.fit(X, y)
    weight = (y == 1).astype(float)
    with pytest.raises(ValueError, match="All sample weights are zero"):
        model.set_params(class_weight={0: 1, 1: 0}).fit(X, y, weight)
    for bad in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="finite and not negative"):
            model.set_params(class_weight={0: bad, 1: 1}).fit(X, y)


def test_weight_on_one_side_of_the_hold_out_only_is_refused_in_words():
    X, y = _data(200)
    model = HistGradientBoostingRegressor(early_stopping=True, random_state=0)
    held = model.fit(X, y)._held_out(y)
    weight = np.zeros(200)
    weight[held] = 1.0
    with pytest.raises(ValueError, match="All weight is on the 20 rows held out"):
        model.fit(X, y, weight)
    with pytest.raises(ValueError, match="held out for early stopping have no weight"):
        model.fit(X, y, 1.0 - weight)
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(200))


# ---------------------------------------------------------------------------------------------- the training score
def test_a_class_of_one_row_is_no_hindrance_to_scoring_many():
    X, y = _data(12_000)
    y = y.copy()
    y[17] = 2
    params = {
        "max_iter": 2,
        "early_stopping": True,
        "scoring": "accuracy",
        "validation_fraction": None,
        "random_state": 0,
        "max_leaf_nodes": 4,
    }
    ours = HistGradientBoostingClassifier(**params).fit(X, y)
    theirs = sklearn.ensemble.HistGradientBoostingClassifier(**params).fit(X, y)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, atol=1e-3)


# ---------------------------------------------------------------------------------------------- what is named
@pytest.mark.parametrize("none", [[], np.zeros(4, bool), [False] * 4, None])
def test_categorical_features_that_name_none_are_accepted(none):
    X, y = _data(200)
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=none).fit(X, y)
    plain = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    assert model.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()


def test_the_clock_is_read_for_verbose_only(monkeypatch):
    def clock():
        raise AssertionError("the clock was read")

    monkeypatch.setattr(module, "perf_counter", clock)
    X, y = _data(100)
    HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    with pytest.raises(AssertionError, match="clock was read"):
        HistGradientBoostingClassifier(max_iter=2, verbose=1).fit(X, y)


# ---------------------------------------------------------------------------------------------- beside a fit
def _two_fits():
    """Return (X, a model that answers 'a' or 'b', one of other trees and as many classes of other names)."""
    X, y = _data(300)
    one = HistGradientBoostingClassifier(max_iter=3).fit(X, np.array(["a", "b", "c"])[(X[:, 0] > 0) * 1 + y])
    two = HistGradientBoostingClassifier(max_iter=9).fit(X, np.array(["x", "y"])[y])
    return X, one, two


@pytest.mark.parametrize("rows", [1, 300])
def test_an_answer_is_of_one_fit_though_another_ends_at_any_moment(monkeypatch, rows):
    X, one, two = _two_fits()
    X = X[:rows].copy()
    calls = ("predict", "predict_proba", "decision_function")
    wanted = [{getattr(model, call)(X).tobytes() for model in (one, two)} for call in calls]
    subject = HistGradientBoostingClassifier()
    states = vars(one), vars(two)
    for name in ("_features", "_fill"):  # a refit ends just before, and just after
        inner = getattr(type(subject), name)

        def swapping(self, *args, _inner=inner, **kwargs):
            if next(swaps, False):
                self.__dict__ = states[1] if vars(self) is states[0] else states[0]
            out = _inner(self, *args, **kwargs)
            if next(swaps, False):
                self.__dict__ = states[1] if vars(self) is states[0] else states[0]
            return out

        monkeypatch.setattr(type(subject), name, swapping)
    for pattern in range(16):
        for call, allowed in zip(calls, wanted, strict=True):
            subject.__dict__ = states[0]
            swaps = iter([bool(pattern >> bit & 1) for bit in range(4)])
            assert getattr(subject, call)(X).tobytes() in allowed, (pattern, call)


def test_stages_are_of_the_fit_that_was_there_when_they_began():
    X, one, two = _two_fits()
    wanted = [labels.tolist() for labels in one.staged_predict(X)]
    subject = HistGradientBoostingClassifier()
    subject.__dict__ = vars(one)
    stages = subject.staged_predict(X)
    found = [next(stages).tolist()]
    subject.__dict__ = vars(two)
    assert [*found, *(labels.tolist() for labels in stages)] == wanted


def test_predictions_beside_fits_in_another_thread():
    X, y = _data(300)
    wide, narrow = (X, np.array(["a", "b"])[y]), (X, np.array(["x", "y", "z"])[(X[:, 0] > 0) * 1 + y])
    model = HistGradientBoostingClassifier(max_iter=2, random_state=0)
    allowed = {model.fit(*data).predict(X).tobytes() for data in (wide, narrow)}
    over = threading.Event()

    def refit():
        try:
            for i in range(30):
                model.fit(*(wide, narrow)[i % 2])
        finally:
            over.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        thread = threading.Thread(target=refit)
        thread.start()
        while not over.is_set():
            assert model.predict(X).tobytes() in allowed
    finally:
        thread.join()
        sys.setswitchinterval(before)
