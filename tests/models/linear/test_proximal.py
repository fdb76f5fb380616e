"""L1 logistic regression of several classes: all of them in one step, or in groups that take turns."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.losses import softmax
from groundup.models import LogisticRegression
from groundup.models.linear.solvers import proximal
from groundup.testing.bits import thread_budget


def problem(n_classes=5, n=400, d=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + rng.standard_normal((n, 1))
    W = rng.standard_normal((d, n_classes)) * (rng.random((d, n_classes)) < 0.4)
    return X, (X @ W + rng.gumbel(size=(n, n_classes))).argmax(axis=1)


def chain(n_classes=8, n=600):
    """Classes in a row, of which only neighbours are confused: a turn of one class moves the next a little."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 6))
    t = X[:, 0] + 0.1 * rng.standard_normal(n)
    return X, np.searchsorted(np.quantile(t, np.arange(1, n_classes) / n_classes), t)


def violation(model, X, y, C, ratio):
    """Return by how much the worst coefficient breaks its optimality condition, in units of its penalty."""
    Z = X @ model.coef_.T + model.intercept_
    P = np.exp(Z - logsumexp(Z, axis=1)[:, None])
    P[np.arange(len(y)), y] -= 1.0
    W, l1 = model.coef_, ratio / C
    gradient = P.T @ X + (1.0 - ratio) / C * W
    off = np.where(W == 0.0, np.maximum(np.abs(gradient) - l1, 0.0), np.abs(gradient + l1 * np.sign(W)))
    return max(off.max() / l1, np.abs(P.sum(axis=0)).max() * model.fit_intercept / l1)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("C", [0.02, 1.0, 100.0])
@pytest.mark.parametrize("make", [problem, chain])
def test_the_optimality_conditions_hold(make, C, ratio, kind):
    X, y = make()
    model = LogisticRegression(C=C, l1_ratio=ratio).fit(kind(X), y)
    assert violation(model, X, y, C, ratio) < 1e-3
    assert model.n_iter_[0] <= 40


@pytest.mark.parametrize("limit", [1, 30, 60])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_groups_of_classes_updated_in_turn_give_the_same_result(monkeypatch, kind, limit):
    X, y = problem()
    together = LogisticRegression(l1_ratio=1.0, C=0.5).fit(kind(X), y)
    monkeypatch.setattr(proximal, "_MOST_JOINT", limit)
    turns = LogisticRegression(l1_ratio=1.0, C=0.5, max_iter=1000).fit(kind(X), y)
    assert turns.objective_ == pytest.approx(together.objective_, rel=1e-9)
    assert turns.gap_ <= 1e-9 * turns.objective_
    np.testing.assert_allclose(turns.coef_, together.coef_, atol=1e-4)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("limit", [5000, 30])
def test_the_same_bits_on_any_number_of_threads(monkeypatch, kind, limit):
    monkeypatch.setattr(proximal, "_MOST_JOINT", limit)
    X, y = problem(n=9000)
    found = []
    for n in (1, 2, 3):
        with thread_budget(n):
            model = LogisticRegression(l1_ratio=0.5, C=0.02).fit(kind(X), y)
        found.append((model.coef_.tobytes(), model.intercept_.tobytes()))
    assert found[0] == found[1] == found[2]


def test_weights_are_repetitions():
    X, y = problem()
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    weight[:5] = 1
    a = LogisticRegression(l1_ratio=1.0, tol=1e-6).fit(X, y, weight)
    b = LogisticRegression(l1_ratio=1.0, tol=1e-6).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert a.objective_ == pytest.approx(b.objective_, rel=1e-9)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-6)


def test_repeated_columns_and_separable_classes():
    X, y = problem(3, 60, 10)
    X = np.hstack([X, X, -X])
    y = X[:, :3].argmax(axis=1)
    for C in (1.0, 1e4):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model = LogisticRegression(l1_ratio=1.0, C=C).fit(X, y)
        longer = LogisticRegression(l1_ratio=1.0, C=C, tol=1e-6, max_iter=1000).fit(X, y)
        assert model.objective_ == pytest.approx(longer.objective_, rel=1e-6)


