"""Least squares, ridge and Huber regression on sparse matrices: like dense rows, with error bounds where very large."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from groundup.engine.rows import Csr, Rows
from groundup.models import HuberRegressor, LinearRegression, Ridge, RidgeClassifier, RidgeCV
from groundup.models.linear import least_squares, ridge_cv
from groundup.models.linear.solvers import conjugate
from groundup.models.linear.sparse_sums import is_exact, sparse_sums
from groundup.testing.bits import thread_budget
from groundup.testing.samples import assert_same


def problem(n=3000, d=30, n_outputs=0, seed=0, density=0.1):
    rng = np.random.default_rng(seed)
    X = scipy.sparse.random_array(
        (n, d), density=density, rng=rng, format="csr", data_sampler=rng.standard_normal
    )
    Y = (
        X @ rng.standard_normal((d, max(n_outputs, 1)))
        + 0.1 * rng.standard_normal((n, max(n_outputs, 1)))
        + 1.0
    )
    return X, Y if n_outputs else Y[:, 0], rng.integers(0, 3, n).astype(float)


LEARNERS = [LinearRegression(), Ridge(2.0), RidgeCV(), HuberRegressor(), Ridge(0.5, solver="svd")]


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
@pytest.mark.parametrize("shape", [(3000, 30), (200, 12), (20, 40)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_like_dense_rows(learner, shape, fit_intercept, weighted):
    many = not isinstance(learner, HuberRegressor)
    if not many:  # of fewer rows than columns a plane meets all, and sigma goes to nothing
        shape = max(shape), min(shape)
    for n_outputs in (0, 3) if many else (0,):
        X, y, weight = problem(*shape, n_outputs)
        weight = weight if weighted else None
        learner.set_params(fit_intercept=fit_intercept)
        sparse = learner.fit(X, y, weight)
        coef, intercept = sparse.coef_, sparse.intercept_
        one = sparse.predict(X)
        dense = learner.fit(X.toarray(), y, weight)
        np.testing.assert_allclose(coef, dense.coef_, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(intercept, dense.intercept_, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(one, dense.predict(X.toarray()), rtol=1e-8, atol=1e-8)
        assert np.shape(coef) == np.shape(dense.coef_)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_ridge_classifier(n_classes):
    X, z, weight = problem()
    y = np.digitize(z, np.quantile(z, np.linspace(0, 1, n_classes + 1)[1:-1]))
    sparse = RidgeClassifier().fit(X, y, weight)
    dense = RidgeClassifier().fit(X.toarray(), y, weight)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-8)
    np.testing.assert_allclose(sparse.decision_function(X), dense.decision_function(X.toarray()), atol=1e-8)


def test_ridge_cv_with_many_rows_by_folds_or_error(monkeypatch):
    X, y, weight = problem(n_outputs=2)
    dense = RidgeCV(store_cv_results=True).fit(X.toarray(), y, weight)
    monkeypatch.setattr(ridge_cv, "MOST_NUMBERS", 0)
    found = RidgeCV(store_cv_results=True).fit(X, y, weight)
    np.testing.assert_allclose(found.cv_results_, dense.cv_results_, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found.coef_, dense.coef_, atol=1e-8)
    assert RidgeCV(cv=3).fit(X, y).best_score_ == pytest.approx(RidgeCV(cv=3).fit(X.toarray(), y).best_score_)
    monkeypatch.setattr(ridge_cv, "MOST_FEATURES", 10)
    with pytest.raises(ValueError, match="cv=5"):
        RidgeCV().fit(X, y)


def test_sums_like_those_of_dense_rows():
    X, y, weight = problem(500, 20, 2)
    rows = Rows(Csr(X), {"y": y, "weight": weight})
    for centred in (True, False):
        found, A = sparse_sums(rows, centred), X.toarray()
        mean = weight @ A / weight.sum() * centred
        y_mean = weight @ y / weight.sum() * centred
        np.testing.assert_allclose(found.xx, ((A - mean) * weight[:, None]).T @ (A - mean), atol=1e-10)
        np.testing.assert_allclose(found.xy, ((A - mean) * weight[:, None]).T @ (y - y_mean), atol=1e-10)
        np.testing.assert_allclose([*found.x_mean, *found.y_mean], [*mean, *y_mean], atol=1e-14)
        np.testing.assert_allclose(found.yy, weight @ (y - y_mean) ** 2)


def test_columns_far_from_zero_constant_repeated_and_badly_scaled():
    X, y, _ = problem(4000, 10)
    far = X.toarray()
    far[:, 0] += 1e5
    far[:, 1] = 3.0
    far[:, 2] = 2.0 * far[:, 3]
    far *= 10.0 ** np.linspace(-8, 8, 10)
    A = scipy.sparse.csr_array(far)
    for learner in (LinearRegression(), Ridge(1e-3), RidgeCV()):
        sparse, dense = (learner.fit(given, y).predict(far) for given in (A, far))
        np.testing.assert_allclose(sparse, dense, rtol=1e-8, atol=1e-8)
    rows = Rows(Csr(A), {"y": y, "weight": np.ones(4000)})
    sums = sparse_sums(rows, True)
    dense = LinearRegression().fit(far[:, [0, 4, 5]], y)
    assert dense.rank_ == 3
    solution = least_squares.orthogonal.Solution(np.zeros((1, 10)), np.zeros(1), 10, np.zeros(0), 1.0)
    assert not is_exact(sums, np.zeros(1), solution)


def test_the_bits_do_not_depend_on_threads():
    X, y, _ = problem(20_000, 40)
    found = []
    for n_threads in (1, 2):
        with thread_budget(n_threads):
            found.append(Ridge().fit(X, y).coef_.tobytes())
    assert found[0] == found[1]


@pytest.fixture
def vast(monkeypatch):
    """Treat every sparse matrix as one with very many columns."""
    monkeypatch.setattr(least_squares, "MOST_FEATURES", 0)
    monkeypatch.setattr(least_squares, "MOST_NUMBERS", 0)


@pytest.mark.usefixtures("vast")
@pytest.mark.parametrize("shape", [(800, 30), (40, 100)])
@pytest.mark.parametrize("learner", [LinearRegression(), Ridge(1e-3), Ridge([0.1, 10.0])], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("by_columns", [0, 10_000])
def test_very_many_columns(learner, shape, fit_intercept, by_columns, monkeypatch):
    monkeypatch.setattr(conjugate, "_BY_COLUMNS", by_columns)
    X, Y, weight = problem(*shape, 2, density=0.3)
    learner.set_params(fit_intercept=fit_intercept)
    coef, intercept = learner.fit(X, Y, weight).coef_, learner.intercept_
    if isinstance(learner, Ridge):
        assert learner.solver_ == "sparse_cg"
    else:
        assert not hasattr(learner, "rank_")
        assert not hasattr(learner, "singular_")
        assert (
            LinearRegression.from_state(learner.get_params(), learner.get_state()).coef_.shape == coef.shape
        )
    dense = learner.fit(X.toarray(), Y, weight)
    np.testing.assert_allclose(coef, dense.coef_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(intercept, dense.intercept_, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_few_conjugate_gradients_where_they_suffice(n_outputs, monkeypatch):
    monkeypatch.setattr(least_squares, "_MANY_FEATURES", 20)
    monkeypatch.setattr(least_squares, "_SMALL_FLOPS", 0)
    X, y, weight = problem(2000, 90, n_outputs, density=0.9)
    y = y.ravel() if n_outputs == 1 else y
    states = {}
    for n_threads in (1, 2):
        with thread_budget(n_threads):
            model = Ridge(1e3).fit(X, y, weight)
        assert model.solver_ == "sparse_cg"
        states[n_threads] = model.get_state()
    assert_same(states[2], states[1], "2 threads against 1")
    exact = Ridge(1e3, solver="cholesky").fit(X, y, weight)
    assert exact.solver_ == "cholesky"
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-7, atol=1e-9)
    monkeypatch.setattr(least_squares, "_FEW_STEPS", 2)  # too few: the Gram matrix it is
    assert Ridge(1e3).fit(X, y, weight).solver_ == "cholesky"


def test_the_error_bound_holds_and_non_convergence_is_reported(monkeypatch):
    X, y, weight = problem(500, 60, density=0.3)
    Z = conjugate.Products(Rows(Csr(X), {"weight": weight}), centred=True)
    target = Z.root * (y - weight @ y / weight.sum())
    best = conjugate.minimise(Z, target, 0.5)
    value = lambda w: float(np.sum((target - Z.matvec(w)) ** 2) + 0.5 * w @ w)  # noqa: E731
    for n_steps in (1, 3, 6, 10):
        monkeypatch.setattr(conjugate, "_STEPS", n_steps)
        found = conjugate.minimise(Z, target, 0.5)
        assert 0.0 <= value(found.w) - value(best.w) <= found.gap * value(found.w)
        assert found.converged == (found.gap <= 1e-6)
    monkeypatch.setattr(conjugate, "_STEPS", 3)
    monkeypatch.setattr(least_squares, "MOST_FEATURES", 0)
    monkeypatch.setattr(least_squares, "MOST_NUMBERS", 0)
    for learner, what in (
        (Ridge(0.5), "relative error of the objective"),
        (LinearRegression(), "gradient relative"),
    ):
        with pytest.warns(ConvergenceWarning, match=what) as caught:
            learner.fit(X, y, weight)
        assert caught[0].filename == __file__


def test_huber_rejects_very_many_sparse_columns():
    with pytest.raises(ValueError, match="SGDRegressor"):
        HuberRegressor().fit(scipy.sparse.csr_array((10, 6000)), np.zeros(10))


def test_summary_of_a_sparse_fit():
    X, y, _ = problem(400, 5)
    sparse, dense = (LinearRegression().fit(A, y).summary(A, y) for A in (X, X.toarray()))
    np.testing.assert_allclose(sparse.std_error, dense.std_error, rtol=1e-8)
