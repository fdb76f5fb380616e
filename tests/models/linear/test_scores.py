"""Scores and probabilities against NumPy, for every remainder of the tiles."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, log_softmax, softmax

from groundup.models.linear import scores


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 7, 8, 9, 50])
def test_one_output(dtype, d):
    rng = np.random.default_rng(d)
    X, w = rng.standard_normal((53, d)).astype(dtype), rng.standard_normal(d)
    z = X.astype(float) @ w + 0.5
    out, two = np.empty(53), np.empty((53, 2))
    scores.score(X, w, 0.5, out)
    np.testing.assert_allclose(out, z, atol=1e-13)
    scores.probability(X, w, 0.5, two)
    np.testing.assert_allclose(two, np.column_stack([expit(-z), expit(z)]), rtol=1e-12)
    scores.log_probability(X, w, 0.5, two)
    np.testing.assert_allclose(two, np.column_stack([log_expit(-z), log_expit(z)]), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [1, 5, 6, 48, 49, 100])
@pytest.mark.parametrize("n_outputs", [2, 3, 16, 17, 40])
def test_many_outputs(dtype, n_rows, n_outputs):
    rng = np.random.default_rng(n_rows)
    X, W = rng.standard_normal((n_rows, 9)).astype(dtype), rng.standard_normal((n_outputs, 9))
    b = rng.standard_normal(n_outputs)
    z = X.astype(float) @ W.T + b
    out = np.empty((n_rows, n_outputs))
    scores.score_many(X, W, b, out)
    np.testing.assert_allclose(out, z, atol=1e-13)
    scores.probability_many(X, W, b, out)
    np.testing.assert_allclose(out, softmax(z, axis=1), rtol=1e-12)
    scores.log_probability_many(X, W, b, out)
    np.testing.assert_allclose(out, log_softmax(z, axis=1), atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nonfinite_values_show_in_the_result(bad):
    X = np.ones((3, 2))
    X[1, 0] = bad
    two, three = np.empty((3, 2)), np.empty((3, 3))
    for kernel in (scores.probability, scores.log_probability):
        kernel(X, np.array([1.0, 0.0]), 0.0, two)
        assert np.isfinite(two).all(axis=1).tolist() == [True, False, True]
    for kernel in (scores.probability_many, scores.log_probability_many):
        kernel(X, np.ones((3, 2)), np.zeros(3), three)
        assert np.isfinite(three).all(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_that_overflow_give_the_limits(dtype):
    big = 3e38 if dtype == np.float32 else 1e308
    X = np.array([[big, 0.0], [1.0, 1.0], [-big, 0.0], [big, big]], dtype)
    two, logs = np.empty((4, 2)), np.empty((4, 2))
    scores.probability(X, np.array([1e300, -1e300]), 0.0, two)
    scores.log_probability(X, np.array([1e300, -1e300]), 0.0, logs)
    np.testing.assert_allclose(two[:3], [[0, 1], [0.5, 0.5], [1, 0]], atol=1e-300)
    assert np.isnan(two[3]).all()  # infinity less infinity: nobody knows
    assert np.isnan(logs[3]).all()
    assert (logs[0, 0], logs[2, 1]) == (-np.finfo(float).max,) * 2
    np.testing.assert_allclose((logs[0, 1], logs[2, 0]), 0.0, atol=1e-300)

    W = np.array([[1e300, 0.0], [0.0, 1e300], [-1e300, 0.0]])
    three, logs = np.empty((4, 3)), np.empty((4, 3))
    scores.probability_many(X, W, np.zeros(3), three)
    scores.log_probability_many(X, W, np.zeros(3), logs)
    expected = [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0]]
    np.testing.assert_allclose(three, expected, atol=1e-300)
    overflowed = [0, 2, 3]
    np.testing.assert_allclose(np.exp(logs)[overflowed], np.array(expected)[overflowed], atol=1e-300)
    assert not np.isnan(logs).any()
