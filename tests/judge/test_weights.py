"""Weights of rows and of classes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from groundup.judge.metrics import METRICS, Predicted
from groundup.judge.verdict import sampling_error
from groundup.judge.weights import RowWeights, class_weights, takes_weights
from groundup.models import LogisticRegression

Y = np.array(["a", "a", "a", "b", "c", "c"])


def test_balanced_is_sklearns_rule():
    assert class_weights("balanced", Y) == pytest.approx(compute_sample_weight("balanced", Y))
    w = np.array([1.0, 2, 1, 4, 1, 1])
    often = np.repeat(Y, w.astype(int))
    expected = dict(zip(often, compute_sample_weight("balanced", often), strict=True))
    assert class_weights("balanced", Y, w) == pytest.approx([expected[label] for label in Y])


def test_class_weights_multiply_in_fits_alone():
    rows = np.array([0, 3, 5])
    weights = RowWeights(np.array([1.0, 2, 3, 4, 5, 6]), {"b": 10.0})
    assert weights.of_fit(rows, Y[rows]).tolist() == [1.0, 40.0, 6.0]
    assert weights.of_scores(rows).tolist() == [1.0, 4.0, 6.0]
    assert RowWeights().of_fit(rows, Y[rows]) is None


def test_models_that_take_no_weights_are_known():
    class Plain:
        def fit(self, X, y):
            return self

    assert takes_weights(LogisticRegression)
    assert not takes_weights(Plain)


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss"])
def test_equal_weights_leave_the_error_of_a_score(name):
    rng = np.random.default_rng(0)
    p = rng.random(200)
    y = (rng.random(200) < p).astype(int)
    said = Predicted((p > 0.5).astype(int), np.c_[1 - p, p], np.array([0, 1]))
    value = METRICS[name].score(y, said).value
    plain = sampling_error(METRICS[name], y, said, value)
    assert sampling_error(METRICS[name], y, said._replace(weight=np.full(200, 3.0)), value) == pytest.approx(
        plain
    )
    few = np.where(np.arange(200) < 20, 1.0, 1e-9)
    assert sampling_error(METRICS[name], y, said._replace(weight=few), value) > 2 * plain
