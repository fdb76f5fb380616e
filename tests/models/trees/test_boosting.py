"""The boosted learners against scikit-learn's, and what the house promises of every learner."""

import os
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.ensemble
from sklearn.base import clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from groundup.engine.rows import Memmap, Memory
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees import boosting, growing, quantising


@pytest.fixture(autouse=True)
def _one_thread_for_the_peer():
    """Let scikit-learn's threads not spin on cores that others use: its results do not depend on their number."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def _binary(n=6000, seed=0, missing=True):
    X, y = make_classification(n, 12, n_informative=8, flip_y=0.1, random_state=seed)
    if missing:
        X[np.random.default_rng(seed).random(X.shape) < 0.1] = np.nan
    return X, y


def _pair(ours, **params):
    theirs = getattr(sklearn.ensemble, type(ours).__name__)
    return ours.set_params(**params), theirs(**params)


def _packed(monkeypatch):
    monkeypatch.setattr(quantising, "_SMALL_ROWS", 0)


# ---------------------------------------------------------------------------------------------- against scikit-learn
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"max_leaf_nodes": None, "max_depth": 4},
        {"min_samples_leaf": 100, "l2_regularization": 10.0, "max_bins": 20, "learning_rate": 0.3},
    ],
)
def test_binary_scores_are_scikit_learns(params):
    X, y = _binary(missing=False)
    ours, theirs = _pair(HistGradientBoostingClassifier(), max_iter=30, early_stopping=False, **params)
    ours.fit(X[:4000], y[:4000])
    theirs.fit(X[:4000], y[:4000])
    np.testing.assert_allclose(
        ours.decision_function(X[4000:]), theirs.decision_function(X[4000:]), atol=2e-4
    )
    np.testing.assert_allclose(ours.predict_proba(X[4000:]), theirs.predict_proba(X[4000:]), atol=1e-4)


@pytest.mark.parametrize("packed", [False, True])
def test_binary_quality_with_missing_values_and_weights_is_scikit_learns(monkeypatch, packed):
    if packed:
        _packed(monkeypatch)
    X, y = _binary(40_000)
    weight = np.random.default_rng(0).random(len(X)) + 0.5
    ours, theirs = _pair(HistGradientBoostingClassifier(), early_stopping=False)
    p = [m.fit(X[:20_000], y[:20_000], weight[:20_000]).predict_proba(X[20_000:]) for m in (ours, theirs)]
    assert roc_auc_score(y[20_000:], p[0][:, 1]) == pytest.approx(
        roc_auc_score(y[20_000:], p[1][:, 1]), abs=2e-3
    )
    assert log_loss(y[20_000:], p[0]) == pytest.approx(log_loss(y[20_000:], p[1]), rel=5e-3)


@pytest.mark.parametrize("packed", [False, True])
def test_multiclass_quality_is_scikit_learns(monkeypatch, packed):
    if packed:
        _packed(monkeypatch)
    X, y = make_classification(8000, 15, n_informative=9, n_classes=4, random_state=1)
    ours, theirs = _pair(HistGradientBoostingClassifier(), max_iter=40, early_stopping=False)
    p = [m.fit(X[:4000], y[:4000]).predict_proba(X[4000:]) for m in (ours, theirs)]
    assert ours.n_trees_per_iteration_ == 4
    assert log_loss(y[4000:], p[0]) == pytest.approx(log_loss(y[4000:], p[1]), rel=5e-3)
    np.testing.assert_allclose(p[0].sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("target", ["plain", "shifted", "lognormal", "tiny"])
def test_regression_quality_is_scikit_learns(monkeypatch, target, packed):
    if packed:
        _packed(monkeypatch)
    X, y = make_friedman1(16_000, 8, noise=1.0, random_state=0)
    y = {"plain": y, "shifted": y + 1e6, "lognormal": np.exp(y / 4), "tiny": y * 1e-9}[target]
    ours, theirs = _pair(HistGradientBoostingRegressor(), early_stopping=False)
    rmse = [
        np.sqrt(np.mean((m.fit(X[:8000], y[:8000]).predict(X[8000:]) - y[8000:]) ** 2))
        for m in (ours, theirs)
    ]
    assert rmse[0] == pytest.approx(rmse[1], rel=5e-3)


@pytest.mark.parametrize("packed", [False, True])
def test_weights_over_six_decades(monkeypatch, packed):
    if packed:
        _packed(monkeypatch)
    rng = np.random.default_rng(0)
    X, y = make_friedman1(16_000, 8, noise=1.0, random_state=0)
    weight = 10.0 ** rng.uniform(-3, 3, len(X))
    ours, theirs = _pair(HistGradientBoostingRegressor(), early_stopping=False)
    models = [m.fit(X[:8000], y[:8000], weight[:8000]) for m in (ours, theirs)]
    mse = [np.average((m.predict(X[8000:]) - y[8000:]) ** 2, weights=weight[8000:]) for m in models]
    assert mse[0] == pytest.approx(mse[1], rel=0.03)


def test_rare_positives_are_found(monkeypatch):
    """Gradients of 1e-3 beside gradients of 1 must not be rounded away."""
    _packed(monkeypatch)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 5))
    y = (rng.random(60_000) < 1 / (1 + np.exp(7.5 - 1.5 * X[:, 0] - X[:, 1]))).astype(int)
    ours, theirs = _pair(
        HistGradientBoostingClassifier(), max_iter=30, early_stopping=False, min_samples_leaf=50
    )
    p = [m.fit(X[:30_000], y[:30_000]).predict_proba(X[30_000:]) for m in (ours, theirs)]
    assert log_loss(y[30_000:], p[0]) == pytest.approx(log_loss(y[30_000:], p[1]), rel=0.02)


def test_packed_and_wide_agree(monkeypatch):
    X, y = _binary(6000)
    wide = HistGradientBoostingClassifier(max_iter=20, early_stopping=False).fit(X, y).predict_proba(X)
    _packed(monkeypatch)
    packed = HistGradientBoostingClassifier(max_iter=20, early_stopping=False).fit(X, y).predict_proba(X)
    assert np.mean(np.abs(wide - packed)) < 2e-3


# ---------------------------------------------------------------------------------------------- the same bits
def _bits(model):
    return pickle.dumps(
        [
            model.get_state()[k].tobytes()
            for k in ("_threshold", "_feature", "_left", "_value", "_gain", "_count")
        ]
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("packed", [False, True])
def test_the_same_bits_on_any_number_of_threads_and_on_disk(monkeypatch, tmp_path, packed, n_classes):
    if packed:
        _packed(monkeypatch)
    monkeypatch.setattr(boosting, "_INLINE_CELLS", 0)
    monkeypatch.setattr(boosting, "_ROWS_BESIDE", 0)
    monkeypatch.setattr(growing, "_SHARED_FEATURES", 0)
    X, y = _binary(36_000)
    y = y + (n_classes == 3) * (X[:, 1] > 0.5)
    params = {"max_iter": 6, "random_state": 0, "subsample": 0.8, "max_features": 0.5}
    fits = []
    for n_threads, place in (
        ("1", X),
        ("2", Memory(X)),  # three classes: two trees side by side, then one on both threads
        ("3", X),
        ("4", Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)),
    ):
        monkeypatch.setenv("GROUNDUP_NUM_THREADS", n_threads)
        fits.append(HistGradientBoostingClassifier(**params).fit(place, y))
    assert len({_bits(model) for model in fits}) == 1
    assert len({model.validation_score_.tobytes() for model in fits}) == 1
    alone = np.concatenate([fits[0].predict_proba(X[i : i + 1]) for i in range(50)])
    assert fits[0].predict_proba(X)[:50].tobytes() == alone.tobytes()


def test_float32_stays_float32():
    X, y = _binary(3000)
    model = HistGradientBoostingClassifier(max_iter=10).fit(X.astype(np.float32), y)
    assert model._threshold.dtype == np.float32
    double = HistGradientBoostingClassifier(max_iter=10).fit(X, y)
    assert np.mean(np.abs(model.predict_proba(X.astype(np.float32)) - double.predict_proba(X))) < 0.02


# ---------------------------------------------------------------------------------------------- early stopping
@pytest.mark.parametrize("scoring", ["loss", "roc_auc", None])
def test_early_stopping_follows_scikit_learn(scoring):
    X, y = _binary(4000, missing=False)
    params = {
        "early_stopping": True,
        "scoring": scoring,
        "random_state": 0,
        "max_iter": 12,
        "n_iter_no_change": 20,
    }
    ours, theirs = _pair(HistGradientBoostingClassifier(), **params)
    ours.fit(X, y)
    theirs.fit(X, y)
    assert len(ours.validation_score_) == 13
    np.testing.assert_allclose(ours.validation_score_, theirs.validation_score_, atol=6e-3)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, atol=6e-3)


def test_training_stops_when_the_score_no_longer_rises():
    X, y = _binary(3000)
    model = HistGradientBoostingClassifier(
        max_iter=500, early_stopping=True, random_state=0, n_iter_no_change=5
    ).fit(X, y)
    assert 5 < model.n_iter_ < 500
    scores = model.validation_score_
    assert len(scores) == model.n_iter_ + 1
    assert max(scores[-5:]) <= scores[-6] + 1e-7
    assert not HistGradientBoostingClassifier(max_iter=2).fit(X, y).do_early_stopping_


def test_a_scorer_may_be_any_callable_and_sees_the_model_so_far():
    X, y = _binary(3000)
    seen = []

    def scorer(model, X, y):
        seen.append(model.predict_proba(X)[:, 1])
        return roc_auc_score(y, seen[-1])

    model = HistGradientBoostingClassifier(
        max_iter=3, early_stopping=True, scoring=scorer, random_state=0
    ).fit(X, y)
    named = clone(model).set_params(scoring="roc_auc").fit(X, y)
    np.testing.assert_allclose(model.validation_score_, named.validation_score_, rtol=1e-12)
    assert len(seen) == 8
    assert np.ptp(seen[0]) == 0


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_validation_rows_of_the_callers(scoring):
    X, y = _binary(4000, missing=False)
    labels = np.array(["no", "yes"])[y]
    ours, theirs = _pair(HistGradientBoostingClassifier(), early_stopping=True, scoring=scoring, max_iter=8)
    for model in (ours, theirs):
        model.fit(X[:3000], labels[:3000], X_val=X[3000:], y_val=labels[3000:])
    np.testing.assert_allclose(ours.validation_score_, theirs.validation_score_, atol=1e-3)


def test_half_a_validation_set_is_refused():
    X, y = _binary(200)
    model = HistGradientBoostingClassifier()
    with pytest.raises(ValueError, match="y_val was not provided"):
        model.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="early_stopping is False"):
        model.set_params(early_stopping=False).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="unseen labels"):
        model.set_params(early_stopping=True).fit(X, y, X_val=X, y_val=y + 5)


# ---------------------------------------------------------------------------------------------- targets and tables
@pytest.mark.parametrize("labels", [["b", "a"], [True, False], [7, 3], [1.0, 2.0]])
def test_labels_of_any_kind(labels):
    X, y = _binary(800)
    model = HistGradientBoostingClassifier(max_iter=10).fit(X, np.array(labels)[y])
    assert model.classes_.tolist() == sorted(labels)
    assert model.predict(X).dtype == np.array(labels).dtype
    assert model.score(X, np.array(labels)[y]) > 0.9


def test_one_class_only():
    model = HistGradientBoostingClassifier().fit(np.ones((30, 2)), ["only"] * 30)
    assert model.predict([[1.0, 2.0]]).tolist() == ["only"]
    assert model.predict_proba([[1.0, 2.0]]).tolist() == [[1.0]]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_tables(kind):
    X, y = _binary(500)
    table = kind({f"c{i}": X[:, i] for i in range(X.shape[1])})
    model = HistGradientBoostingClassifier(max_iter=5).fit(table, y)
    plain = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert (model.predict_proba(table) == plain.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"monotonic_cst": [1, 0, 0]}, "monotonic_cst has shape"),
        ({"monotonic_cst": [2, 0]}, "array-like of -1, 0 or 1"),
        ({"monotonic_cst": {"a": 1}}, "no feature names"),
        ({"monotonic_cst": [1, 0], "categorical_features": [0]}, "cannot have monotonic"),
        ({"interaction_cst": [0, 1]}, "sequence of tuples"),
        ({"interaction_cst": [[0, 2]]}, "got invalid indices"),
        ({"categorical_features": [2]}, "must be in"),
        ({"categorical_features": [True]}, "boolean mask"),
        ({"categorical_features": ["a"]}, "without feature names"),
        ({"categorical_features": [0.5]}, "bool, int or str"),
        ({"subsample": 0.0}, "subsample"),
        ({"loss": "log_loss"}, "loss"),
        ({"max_bins": 256}, "max_bins"),
    ],
)
def test_invalid_parameters_are_refused(params, said):
    with pytest.raises(ValueError, match=said):
        HistGradientBoostingRegressor(**params).fit(np.ones((10, 2)), np.arange(10.0))


def test_infinities_and_weights_of_nothing_are_refused():
    X, y = _binary(300)
    X[5, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        HistGradientBoostingClassifier().fit(X, y)
    with pytest.raises(ValueError, match="zero"):
        HistGradientBoostingRegressor().fit(np.ones((10, 2)), np.arange(10.0), sample_weight=np.zeros(10))


# ---------------------------------------------------------------------------------------------- weights
def test_rows_of_weight_zero_have_no_effect():
    X, y = make_friedman1(3000, 6, noise=1.0, random_state=0)
    weight = (np.arange(3000) % 3 > 0).astype(float)
    some = HistGradientBoostingRegressor(max_iter=10).fit(X, y, weight)
    only = HistGradientBoostingRegressor(max_iter=10).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_allclose(some.predict(X), only.predict(X), rtol=1e-6)


def test_class_weights_multiply():
    X, y = _binary(2000)
    by_class = HistGradientBoostingClassifier(max_iter=10, class_weight={0: 1, 1: 5}).fit(X, y)
    by_row = HistGradientBoostingClassifier(max_iter=10).fit(X, y, np.where(y == 1, 5.0, 1.0))
    assert _bits(by_class) == _bits(by_row)
    assert HistGradientBoostingClassifier(max_iter=5, class_weight="balanced").fit(X, y).score(X, y) > 0.8


# ---------------------------------------------------------------------------------------------- iterations
def test_stages_end_at_the_prediction():
    X, y = _binary(900)
    model = HistGradientBoostingClassifier(max_iter=6).fit(X, y)
    for staged, last in (
        (model.staged_predict(X), model.predict(X)),
        (model.staged_predict_proba(X), model.predict_proba(X)),
        (model.staged_decision_function(X), model.decision_function(X)),
    ):
        stages = list(staged)
        assert len(stages) == 6
        assert stages[-1].tobytes() == last.tobytes()
    regressor = HistGradientBoostingRegressor(max_iter=6).fit(X, y)
    assert [*regressor.staged_predict(X)][-1].tobytes() == regressor.predict(X).tobytes()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_warm_start_continues_where_the_last_fit_ended(early_stopping):
    X, y = _binary(1500)
    params = {"random_state": 0, "early_stopping": early_stopping, "n_iter_no_change": 50}
    warm = HistGradientBoostingClassifier(max_iter=4, warm_start=True, **params).fit(X, y)
    warm.set_params(max_iter=9).fit(X, y)
    once = HistGradientBoostingClassifier(max_iter=9, **params).fit(X, y)
    assert _bits(warm) == _bits(once)
    np.testing.assert_allclose(warm.validation_score_, once.validation_score_)
    with pytest.raises(ValueError, match="max_iter=5 must be larger"):
        warm.set_params(max_iter=5).fit(X, y)
    with pytest.raises(ValueError, match="classes"):
        warm.set_params(max_iter=20).fit(X, y + 1)


def test_features_drawn_for_each_node_depend_on_the_seed():
    X, y = _binary(1500)
    a, b, c = (
        HistGradientBoostingClassifier(max_iter=5, max_features=0.3, random_state=s).fit(X, y)
        for s in (0, 0, 1)
    )
    assert _bits(a) == _bits(b) != _bits(c)


class _Recorder:
    """A callback that keeps what it is told, and stops after some iterations."""

    def __init__(self, stop_after=None):
        self.told, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **kwargs):
        pass

    def on_fit_task_end(self, estimator, context, **kwargs):
        if figures := getattr(context, "figures", None):
            self.told.append(figures)
        return self.stop_after is not None and len(self.told) >= self.stop_after

    def teardown(self, estimator, context):
        pass


def test_callbacks_get_the_loss_of_every_iteration():
    X, y = _binary(1200)
    recorder = _Recorder()
    model = HistGradientBoostingClassifier(max_iter=7).set_callbacks(recorder).fit(X, y)
    losses = [told["loss"] for told in recorder.told]
    assert len(losses) == 7
    assert all(a > b for a, b in pairwise(losses))
    assert losses[-1] == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-9)


def test_a_callback_may_stop_the_fit():
    X, y = _binary(600)
    model = HistGradientBoostingClassifier(max_iter=50).set_callbacks(_Recorder(stop_after=3)).fit(X, y)
    assert model.n_iter_ == 3


def test_verbose_prints_a_line_for_each_iteration(capsys):
    X, y = _binary(500)
    HistGradientBoostingClassifier(max_iter=3, verbose=1, early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("[3/3] ")
    assert "validation_score" in lines[2]


# ---------------------------------------------------------------------------------------------- state
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_state_makes_the_same_model(n_classes):
    X, y = make_classification(600, 8, n_informative=6, n_classes=n_classes, random_state=0)
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    again = HistGradientBoostingClassifier.from_state(model.get_params(), model.get_state())
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert pickle.loads(pickle.dumps(model)).predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert again.n_iter_ == 5


def test_a_split_on_missing_alone_is_kept_in_the_state():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 2))
    y = rng.random(500) < 0.5
    X[y, 1] = np.nan
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    assert np.isinf(model._threshold).any()
    assert model.score(X, y) == 1.0
    again = HistGradientBoostingClassifier.from_state(model.get_params(), model.get_state())
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("_feature", lambda a: np.where(a == a.max(), 10_000, a).astype(a.dtype)),
        ("_left", lambda a: np.where(a > 0, 1, a).astype(a.dtype)),
        ("_threshold", lambda a: np.full_like(a, np.nan)),
        ("_threshold", lambda a: a.astype(np.float32)),
        ("_starts", lambda a: a[:-1]),
        ("_baseline", lambda a: np.append(a, 1.0)),
        ("n_trees_per_iteration_", lambda a: 5),
        ("classes_", lambda a: np.array([0, 1, 2])),
    ],
)
def test_a_changed_state_is_refused(name, change):
    X, y = _binary(400)
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    state = model.get_state()
    state[name] = change(state[name])
    with pytest.raises(ValueError):
        HistGradientBoostingClassifier.from_state(model.get_params(), state)


def test_a_fit_that_fails_leaves_the_model_as_it_was():
    X, y = _binary(400)
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError):
        model.set_params(monotonic_cst=[1] * 9).fit(X[:, :3], y)
    model.set_params(monotonic_cst=None)
    assert (model.predict_proba(X) == before).all()


# ---------------------------------------------------------------------------------------------- kernels
_COUNT_SIGNATURES = """
import numpy as np
from groundup.engine.kernels.policy import registry
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
rng = np.random.default_rng(0)
X, weight = rng.normal(size=(300, 9)), rng.random(300)
X[::5, 2] = np.nan
X[:, 3] = rng.integers(0, 5, 300)
for dtype in (np.float32, np.float64):
    for n_classes in (2, 3):
        for params in (
            {"early_stopping": True, "categorical_features": [3]},
            {"max_depth": 2, "max_features": 0.5, "l2_regularization": 1},
        ):
            model = HistGradientBoostingClassifier(max_iter=2, **params)
            model.fit(X.astype(dtype), np.arange(300) % n_classes, weight if params.get("max_depth") else None)
            model.predict_proba(X.astype(dtype)), model.predict(X.astype(dtype)[:1])
    cst = [1, -1] + [0] * 7
    regressor = HistGradientBoostingRegressor(max_iter=2, early_stopping=True, monotonic_cst=cst)
    regressor.fit(X.astype(dtype), X[:, 0])
    regressor.predict(X[:20].astype(dtype))
