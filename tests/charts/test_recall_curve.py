"""Precision over recall against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from groundup.charts import precision_recall
from groundup.charts.ranked import steps
from groundup.charts.recall_curve import precision_at, precision_points


@pytest.mark.parametrize("digits", [1, 9])
def test_points_and_area_are_those_of_scikit_learn(digits):
    rng = np.random.default_rng(1)
    y = (rng.random(600) < 0.2).astype(int)
    score = rng.normal(y, 1.0).round(digits)
    curve = precision_points("", steps(y, score))
    precision, recall, thresholds = precision_recall_curve(y, score)
    np.testing.assert_allclose(curve.x[::-1], recall[:-1], atol=1e-15)
    np.testing.assert_allclose(curve.y[::-1], precision[:-1], atol=1e-15)
    np.testing.assert_array_equal(curve.threshold[::-1], thresholds)
    assert curve.area == pytest.approx(average_precision_score(y, score), abs=1e-12)
    assert curve.base == pytest.approx(y.mean())


def test_precision_at_a_recall_is_what_can_be_reached():
    curve = precision_points("", steps([1, 0, 1, 0], [4, 3, 2, 1]))
    assert (precision_at(curve, 0.5), precision_at(curve, 0.6), precision_at(curve, 1.0)) == (1, 2 / 3, 2 / 3)


def test_reading_tells_the_price_of_recall():
    chart = precision_recall([1, 0, 1, 0], [4, 3, 2, 1], labels=["no", "yes"])
    assert "at a recall of 50%, 100% of the predicted positives are correct" in chart.reading
    assert "“yes”" in chart.reading
