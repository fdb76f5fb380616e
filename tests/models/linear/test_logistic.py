"""LogisticRegression: its optimum against scikit-learn's and a far longer run's; hard and strange data; its contract."""

import inspect
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.linear_model
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.rows import Memmap, Memory, Rows
from groundup.models import LogisticRegression
from groundup.models.linear import smooth_problem


def problem(n, d, n_classes=2, seed=0, sharpness=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + rng.uniform(-1, 1, d)
    scores = sharpness * X @ rng.standard_normal((d, n_classes)) + rng.gumbel(size=(n, n_classes))
    return X, scores.argmax(axis=1)


def objective(model, X, y, C=1.0, weight=None):
    W, b = model.coef_, np.ravel(model.intercept_)
    weight = np.ones(len(y)) if weight is None else weight
    codes = np.searchsorted(model.classes_, y)
    Z = X @ W.T + b
    if len(W) == 1:
        Z = np.column_stack([np.zeros(len(Z)), Z])
    loss = weight @ (logsumexp(Z, axis=1) - Z[np.arange(len(y)), codes])
    return C * loss + 0.5 * (W * W).sum() if np.isfinite(C) else loss


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e4, np.inf])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_as_scikit_learn(n_classes, C, fit_intercept):
    X, y = problem(800, 5, n_classes)
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    ours = LogisticRegression(C=C, fit_intercept=fit_intercept).fit(X, y, weight)
    theirs = sklearn.linear_model.LogisticRegression(
        C=C, fit_intercept=fit_intercept, tol=1e-10, max_iter=10_000
    ).fit(X, y, weight)
    best = objective(theirs, X, y, C, weight)
    assert objective(ours, X, y, C, weight) <= best * (1 + 1e-10)
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-5)
    np.testing.assert_array_equal(ours.n_iter_.shape, (1,))


def test_signature_is_scikit_learns():
    ours, theirs = (
        inspect.signature(c) for c in (LogisticRegression, sklearn.linear_model.LogisticRegression)
    )
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("seed", range(12))
def test_a_longer_run_is_not_better(seed):
    """Collinear, constant, badly scaled, nearly separable: the objective is within 1e-6 of a tighter, longer run's."""
    rng = np.random.default_rng(seed)
    n_classes = int(rng.integers(2, 5))
    X, y = problem(400, 6, n_classes, seed, sharpness=float(rng.choice([0.3, 3.0, 30.0])))
    X[:, 1] = X[:, 0] * 2.0 if seed % 3 == 0 else X[:, 1]
    X[:, 2] = 5.0 if seed % 4 == 1 else X[:, 2]
    X = X * 10.0 ** rng.integers(-8, 9, 6) if seed % 2 else X
    C = float(rng.choice([1e-2, 1.0, 1e6]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        short = LogisticRegression(C=C).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        long = LogisticRegression(C=C, tol=1e-9, max_iter=1000).fit(X, y)
    a, b = objective(short, X, y, C), objective(long, X, y, C)
    assert a <= b * (1 + 1e-6)
    gradient = gradient_at(short, X, y, C)
    assert np.abs(gradient).max() <= 1e-5 * (1.0 + np.abs(X).max() * len(X)) * max(C, 1.0)


def gradient_at(model, X, y, C):
    P = model.predict_proba(X)
    P[np.arange(len(y)), np.searchsorted(model.classes_, y)] -= 1.0
    G = C * P.T @ X
    return (G[1:] if len(model.coef_) == 1 else G) + model.coef_


@pytest.mark.parametrize("n_classes", [2, 4])
def test_many_rows_start_from_a_sample_of_them(n_classes, monkeypatch):
    X, y = problem(60_000, 80, n_classes)
    X, y = X[np.argsort(y, kind="stable")], np.sort(y)  # order in the data does no harm
    quick = LogisticRegression().fit(X, y)
    monkeypatch.setattr(smooth_problem.SmoothProblem, "sample", lambda self: None)
    slow = LogisticRegression(tol=1e-7).fit(X, y)
    assert quick.n_iter_[0] < slow.n_iter_[0] or n_classes > 2
    assert objective(quick, X, y) <= objective(slow, X, y) * (1 + 1e-10)
    np.testing.assert_allclose(quick.coef_, slow.coef_, atol=1e-6)


def test_many_classes_are_solved_in_blocks():
    X, y = problem(30_000, 60, 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression().fit(X, y)
    assert not smooth_problem.SmoothProblem(
        Rows(Memory(X), {}), np.zeros(60), np.ones(60), 12, fit_intercept=True
    ).exact
    assert np.abs(gradient_at(model, X, y, 1.0)).max() < 1e-2  # of sums over 30,000 rows


def test_very_many_features_are_solved_by_a_diagonal(monkeypatch):
    monkeypatch.setattr(smooth_problem, "_BLOCK_FEATURES", 10)
    for n_classes in (2, 3):
        X, y = problem(500, 20, n_classes)
        ours = LogisticRegression(max_iter=500).fit(X, y)
        theirs = sklearn.linear_model.LogisticRegression(tol=1e-9, max_iter=5000).fit(X, y)
        assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-8)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_weight_is_repetition(n_classes):
    X, y = problem(200, 4, n_classes)
    weight = np.random.default_rng(3).integers(0, 4, len(y))
    one = LogisticRegression().fit(X, y, weight)
    other = LogisticRegression().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 1: 0.5}, {1: 2.0}])
