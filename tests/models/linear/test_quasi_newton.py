"""The solver by itself: quadratics, functions that are not, metrics that mislead."""

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

    def __init__(self, exact=True, cheap=True, lie=1.0, seed=0):
        rng = np.random.default_rng(seed)
        self.A, self.b = rng.standard_normal((60, 8)) * np.logspace(-2, 2, 8), 5.0 * rng.standard_normal(60)
        self.exact, self.cheap, self.lie = exact, cheap, lie
        self.n_slopes = self.n_curvatures = 0

    def slope(self, theta):
        self.n_slopes += 1
        z = self.A @ theta - self.b
        value = (np.logaddexp(z, -z) - np.log(2.0)).sum() + 0.5 * theta @ theta
        return value, self.A.T @ np.tanh(z) + theta

    def curvature(self, theta):
        self.n_curvatures += 1
        value, gradient = self.slope(theta)
        h = 1.0 / np.cosh(self.A @ theta - self.b) ** 2
        H = (self.A * h[:, None]).T @ self.A + np.eye(8)
        return value, gradient, Matrix(H * self.lie if self.exact else np.diag(np.diag(H)))


@pytest.fixture(scope="module")
def optimum():
    return minimise(LogCosh(), np.zeros(8), tol=1e-9, max_iter=500)


@pytest.mark.parametrize(("exact", "cheap"), [(True, True), (True, False), (False, False)])
def test_every_way_finds_the_minimum(exact, cheap, optimum):
    found = minimise(LogCosh(exact, cheap), np.zeros(8), tol=1e-4, max_iter=500)
    assert found.converged
    assert found.value == pytest.approx(optimum.value, rel=1e-11)
    problem = LogCosh()
    assert problem.slope(found.theta)[0] <= optimum.value * (1 + 1e-11)
    assert np.linalg.norm(problem.slope(found.theta)[1]) < 1e-3


def test_a_quadratic_takes_one_step():
    class Quadratic:
        exact = cheap = True
        H = np.diag([1e-8, 1.0, 1e8])

        def slope(self, theta):
            return 0.5 * theta @ self.H @ theta + 1.0, self.H @ theta

        def curvature(self, theta):
            return *self.slope(theta), Matrix(self.H)

    found = minimise(Quadratic(), np.array([1e4, 1.0, 1e-4]), tol=1e-4, max_iter=10)
    assert found.converged
    assert found.n_iter <= 1
    assert np.abs(Quadratic.H @ found.theta).max() < 1e-6


def test_a_metric_from_nearby_saves_hessians(optimum):
    near = LogCosh(cheap=False)
    metric = near.curvature(optimum.theta + 1e-3)[2]
    near.n_curvatures = 0
    found = minimise(near, optimum.theta + 1e-2 * np.logspace(0, -4, 8), tol=1e-4, max_iter=50, metric=metric)
    assert found.converged
    assert found.value == pytest.approx(optimum.value, rel=1e-11)
    assert near.n_curvatures == 0


@pytest.mark.parametrize("lie", [1e-3, 1e6])
def test_a_metric_that_misleads_is_found_out(lie, optimum):
    problem = LogCosh(cheap=False)
    metric = Matrix(np.eye(8) * lie)
    found = minimise(problem, np.zeros(8), tol=1e-4, max_iter=200, metric=metric)
    assert found.converged
    assert found.value == pytest.approx(optimum.value, rel=1e-11)
    assert problem.n_curvatures > 0


def test_the_steps_are_counted_told_and_limited():
    heard = []
    found = minimise(
        LogCosh(), np.zeros(8), tol=1e-4, max_iter=3, tell=lambda value, theta: heard.append(value)
    )
    assert not found.converged
    assert found.n_iter == 3
    assert len(heard) == 3
    assert heard == sorted(heard, reverse=True)
    stopped = minimise(LogCosh(), np.zeros(8), tol=1e-4, max_iter=30, tell=lambda value, theta: True)
    assert stopped.n_iter == 1
    assert not stopped.converged


def test_a_start_that_is_no_number_ends():
    found = minimise(LogCosh(), np.full(8, np.nan), tol=1e-4, max_iter=5)
    assert not found.converged


def test_near_enough_is_near_enough(optimum):
    found = minimise(LogCosh(), np.zeros(8), tol=1e-4, max_iter=50, gap=5.0)
    assert found.converged
    assert found.value - optimum.value < 10.0
    assert found.n_iter < optimum.n_iter
