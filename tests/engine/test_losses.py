"""Losses against their definitions: in high precision, by finite differences, and alone against in a vector."""

import math

import numpy as np
import pytest

from groundup.engine.kernels import kernel
from groundup.engine.losses import logistic, softmax, squared
from groundup.engine.losses.exponential import exp_nonpositive, log1p_unit


@kernel(fast=True)
def _map_exp(x, out):
    for i in range(x.size):
        out[i] = exp_nonpositive(x[i])


@kernel(fast=True)
def _map_log1p(x, out):
    for i in range(x.size):
        out[i] = log1p_unit(x[i])


@kernel
def _logistic(z, y, out):
    for i in range(z.size):
        out[i, 0] = logistic.value(z[i], y[i])
        out[i, 1] = logistic.gradient(z[i], y[i])
        out[i, 2] = logistic.hessian(z[i])
        out[i, 3] = logistic.probability(z[i])


@kernel
def _squared(z, y, out):
    for i in range(z.size):
        out[i, 0] = squared.value(z[i], y[i])
        out[i, 1] = squared.gradient(z[i], y[i])


def _mapped(function, x):
    out = np.empty_like(x)
    function(x, out)
    return out


def test_the_exponential_is_within_two_units_in_the_last_place():
    x = -np.concatenate([np.linspace(0, 745, 200_001), np.logspace(-300, 2.8, 10_000)])
    x = x[x >= -708]
    true = np.array([math.exp(v) for v in x])
    assert np.max(np.abs(_mapped(_map_exp, x) - true) / np.spacing(true)) <= 2


def test_the_exponential_stays_a_normal_number_far_out():
    out = _mapped(_map_exp, np.array([-1e308, -1e5, -745.0, -709.0, 0.0]))
    assert (out > 0).all()
    assert out[-1] == 1.0
    assert out[0] == pytest.approx(math.exp(-708), rel=1e-15)


def test_log1p_is_within_three_units_in_the_last_place():
    t = np.concatenate([np.linspace(0, 1, 100_001), np.logspace(-308, 0, 10_000)])
    true = np.array([math.log1p(v) for v in t])
    assert np.max(np.abs(_mapped(_map_log1p, t) - true) / np.spacing(np.maximum(true, 1e-300))) <= 3


def test_a_value_has_the_same_bits_alone_and_in_a_vector():
    x = -np.abs(np.random.default_rng(0).normal(size=1003) * 30)
    together = _mapped(_map_exp, x)
    alone = np.concatenate([_mapped(_map_exp, x[i : i + 1]) for i in range(len(x))])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("label", [0.0, 1.0, 0.3])
def test_the_logistic_loss_is_its_definition_and_its_derivatives(label):
    z = np.linspace(-30, 30, 241)
    out = np.empty((len(z), 4))
    _logistic(z, np.full(len(z), label), out)
    np.testing.assert_allclose(
        out[:, 0], np.logaddexp(0, z) - label * z, rtol=1e-13, atol=4e-15
    )  # theirs cancels
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(out[:, 3], p, rtol=1e-14)
    np.testing.assert_allclose(out[:, 1], p - label, rtol=1e-13, atol=3e-16)
    np.testing.assert_allclose(out[:, 2], np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))) ** 2, rtol=1e-14)


def test_the_logistic_loss_neither_overflows_nor_cancels_in_the_tails():
    out = np.empty((2, 4))
    _logistic(np.array([-600.0, 600.0]), np.array([1.0, 0.0]), out)
    np.testing.assert_allclose(out[:, 0], 600.0)
    assert (out[:, 2] > 0).all()  # where p (1 - p) would be 0


def test_the_squared_loss_is_its_definition():
    out = np.empty((1, 2))
    _squared(np.array([3.0]), np.array([5.0]), out)
    assert out.tolist() == [[2.0, -2.0]]


def test_softmax_gives_probabilities_and_the_log_of_the_sum():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 4)) * 20
    flat = z.copy().reshape(-1)
    logs = np.array([softmax.to_probabilities(flat, 4 * i, 4) for i in range(50)])
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        flat.reshape(50, 4), shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-12, atol=1e-300
    )
    np.testing.assert_allclose(logs, np.log(shifted.sum(axis=1)) + z.max(axis=1), rtol=1e-13)


def test_softmax_by_class_gives_a_row_the_same_bits():
    z = np.random.default_rng(1).normal(size=(60, 5)) * 20
    flat, by_class, logs = z.copy().reshape(-1), z.T.copy(), np.zeros(60)
    one_by_one = [softmax.to_probabilities(flat, 5 * i, 5) for i in range(3, 50)]
    softmax.to_probabilities_by_class(by_class, 5, 3, 50, logs)
    assert by_class[:, 3:50].T.tobytes() == flat.reshape(60, 5)[3:50].tobytes()
    assert logs[3:50].tolist() == one_by_one
    assert (by_class[:, 50:] == z[50:].T).all()
    assert not logs[50:].any()
