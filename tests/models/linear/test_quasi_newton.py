"""The solver alone: quadratic and other functions, and wrong models of the Hessian."""

import numpy as np
import pytest

from groundup.models.linear.solvers.quasi_newton import minimise


class Matrix:
    def __init__(self, H):
        self.H = H

    def solve(self, gradient):
        return np.linalg.solve(self.H, gradient)


class LogCosh:
    """f = sum log cosh(A theta - b) + |theta|^2 / 2: convex, smooth, not quadratic."""

    def __init__(self, exact=True, cheap=True, factor=1.0, seed=0):
        rng = np.random.default_rng(seed)
        self.A, self.b = rng.standard_normal((60, 8)) * np.logspace(-2, 2, 8), 5.0 * rng.standard_normal(60)
        self.exact, self.cheap, self.factor = exact, cheap, factor
        self.n_gradients = self.n_hessians = 0

    def value_gradient(self, theta):
        self.n_gradients += 1
        z = self.A @ theta - self.b
        value = (np.logaddexp(z, -z) - np.log(2.0)).sum() + 0.5 * theta @ theta
        return value, self.A.T @ np.tanh(z) + theta

    def value_gradient_hessian(self, theta):
        self.n_hessians += 1
        value, gradient = self.value_gradient(theta)
        h = 1.0 / np.cosh(self.A @ theta - self.b) ** 2
        H = (self.A * h[:, None]).T @ self.A + np.eye(8)
        return value, gradient, Matrix(H * self.factor if self.exact else np.diag(np.diag(H)))


@pytest.fixture(scope="module")
def optimum():
    return minimise(LogCosh(), np.zeros(8), tol=1e-9, max_iter=500)


@pytest.mark.parametrize(("exact", "cheap"), [(True, True), (True, False), (False, False)])
def test_all_variants_find_the_minimum(exact, cheap, optimum):
    result = minimise(LogCosh(exact, cheap), np.zeros(8), tol=1e-4, max_iter=500)
    assert result.converged
    assert result.value == pytest.approx(optimum.value, rel=1e-11)
    problem = LogCosh()
    assert problem.value_gradient(result.theta)[0] <= optimum.value * (1 + 1e-11)
    assert np.linalg.norm(problem.value_gradient(result.theta)[1]) < 1e-3


def test_a_quadratic_takes_one_step():
    class Quadratic:
        exact = cheap = True
        H = np.diag([1e-8, 1.0, 1e8])

        def value_gradient(self, theta):
            return 0.5 * theta @ self.H @ theta + 1.0, self.H @ theta

        def value_gradient_hessian(self, theta):
            return *self.value_gradient(theta), Matrix(self.H)

    result = minimise(Quadratic(), np.array([1e4, 1.0, 1e-4]), tol=1e-4, max_iter=10)
    assert result.converged
    assert result.n_iter <= 1
    assert np.abs(Quadratic.H @ result.theta).max() < 1e-6


def test_a_hessian_from_a_nearby_point_saves_hessians(optimum):
    near = LogCosh(cheap=False)
    hessian = near.value_gradient_hessian(optimum.theta + 1e-3)[2]
    near.n_hessians = 0
    result = minimise(
        near, optimum.theta + 1e-2 * np.logspace(0, -4, 8), tol=1e-4, max_iter=50, hessian=hessian
    )
    assert result.converged
    assert result.value == pytest.approx(optimum.value, rel=1e-11)
    assert near.n_hessians == 0


@pytest.mark.parametrize("factor", [1e-3, 1e6])
def test_a_wrong_hessian_is_replaced(factor, optimum):
    problem = LogCosh(cheap=False)
    hessian = Matrix(np.eye(8) * factor)
    result = minimise(problem, np.zeros(8), tol=1e-4, max_iter=200, hessian=hessian)
    assert result.converged
    assert result.value == pytest.approx(optimum.value, rel=1e-11)
    assert problem.n_hessians > 0


def test_steps_are_counted_reported_and_limited():
    values = []
    result = minimise(
        LogCosh(), np.zeros(8), tol=1e-4, max_iter=3, callback=lambda value, theta: values.append(value)
    )
    assert not result.converged
    assert result.n_iter == 3
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    stopped = minimise(LogCosh(), np.zeros(8), tol=1e-4, max_iter=30, callback=lambda value, theta: True)
    assert stopped.n_iter == 1
    assert not stopped.converged


def test_a_nan_start_ends():
    result = minimise(LogCosh(), np.full(8, np.nan), tol=1e-4, max_iter=5)
    assert not result.converged


def test_a_large_gap_ends_the_fit(optimum):
    result = minimise(LogCosh(), np.zeros(8), tol=1e-4, max_iter=50, gap=5.0)
    assert result.converged
    assert result.value - optimum.value < 10.0
    assert result.n_iter < optimum.n_iter
