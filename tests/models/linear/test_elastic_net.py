"""Lasso and elastic net: against scikit-learn, the optimality conditions, a longer run, and hard data."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csc_array, csr_array, csr_matrix
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.rows import Memory, Rows
from groundup.models import ElasticNet, Lasso, LinearRegression, Ridge
from groundup.models.linear.designs import DenseColumns, SparseColumns, design_of
from groundup.models.linear.solvers import quadratic


def problem(n=120, d=30, n_outputs=0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2.0
    X[:, 1] += X[:, 0]
    X[rng.random((n, d)) < 0.5] = 0.0
    W = rng.standard_normal((d, max(n_outputs, 1))) * (np.arange(d) < 6)[:, None]
    Y = X @ W + rng.standard_normal((n, max(n_outputs, 1)))
    return X, Y if n_outputs else Y[:, 0], rng.integers(0, 3, n).astype(float)


def objective(model, X, y, weight, alpha, ratio):
    r = y - X @ model.coef_ - model.intercept_
    w = model.coef_
    return 0.5 * (weight @ r**2) / weight.sum() + alpha * (ratio * abs(w).sum() + 0.5 * (1 - ratio) * (w @ w))


@pytest.mark.parametrize("kind", [np.asarray, csr_array, csc_array, csr_matrix])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
def test_as_scikit_learn(kind, ratio, fit_intercept, positive, n_outputs):
    X, y, weight = problem(n_outputs=n_outputs)
    params = {"alpha": 0.1, "l1_ratio": ratio, "fit_intercept": fit_intercept, "positive": positive}
    ours = ElasticNet(**params).fit(kind(X), y, weight)
    theirs = sklearn.linear_model.ElasticNet(tol=1e-14, max_iter=100_000, **params).fit(X, y, weight)
    for name in ("coef_", "intercept_"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert np.shape(one) == np.shape(other), name
        np.testing.assert_allclose(one, other, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(ours.predict(kind(X)), theirs.predict(X), atol=1e-6)
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert (ours.sparse_coef_ != theirs.sparse_coef_.tocsr()).nnz <= (ours.coef_ != 0).sum()


def test_the_gap_bounds_the_distance_and_is_small():
    X, y, weight = problem()
    best = objective(Lasso(0.05, tol=1e-12).fit(X, y, weight), X, y, weight, 0.05, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for n_sweeps in (1, 2, 5):
            model = Lasso(0.05, max_iter=n_sweeps).fit(X, y, weight)
            value = objective(model, X, y, weight, 0.05, 1.0)
            assert value - best <= model.dual_gap_ * (1 + 1e-9) + 1e-12
            assert model.objective_ == pytest.approx(value, rel=1e-9)
    assert Lasso(0.05).fit(X, y).dual_gap_ <= 1e-6 * Lasso(0.05).fit(X, y).objective_


def random_problem(seed):
    """One of many: collinear, constant, badly scaled, wide, weighted, sparse, far from zero."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(8, 300)), int(rng.integers(1, 60))
    X = rng.standard_normal((n, d))
    if seed % 3 == 0 and d > 2:
        X[:, 1] = X[:, 0] * (1 + 1e-9 * rng.standard_normal(n))
        X[:, 2] = 3.0
    y = X @ (rng.standard_normal(d) * (rng.random(d) < 0.3)) + rng.standard_normal(n)
    if seed % 5 == 1:
        X = X * 10.0 ** rng.uniform(-8, 8, d)
    if seed % 7 == 2:
        X = X + 1e4
    weight = rng.integers(0, 3, n) + (seed % 2) * 1e-3
    alpha = float(10.0 ** rng.uniform(-3, 0.5) * abs((X - X.mean(0)).T @ (y - y.mean())).max() / n)
    return X, y, weight + 1e-12, max(alpha, 1e-12), float(rng.choice([1.0, 0.5, 0.1]))