def test_class_weights(class_weight):
    X, y = problem(300, 3)
    y[:200] = 1
    weight = np.random.default_rng(1).random(300)
    ours = LogisticRegression(class_weight=class_weight).fit(X, y, weight)
    theirs = sklearn.linear_model.LogisticRegression(class_weight=class_weight, tol=1e-10).fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_separated_classes():
    X = np.arange(20.0)[:, None]
    y = (X[:, 0] > 9.5).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=1e4).fit(X, y)  # the penalty makes an optimum
    assert model.score(X, y) == 1.0
    with pytest.warns(ConvergenceWarning, match="separates the classes"):
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1.0


@pytest.mark.parametrize("max_iter", [0, 1, 2])
def test_a_fit_that_did_not_converge_warns(max_iter):
    X, y = problem(500, 5)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        model = LogisticRegression(max_iter=max_iter).fit(X, y)
    assert model.n_iter_[0] == max_iter


def test_strange_columns():
    X, y = problem(300, 4)
    X[:, 1] = 3.0
    X[:, 2] = X[:, 0]
    for C in (1.0, np.inf):
        model = LogisticRegression(C=C).fit(X, y)
        assert model.coef_[0, 1] == pytest.approx(0.0, abs=1e-12)
        assert np.isfinite(model.coef_).all()
    far = LogisticRegression().fit(X + 1e9, y)
    np.testing.assert_allclose(far.coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("scale", [1e307, 1e200, 1e-200, 1e-300])
def test_huge_and_tiny_numbers(scale):
    X, y = problem(300, 3, 3)
    X /= np.abs(X).max()
    plain = LogisticRegression(C=np.inf).fit(X, y)
    model = LogisticRegression(C=np.inf).fit(X * scale, y)
    np.testing.assert_allclose(model.coef_ * scale, plain.coef_, rtol=1e-5, atol=1e-6)
    with_penalty = LogisticRegression().fit(X * scale, y)
    assert np.isfinite(with_penalty.coef_).all()
    assert np.isfinite(with_penalty.predict_proba(X * scale)).all()


@pytest.mark.parametrize(
    "labels", [["no", "yes"], [False, True], [-1, 1], ["a", "b", "c"], [10, 20, 30], [0.0, 1.0]]
)
def test_labels_of_all_kinds(labels):
    X, y = problem(120, 3, len(labels))
    named = np.array(labels)[y]
    model = LogisticRegression().fit(X, named)
    plain = LogisticRegression().fit(X, y)
    assert model.classes_.tolist() == sorted(labels)
    assert model.coef_.tobytes() == plain.coef_.tobytes()
    assert model.predict(X).dtype == named.dtype
    assert (model.predict(X) == np.array(labels)[plain.predict(X)]).all()


def test_tables_of_all_kinds_give_the_same():
    X, y = problem(300, 3)
    names = ["a", "b", "c"]
    plain = LogisticRegression().fit(X, y)
    for table in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        model = LogisticRegression().fit(table, pd.Series(y))
        assert model.coef_.tobytes() == plain.coef_.tobytes()
        assert model.predict_proba(table).tobytes() == plain.predict_proba(X).tobytes()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities(n_classes):
    X, y = problem(400, 4, n_classes)
    model = LogisticRegression(C=1e6).fit(X, y)
    far = X * 300.0
    P, logs = model.predict_proba(far), model.predict_log_proba(far)
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.exp(logs), P, rtol=1e-9, atol=1e-300)
    assert np.isfinite(logs).all()
    assert logs.min() < -750.0  # where the probability is zero
    assert (model.predict(far) == model.classes_[P.argmax(axis=1)]).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [50, 20_000])
def test_nonfinite_values_are_refused(n_classes, bad, n):
    X, y = problem(n, 3, n_classes)
    model = LogisticRegression().fit(X, y)
    X[n // 2, 1] = bad
    with pytest.raises(ValueError, match="Input X contains"):
        LogisticRegression().fit(X, y)
    for method in (model.predict, model.predict_proba, model.predict_log_proba, model.decision_function):
        with pytest.raises(ValueError, match="Input X contains"):
            method(X)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_same_bits_for_threads_and_places(tmp_path, n_classes):
    X, y = problem(40_000, 20, n_classes)
    one = LogisticRegression(n_jobs=1).fit(X, y)
    place = Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)
    for other in (LogisticRegression(n_jobs=2).fit(X, y), LogisticRegression(n_jobs=4).fit(place, y)):
        assert other.coef_.tobytes() == one.coef_.tobytes()
        assert other.intercept_.tobytes() == one.intercept_.tobytes()


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_is_predicted_as_alone(n_classes, dtype):
    X, y = problem(20_000, 7, n_classes)
    X = X.astype(dtype)
    model = LogisticRegression().fit(X, y)
    for method in (model.predict_proba, model.decision_function, model.predict_log_proba):
        together = method(X)
        for i in (0, 1, 5, 47, 48, 19_999):
            assert together[i : i + 1].tobytes() == method(X[i : i + 1]).tobytes()