for name, kernel in registry.items():
    if ".trees." in name and getattr(kernel, "signatures", None):
        print(name.rpartition(".")[2], len(kernel.signatures))
"""


def test_every_kernel_is_compiled_once_and_those_that_see_X_once_a_dtype():
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_SIGNATURES], capture_output=True, text=True, check=True
    )
    compiled = dict(line.split() for line in done.stdout.splitlines())
    assert len(compiled) > 15  # kernels called by kernels from the cache are not counted
    assert set(compiled.values()) == {"1", "2"}
    assert {name for name, n in compiled.items() if n == "2"} <= {
        "_bin_blocks",
        "walk_trees",
        "_walk_few",
        "add_by_conditions",
        "_close",
        "_encode",
    }


_PRINT_BITS = """
import hashlib, numpy as np
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
X[::6, 1] = np.nan
y = (X[:, 0] > 0) + (X[:, 2] > 0)
params = {"max_iter": 2, "min_samples_leaf": 5, "random_state": 0}
answers = [
    HistGradientBoostingClassifier(**params, early_stopping=True).fit(X, y > 0).predict_proba(X[:20]),
    HistGradientBoostingClassifier(**params).fit(X, y).predict_proba(X[:3]),
    HistGradientBoostingRegressor(**params).fit(X, X[:, 0], rng.random(120)).predict(X[:20]),
    HistGradientBoostingRegressor(**params, monotonic_cst=[1, 0, 0]).fit(X, X[:, 0]).predict(X[:20]),
    HistGradientBoostingRegressor(**params, categorical_features=[0]).fit(X.round(), y).predict(X[:20].round()),
    HistGradientBoostingRegressor(**params, loss="gamma").fit(X, y + 1.0).predict(X[:20]),
    HistGradientBoostingRegressor(**params, loss="absolute_error").fit(X, y).predict(X[:20]),
]
print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in answers)).hexdigest())
"""


def test_kernels_agree_with_their_python_source():
    """With the compiler off the same code gives the same bits, and no integer overflows by surprise."""
    call = [sys.executable, "-W", "error::RuntimeWarning", "-c", _PRINT_BITS]
    compiled, interpreted = (
        subprocess.run(
            call, capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": off}
        ).stdout
        for off in ("0", "1")
    )
    assert compiled == interpreted
