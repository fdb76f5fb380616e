"""LinearRegression: against scikit-learn, exact problems, hard data; the fast paths change no bit."""

import inspect
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.linalg
import scipy.sparse
import sklearn.linear_model
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from groundup.engine.rows import Memmap
from groundup.errors import DependentColumns
from groundup.models import LinearRegression, LogisticRegression, Ridge

warnings.simplefilter("error", RuntimeWarning)


def problem(n, d, n_outputs=0, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + rng.uniform(-3, 3, d)
    W = rng.standard_normal((d, max(n_outputs, 1)))
    Y = X @ W + rng.standard_normal((n, W.shape[1])) * noise + 4.0
    return X, Y if n_outputs else Y[:, 0]


@pytest.mark.parametrize("n", [60, 30_000])  # by orthogonal transformations; by the Gram matrix
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn(n, n_outputs, fit_intercept, weighted):
    X, y = problem(n, 9, n_outputs)
    weight = np.random.default_rng(1).integers(0, 3, n).astype(float) if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    theirs = sklearn.linear_model.LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    for name in ("coef_", "intercept_", "rank_", "singular_"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert np.shape(one) == np.shape(other), name
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11, err_msg=name)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10, atol=1e-10)


def test_signature_is_scikit_learns():
    ours, theirs = (inspect.signature(c) for c in (LinearRegression, sklearn.linear_model.LinearRegression))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("shape", [(40, 60), (12, 12), (3, 8), (1, 4), (20_000, 7)])
def test_dependent_columns_get_the_solution_of_least_norm(shape):
    X, y = problem(*shape)
    if shape[1] > 5:
        X[:, 3] = X[:, 0] - 2.0 * X[:, 1]
        X[:, 5] = 7.0
    ours = LinearRegression().fit(X, y)
    theirs = sklearn.linear_model.LinearRegression(tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-10)
    assert ours.rank_ == theirs.rank_
    np.testing.assert_allclose(ours.singular_, theirs.singular_, atol=1e-7 * max(1.0, theirs.singular_[0]))


@pytest.mark.parametrize("n", [100, 30_000])
def test_weight_is_repetition(n):
    X, y = problem(n, 5)
    weight = np.random.default_rng(3).integers(0, 4, n)
    one = LinearRegression().fit(X, y, weight)
    other = LinearRegression().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-9)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=1e-9)


@pytest.mark.parametrize("degree", [5, 8])
def test_polynomials_in_few_rows_are_found_to_nine_digits(degree):
    """Wampler's set and a harder one: integers, so that the exact coefficients, all ones, are known."""
    x = np.arange(21.0) if degree == 5 else np.arange(-10.0, 11.0)
    X = np.column_stack([x**k for k in range(1, degree + 1)])
    model = LinearRegression().fit(X, 1.0 + X.sum(axis=1))
    assert np.abs(np.append(model.coef_, model.intercept_) - 1.0).max() < 1e-9


def test_ill_conditioned_columns_in_many_rows_are_solved_orthogonally():
    """The Gram matrix has squared the condition number 1e6: of sixteen digits four would be left."""
    rng = np.random.default_rng(0)
    base = rng.integers(-99, 100, (20_000, 1)) * 2.0**20
    X = base + rng.integers(-99, 100, (20_000, 6))  # exact in float64
    y = X @ np.arange(1.0, 7.0) + 5.0
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, np.arange(1.0, 7.0), rtol=1e-9)