def test_a_warm_start_continues():
    X, y = problem(500, 5, 3)
    model = LogisticRegression(warm_start=True).fit(X, y)
    first = model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_[0] <= 1
    np.testing.assert_allclose(model.coef_, first, rtol=1e-7, atol=1e-9)


class Ear:
    """Writes down the losses; asks to stop after some."""

    def __init__(self, stop_after=None):
        self.stop_after, self.losses, self.models = stop_after, [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.parent is None:
            return None
        self.losses.append(context.figures["loss"])
        self.models.append(fitted_estimator)
        return len(self.losses) == self.stop_after


def test_the_loss_that_callbacks_get_decreases():
    X, y = problem(500, 5)
    ear = Ear()
    model = LogisticRegression().set_callbacks(ear).fit(X, y)
    assert len(ear.losses) == model.n_iter_[0]
    assert ear.losses == sorted(ear.losses, reverse=True)
    assert ear.losses[-1] == pytest.approx(objective(model, X, y) / len(y), rel=1e-9)
    np.testing.assert_allclose(ear.models[-1].predict_proba(X), model.predict_proba(X), atol=1e-5)


def test_a_callback_may_stop_the_fit():
    X, y = problem(500, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # who asked to stop needs no warning
        model = LogisticRegression().set_callbacks(Ear(stop_after=2)).fit(X, y)
    assert model.n_iter_[0] == 2


def test_deprecations_are_scikit_learns():
    X, y = problem(100, 2)
    with pytest.warns(FutureWarning, match="'penalty' was deprecated in version 1.8"):
        LogisticRegression(penalty="l2").fit(X, y)
    with pytest.warns(FutureWarning, match="penalty"):
        free = LogisticRegression(penalty=None).fit(X, y)
    np.testing.assert_allclose(free.coef_, LogisticRegression(C=np.inf).fit(X, y).coef_)
    with pytest.warns(FutureWarning, match="l1_ratio=None"):
        LogisticRegression(l1_ratio=None).fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    [{"penalty": "l2"}, {"l1_ratio": None}, {"penalty": None, "C": 2.0}, {"penalty": "l2", "l1_ratio": 0.5}],
)
def test_deprecations_point_at_the_line_of_the_user(parameters):
    X, y = problem(100, 2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegression(**parameters).fit(X, y)
    assert {w.filename for w in caught} == {__file__}
    assert len({w.lineno for w in caught}) == 1


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_invalid_class_weights_are_refused(bad):
    X, y = problem(100, 2)
    label = y[0]
    with pytest.raises(ValueError, match=f"class_weight of class {label.item()!r} is {bad}"):
        LogisticRegression(class_weight={label: bad}).fit(X, y)


def test_finite_rows_whose_scores_overflow_have_probabilities():
    X, y = problem(200, 3)
    model = LogisticRegression().fit(X, y)
    model.coef_ = np.array([[4.0, 0.0, 0.0]])
    far = np.array([[1e308, 0.0, 0.0], [-1e308, 0.0, 0.0]])
    np.testing.assert_allclose(model.predict_proba(far), [[0.0, 1.0], [1.0, 0.0]], atol=1e-300)
    assert model.predict(far).tolist() == [model.classes_[1], model.classes_[0]]
    assert not np.isnan(model.predict_log_proba(far)).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dual": True}, "supports only dual=False"),
        ({"solver": "liblinear"}, "use solver='lbfgs'"),
        ({"solver": "bfgs"}, "solver"),
        ({"C": 0.0}, "C"),
    ],
)
def test_unsupported_parameters_name_the_alternative(parameters, message):
    X, y = problem(50, 2)
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**parameters).fit(X, y)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"])
def test_all_solvers_lead_to_one_optimum(solver):
    X, y = problem(200, 3)
    assert (LogisticRegression(solver=solver).fit(X, y).coef_ == LogisticRegression().fit(X, y).coef_).all()


def test_one_class_and_no_weight():
    X, y = problem(50, 2)
    with pytest.raises(ValueError, match=r"at least 2 classes .* only one class: 1\.0$"):
        LogisticRegression().fit(X, np.ones(50))
    with pytest.raises(ValueError, match=r"sums to zero|at least one non-zero"):
        LogisticRegression().fit(X, y, np.zeros(50))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_state_is_checked(n_classes):
    X, y = problem(80, 3, n_classes)
    model = LogisticRegression().fit(X, y)
    params, state = model.get_params(), model.get_state()
    again = LogisticRegression.from_state(params, state)
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    for name, value in (
        ("coef_", state["coef_"][:, :2].copy()),
        ("coef_", np.concatenate([state["coef_"], state["coef_"]])),
        ("intercept_", np.full(len(state["coef_"]), np.nan)),
        ("classes_", np.array([1])),
        ("classes_", np.arange(9)),
    ):
        with pytest.raises(ValueError, match="LogisticRegression"):
            LogisticRegression.from_state(params, {**state, name: value})