@pytest.mark.parametrize("seed", range(50))
def test_objective_of_a_ten_times_longer_run(seed):
    X, y, weight, alpha, ratio = random_problem(seed)
    short = ElasticNet(alpha, l1_ratio=ratio).fit(X, y, weight)
    long = ElasticNet(alpha, l1_ratio=ratio, tol=1e-9, max_iter=10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so small a gap may be rounding
        long.fit(X, y, weight)
    a, b = (objective(m, X, y, weight, alpha, ratio) for m in (short, long))
    assert a == pytest.approx(b, rel=1e-6)
    theirs = sklearn.linear_model.ElasticNet(alpha, l1_ratio=ratio, tol=1e-10, max_iter=20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y, weight)
    assert a <= objective(theirs, X, y, weight, alpha, ratio) * (1 + 1e-6)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_finite_input_gives_finite_output(kind):
    X, y, weight = problem(60, 6)
    cases = {
        "huge": (X * 1e307, y),
        "huge target": (X, y * 1e307),
        "tiny": (X * 1e-300, y * 1e-300),
        "denormal": (X * 5e-324, y),
        "equal": (np.ones_like(X), y),
        "constant target": (X, np.full(60, 7.0)),
        "zeros": (np.zeros_like(X), y),
        "one row": (X[:1], y[:1]),
        "mixed": (X * np.array([1e300, 1e-300, 1.0, 1e8, 1e-8, 0.0]), y),
    }
    for name, (A, b) in cases.items():
        for learner in (Lasso(0.1), ElasticNet(0.1), Lasso(1e-3, positive=True)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model = learner.fit(kind(A), b, weight[: len(A)] + 0.5)
            figures = (model.intercept_, model.dual_gap_, model.objective_)
            assert np.isfinite(model.coef_).all(), name
            assert np.isfinite(figures).all(), name


def test_no_convergence_is_warned_of_with_advice():
    X, y, _ = problem()
    with pytest.warns(ConvergenceWarning, match=r"Raise max_iter, tol or alpha"):
        Lasso(1e-3, max_iter=1, tol=1e-10).fit(X, y)


def test_without_an_l1_penalty_it_is_ridge_or_least_squares():
    X, y, weight = problem()
    ridge = Ridge(0.3 * weight.sum()).fit(X, y, weight)
    np.testing.assert_allclose(ElasticNet(0.3, l1_ratio=0.0).fit(X, y, weight).coef_, ridge.coef_, rtol=1e-10)
    np.testing.assert_allclose(
        ElasticNet(0.3, l1_ratio=0.0).fit(csr_array(X), y, weight).coef_, ridge.coef_, atol=1e-7
    )
    with pytest.warns(UserWarning, match="LinearRegression"):
        plain = Lasso(0.0).fit(X, y)
    np.testing.assert_allclose(plain.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-10)


def test_a_warm_start_needs_fewer_sweeps():
    X, y, _ = problem(300, 60)
    model = Lasso(0.01, warm_start=True).fit(X, y)
    first, coef = model.n_iter_, model.coef_
    model.fit(X, y)
    assert model.n_iter_ < first
    np.testing.assert_allclose(model.coef_, coef, atol=1e-9)
    model.fit(X[:, :5], y)  # another width: a cold start
    assert model.coef_.shape == (5,)


def test_a_path_is_its_points():
    X, y, _ = problem()
    X, y = X - X.mean(axis=0), y - y.mean()
    for ratio in (1.0, 0.5):
        alphas, coefs, gaps = ElasticNet.path(X, y, l1_ratio=ratio, alphas=20)
        theirs = sklearn.linear_model.enet_path(X, y, l1_ratio=ratio, alphas=20, tol=1e-10, max_iter=10_000)
        np.testing.assert_allclose(alphas, theirs[0])
        np.testing.assert_allclose(coefs, theirs[1], atol=1e-3)
        assert gaps.shape == (20,)
        assert not coefs[:, 0].any()


@pytest.mark.parametrize("weight", [None, "some"])
@pytest.mark.parametrize("centred", [True, False])
def test_columns_against_the_formula(weight, centred):
    X, y, v = problem(50, 7)
    v = np.ones(50) if weight is None else v
    c = (v @ X / v.sum()) * centred
    s = 1 / np.sqrt((v @ (X - c) ** 2) / v.sum())
    Z = (X - c) * s
    for place in (X, X.astype(np.float32).astype(np.float64)):
        dense = design_of(Rows(Memory(place), {"weight": v}), centred=centred, n_threads=1)
        assert isinstance(dense, DenseColumns)
        dense.choose(np.array([4, 1]))
        dense.choose(np.array([0]))
        np.testing.assert_allclose(
            dense.matvec_chosen(np.array([1.0, 2.0, 3.0])), Z[:, [4, 1, 0]] @ [1, 2, 3], atol=1e-5
        )
        np.testing.assert_allclose(dense.rmatvec(v * y), Z.T @ (v * y), atol=1e-4)
        np.testing.assert_allclose(dense.gram(v)[0], (Z.T * v @ Z)[np.ix_([4, 1, 0], [4, 1, 0])], atol=1e-4)
        np.testing.assert_allclose(dense.gram(v, 2)[0], dense.gram(v)[0][2:], atol=1e-9)
    from groundup.engine.rows import Csr

    sparse = design_of(Rows(Csr(csr_array(X)), {"weight": v}), centred=centred, n_threads=1)
    assert isinstance(sparse, SparseColumns)
    np.testing.assert_allclose(sparse.scale, s)
    np.testing.assert_allclose(sparse.rmatvec(v * y), (X * s).T @ (v * y), atol=1e-9)


@pytest.mark.parametrize("positive", [True, False])
def test_the_quadratic_meets_the_optimality_conditions(positive):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((80, 60)) @ rng.standard_normal((60, 60)) / 8
    y = rng.standard_normal(80)
    G, c, l1, l2 = A.T @ A, A.T @ y, np.full(60, 0.8), np.full(60, 0.1)
    for yy in (y @ y, np.nan):
        u, q = np.zeros(60), np.zeros(60)
        quadratic.solve(G, c, l1, l2, u, q, goal=1e-14, max_sweeps=100_000, yy=yy, positive=positive)
        gradient = c - G @ u - l2 * u
        np.testing.assert_allclose(gradient[u != 0], l1[u != 0] * np.sign(u[u != 0]), atol=1e-6)
        off = gradient[u == 0] if positive else abs(gradient[u == 0])
        assert (off <= l1[u == 0] + 1e-6).all()
        assert not positive or (u >= 0).all()
