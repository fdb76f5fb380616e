"""Quantile regression: against scikit-learn, the proof, ties, hard data."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from groundup.models import QuantileRegressor
from groundup.models.linear.solvers import interior, pinball
from groundup.testing.bits import thread_budget


def problem(n=120, d=6, seed=0, *, rounded=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2.0
    y = X @ rng.standard_normal(d) + rng.standard_t(2, n) + 3.0
    if rounded:
        X, y = np.round(X), np.round(y)
    return X, y, rng.integers(0, 4, n).astype(float)


def objective(model, X, y, weight):
    r = y - X @ model.coef_ - model.intercept_
    loss = weight @ np.maximum(model.quantile * r, (model.quantile - 1.0) * r) / weight.sum()
    return loss + model.alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.001, 0.05, 1.0])
@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.8])
def test_as_good_as_scikit_learn_and_proven(quantile, alpha, fit_intercept, rounded):
    X, y, weight = problem(rounded=rounded)
    params = {"quantile": quantile, "alpha": alpha, "fit_intercept": fit_intercept}
    theirs = sklearn.linear_model.QuantileRegressor(**params).fit(X, y, weight)
    least = objective(theirs, X, y, weight)
    for given in (X, csr_array(X)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours = QuantileRegressor(**params).fit(given, y, weight)
        found = objective(ours, X, y, weight)
        assert found <= least * (1.0 + 1e-9)
        assert ours.objective_ == pytest.approx(found, rel=1e-12)
        assert 0.0 <= ours.gap_ <= 1e-9 * found
        if not rounded:  # one plane is best
            np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
            if ours.coef_.any():  # of a constant any number between two rows will do
                assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-7)
            assert ((ours.coef_ == 0.0) == (theirs.coef_ == 0.0)).all()


def test_the_defaults_are_scikit_learns():
    X, y, _ = problem()
    ours, theirs = QuantileRegressor().fit(X, y), sklearn.linear_model.QuantileRegressor().fit(X, y)
    assert not ours.coef_.any()
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=0.1)  # any number between two rows will do
    assert objective(ours, X, y, np.ones(len(y))) <= objective(theirs, X, y, np.ones(len(y))) * (1 + 1e-12)


def test_a_weight_is_a_repetition_also_without_a_unique_solution():
    for seed in range(5):
        X, y, weight = problem(40, 3, seed, rounded=True)
        again = np.repeat(np.arange(40), weight.astype(int))
        for alpha in (0.0, 0.02, 1.0):
            one = QuantileRegressor(quantile=0.25, alpha=alpha).fit(X, y, weight)
            other = QuantileRegressor(quantile=0.25, alpha=alpha).fit(X[again], y[again])
            np.testing.assert_allclose(one.predict(X), other.predict(X), atol=1e-7)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_units_do_not_matter(scale):
    X, y, _ = problem()
    units = scale ** np.linspace(-1, 1, 6)
    one = QuantileRegressor(alpha=0.0).fit(X, y)
    other = QuantileRegressor(alpha=0.0).fit(X * units, y * scale)
    np.testing.assert_allclose(other.coef_ * units / scale, one.coef_, rtol=1e-6)


def test_dependent_and_nearly_dependent_columns():
    X, y, _ = problem(200, 5)
    noise = 1e-9 * np.random.default_rng(1).standard_normal(200)
    for column in (2.0 * X[:, 0], X[:, 0] + noise, np.full(200, 3.0)):
        A = np.column_stack([X, column])
        whole = np.column_stack([X, noise]) if np.ptp(column - X[:, 0]) < 1e-6 else X
        for alpha in (0.0, 1e-3):
            least = QuantileRegressor(alpha=alpha).fit(whole if alpha == 0.0 else X, y).objective_
            for given in (A, csr_array(A)):
                assert QuantileRegressor(alpha=alpha).fit(given, y).objective_ <= least * (1.0 + 1e-6)


def test_most_columns_never_join_the_working_set():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 900))
    y = X[:, :3].sum(axis=1) + rng.standard_t(2, 150)
    ours = QuantileRegressor(alpha=0.05).fit(X, y)
    theirs = sklearn.linear_model.QuantileRegressor(alpha=0.05).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9)
    more = QuantileRegressor(alpha=0.003).fit(X, y)  # the first working set is too small
    assert (more.coef_ != 0.0).sum() > 100
    assert more.gap_ <= 1e-9 * more.objective_


def test_hard_data_give_finite_answers():
    X, y, _ = problem(60)
    hard = [
        (X * 1e300, y),
        (X * 1e-300, y),
        (X, y * 1e305),
        (X, y * 1e-305),
        (np.where(X > 2.0, 1e308, -1e308), np.where(y > 3.0, 1e308, -1e308)),
        (np.ones_like(X), y),
        (X, np.full(60, 3.0)),
        (X, X @ np.arange(6.0)),
        (X[:1], y[:1]),
        (X[:4], y[:4]),
    ]
    for A, b in hard:
        for alpha in (0.0, 0.1):
            for given in (A, csr_array(A)):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model = QuantileRegressor(alpha=alpha).fit(given, b)
                assert np.isfinite(model.coef_).all()
                assert np.isfinite([model.intercept_, model.objective_, model.gap_]).all()


def test_the_bits_do_not_depend_on_threads():
    X, y, _ = problem(20_000, 12)
    found = []
    for n_threads in (1, 2):
        with thread_budget(n_threads):
            model = QuantileRegressor(quantile=0.3, alpha=0.01).fit(X, y)
        found.append((model.coef_.tobytes(), model.intercept_, model.objective_))
    assert found[0] == found[1]


def test_a_fit_that_stops_early_warns(monkeypatch):
    monkeypatch.setattr(interior, "_STEPS", 3)
    X, y, weight = problem()
    with pytest.warns(ConvergenceWarning, match="not reached in 3 steps"):
        model = QuantileRegressor(alpha=0.0).fit(X, y, weight)
    monkeypatch.undo()
    best = QuantileRegressor(alpha=0.0).fit(X, y, weight)
    assert model.objective_ - model.gap_ <= best.objective_ <= model.objective_  # what was proven held


def test_dual_variables_that_violate_an_equation_give_no_bound():
    X, y, _ = problem()
    rows = np.random.default_rng(0).uniform(-0.5, 0.5, len(y))

    class Columns:
        ids, centred = np.arange(6), True

        def rmatvec(self, r):
            return X.T @ r

    program = interior.Program(Columns(), y, np.ones(len(y)), np.zeros(6), 0.5)
    bound, _ = pinball._lower_bound(program, np.zeros(6), rows, np.zeros(6), 0.0)
    assert bound == -np.inf


def test_no_weight_is_an_error():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="at least one non-zero"):
        QuantileRegressor().fit(X, y, np.zeros(len(y)))