@pytest.mark.parametrize("n", [60, 20_000])
def test_columns_that_depend_on_others_are_named(n):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 6)) * 10.0 ** np.arange(-6, 6, 2)
    y = X[:, 1] + rng.standard_normal(n)
    for learner in (LinearRegression(), Ridge(alpha=0.0)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            learner.fit(X, y)
            learner.fit(X[:5], y[:5])  # fewer rows than columns: no column is at fault
        A = X.copy()
        A[:, 4] = 2.0 * A[:, 0] - A[:, 3]
        for given in (A, scipy.sparse.csr_array(A)):
            with pytest.warns(DependentColumns, match=r"columns x0, x3, x4 are .*rank 5 of 6") as caught:
                learner.fit(given, y)
            assert caught[0].filename == __file__
        A = X.copy()
        A[:, 2] = 7.0
        with pytest.warns(DependentColumns, match="column c is"):
            learner.fit(pd.DataFrame(A, columns=list("abcdef")), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Ridge().fit(A, y)  # a penalty chooses


def test_nearly_dependent_columns_cause_a_warning():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    X[:, 2] = X[:, 1] + 1e-11 * rng.standard_normal(300)
    with pytest.warns(scipy.linalg.LinAlgWarning, match="nearly dependent"):
        LinearRegression().fit(X, X[:, 0])


@pytest.mark.parametrize("n", [200, 30_000])
@pytest.mark.parametrize("power", [-300, -150, -8, 8, 150, 307])
def test_units_do_not_matter(n, power):
    X, y = problem(n, 4, noise=0.1)
    X /= np.abs(X).max()
    plain = LinearRegression().fit(X, y)
    far = LinearRegression().fit(X * np.array([10.0**power, 1.0, 1.0, 1.0]), y)
    np.testing.assert_allclose(far.coef_ * np.array([10.0**power, 1.0, 1.0, 1.0]), plain.coef_, rtol=1e-9)
    np.testing.assert_allclose(far.intercept_, plain.intercept_, rtol=1e-8)


def test_numbers_too_small_for_a_coefficient_count_as_zero():
    X, y = problem(200, 3)
    X[:, 1] *= 1e-310
    model = LinearRegression().fit(X, y)
    assert model.coef_[1] == 0.0
    assert np.isfinite(model.predict(X)).all()


def test_huge_targets():
    X, y = problem(300, 3)
    y *= 1.7e308 / np.abs(y).max()
    assert np.isfinite(LinearRegression().fit(X, y).coef_).all()


@pytest.mark.parametrize("n", [200, 30_000])
def test_constant_columns_and_targets(n):
    X, y = problem(n, 3)
    X[:, 1] = 0.1
    assert LinearRegression().fit(X, y).coef_[1] == 0.0
    flat = LinearRegression().fit(X, np.full(n, 3.3))
    np.testing.assert_allclose(flat.coef_, 0.0, atol=1e-15)
    assert flat.intercept_ == pytest.approx(3.3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("n", [50, 30_000])
def test_nonfinite_values_are_refused(bad, n):
    X, y = problem(n, 6)
    X[n // 2, 3] = bad
    with pytest.raises(ValueError, match="Input X contains"):
        LinearRegression().fit(X, y)
    X[n // 2, 3], y[3] = 0.0, bad
    with pytest.raises(ValueError, match="Input y contains"):
        LinearRegression().fit(X, y)


def test_no_weight_is_refused():
    X, y = problem(30, 2)
    with pytest.raises(ValueError, match=r"sums to zero|at least one non-zero"):
        LinearRegression().fit(X, y, np.zeros(30))


def test_same_bits_for_threads_and_places(tmp_path):
    X, y = problem(40_000, 6)
    one = LinearRegression(n_jobs=1).fit(X, y)
    place = Memmap.write(tmp_path / "x.npy", [X], *X.shape, X.dtype)
    for other in (LinearRegression(n_jobs=2).fit(X, y), LinearRegression(n_jobs=4).fit(place, y)):
        assert other.coef_.tobytes() == one.coef_.tobytes()
        assert other.intercept_ == one.intercept_
        assert other.singular_.tobytes() == one.singular_.tobytes()


@pytest.mark.parametrize("n_outputs", [0, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_is_predicted_as_alone(n_outputs, dtype):
    X, y = problem(20_000, 11, n_outputs)
    X = X.astype(dtype)
    model = LinearRegression().fit(X, y)
    together = model.predict(X)
    for i in (0, 1, 5, 6, 47, 48, 19_999):
        assert together[i : i + 1].tobytes() == model.predict(X[i : i + 1]).tobytes()
    assert together[100:177].tobytes() == model.predict(X[100:177]).tobytes()


def test_tables_of_all_kinds_give_the_same():
    X, y = problem(300, 3)
    names = ["a", "b", "c"]
    plain = LinearRegression().fit(X, y)
    for table in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        model = LinearRegression().fit(table, y)
        assert model.feature_names_in_.tolist() == names
        assert model.coef_.tobytes() == plain.coef_.tobytes()
        assert model.predict(table).tobytes() == plain.predict(X).tobytes()


def test_wide_singular_values_are_computed_on_first_use():
    X, y = problem(700, 300)
    model = LinearRegression().fit(X, y)
    assert "singular_" not in vars(model)
    state = model.get_state()
    np.testing.assert_allclose(
        state["singular_"], np.linalg.svd(X - X.mean(axis=0), compute_uv=False), rtol=1e-9
    )
    assert "_gram" not in vars(model)
    assert not hasattr(clone(model), "singular_")


def test_wide_singular_values_do_not_depend_on_the_threads_of_blas():
    X, y = problem(1_500, 420)
    found = set()
    for n in (1, 2, 4):
        model = LinearRegression().fit(X, y)
        with threadpool_limits(n, user_api="blas"):
            found.add(model.singular_.tobytes())
    assert len(found) == 1


def test_wide_singular_values_in_many_threads():
    X, y = problem(700, 300)
    for _ in range(5):
        model = LinearRegression().fit(X, y)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _, model=model: model.singular_.tobytes(), range(8)))
        assert len(set(found)) == 1


@pytest.mark.parametrize("learner", [LinearRegression, Ridge, LogisticRegression])
@pytest.mark.parametrize("width", [3, 9])
def test_a_fit_in_another_thread_does_not_mix_with_a_prediction(learner, width, monkeypatch):
    """As in a server that refits in another thread; here at the worst moment, just after X was checked."""
    X, y = problem(200, 5)
    wide, _ = problem(200, width)
    y = np.where(y > np.median(y), "yes", "no") if learner is LogisticRegression else y
    model, other = learner().fit(X, y), learner().fit(wide, y[::-1])
    look, calls = learner._features, []

    def looks_and_is_overtaken(self, given, *args):
        calls.append(given)
        found = look(self, given, *args)
        self.__dict__ = dict(vars(other))
        return found

    monkeypatch.setattr(learner, "_features", looks_and_is_overtaken)
    with pytest.raises(ValueError, match=f"expecting {width} features"):
        model.predict(X)
    assert len(calls) == 2


def test_state_is_checked():
    X, y = problem(50, 3)
    model = LinearRegression().fit(X, y)
    state = model.get_state()
    again = LinearRegression.from_state(model.get_params(), state)
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    for name, value in (
        ("coef_", np.zeros(4)),
        ("coef_", np.array([np.nan, 0.0, 0.0])),
        ("intercept_", np.inf),
        ("intercept_", np.zeros(2)),
        ("intercept_", "0"),
    ):
        with pytest.raises(ValueError, match=name.rstrip("_")):
            LinearRegression.from_state(model.get_params(), {**state, name: value})


def test_one_row_is_quick():
    X, y = problem(100, 50)
    model, row = LinearRegression().fit(X, y), X[:1].copy()
    model.predict(row)
    best = np.inf
    for _ in range(50):
        begun = time.perf_counter()
        for _ in range(20):
            model.predict(row)
        best = min(best, (time.perf_counter() - begun) / 20)
    assert best < 20e-6  # 3 us when the machine is idle; the bound is 10