def test_a_warm_start_at_the_optimum_takes_a_step_or_two():
    X, y = problem()
    model = LogisticRegression(l1_ratio=1.0, C=0.5, warm_start=True).fit(X, y)
    coef = model.coef_
    assert model.fit(X, y).n_iter_[0] <= 2
    np.testing.assert_allclose(model.coef_, coef, atol=1e-7)


def test_rows_that_are_all_but_certain_keep_their_digits():
    """The gradient of a class that is all but certain is minus the others' sum, and the loss not a difference."""
    z = np.array([[40.0, 0.0], [0.0, 0.1], [1.0, -0.2]])
    y, weight = np.array([0.0, 2.0]), np.array([1.0, 2.0])
    gradient, p, logs = np.empty_like(z), np.empty_like(z), np.empty(2)
    value = softmax.loss_gradient_proba(z, y, weight, 0, 2, gradient, p, logs)
    rest = np.exp(-40.0) + np.exp(-39.0)
    assert gradient[0, 0] == pytest.approx(-rest, rel=1e-13)
    assert softmax.loss_gradient_proba(z, y, weight, 0, 1, gradient, p, logs) == pytest.approx(
        rest, rel=1e-13
    )
    h = np.empty(2)
    softmax.hessian(p.T, weight, 0, 0, h)
    assert h[0] == pytest.approx(rest, rel=1e-13)
    q = np.exp(z[:, 1]) / np.exp(z[:, 1]).sum()
    assert value == pytest.approx(-2.0 * np.log(q[2]), rel=1e-13)
    np.testing.assert_allclose(gradient[:, 1], 2.0 * (q - [0, 0, 1]), rtol=1e-13)
    softmax.hessian(p.T, weight, 1, 2, h)
    assert h[1] == pytest.approx(-2.0 * q[1] * q[2], rel=1e-13)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_penalty_that_makes_all_coefficients_zero(kind, n_classes):
    X, y = problem(n_classes)
    model = LogisticRegression(C=1e-6, l1_ratio=1.0).fit(kind(X), y)
    assert not model.coef_.any()
    np.testing.assert_allclose(model.predict_proba(kind(X[:1]))[0], np.bincount(y) / len(y), rtol=1e-6)


@pytest.mark.parametrize("C", [1e6, 1e8])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_converged_fit_has_a_small_gap(n_classes, C):
    """The objective of separable classes decreases by many powers of ten."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((90, 5))
    y = (X @ rng.standard_normal((5, n_classes))).argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=C, l1_ratio=1.0, max_iter=1000).fit(X, y)
    assert model.gap_ <= 1e-11 * model.objective_


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_callback_is_called_after_every_step(n_classes):
    X, y = problem(n_classes, n=150, d=300)
    values = []
    proximal_minimise = proximal.minimise

    def minimise(*args, callback=None, **settings):
        def record(value, *rest):
            values.append(value)
            return callback(value, *rest)

        return proximal_minimise(*args, callback=record, **settings)

    with pytest.MonkeyPatch.context() as m:
        m.setattr(proximal, "minimise", minimise)
        model = LogisticRegression(l1_ratio=1.0).fit(X, y)
    assert len(values) == model.n_iter_[0]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_start_that_is_worse_than_none_is_ignored(n_classes):
    X, y = problem(n_classes)
    model = LogisticRegression(l1_ratio=1.0, warm_start=True, max_iter=1000).fit(X, y)
    cold = LogisticRegression(l1_ratio=1.0, max_iter=1000).fit(1000 * X, y)
    assert model.fit(1000 * X, y).objective_ == pytest.approx(cold.objective_, rel=1e-9)


def test_the_gap_of_an_interrupted_fit_is_no_underestimate():
    X, y = problem(3, n=150, d=600)
    best = LogisticRegression(l1_ratio=1.0).fit(X, y).objective_
    for steps in range(1, 6):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression(l1_ratio=1.0, max_iter=steps).fit(X, y)
        assert model.gap_ >= 0.5 * (model.objective_ - best)
