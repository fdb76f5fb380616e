"""Precision and recall by threshold against scikit-learn's, and the threshold that decides."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from groundup.charts import threshold_curve
from groundup.charts.decision_curve import at_threshold, threshold_points


def test_points_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    y = (rng.random(400) < 0.3).astype(int)
    p = rng.random(400).round(2)
    precision, recall, thresholds = precision_recall_curve(y, p)
    curves = threshold_points(y, p)
    np.testing.assert_allclose(curves[0].x, thresholds)
    np.testing.assert_allclose(curves[0].y, precision[:-1])
    np.testing.assert_allclose(curves[1].y, recall[:-1])


def test_the_reading_is_of_the_threshold_that_decides():
    y, p = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.9]
    chart = threshold_curve(y, p, threshold=0.35, label="yes", part="the validation set")
    assert chart.reading == (
        "At 0.35, where the model decides, it finds 67% of the rows of “yes”, and 67% of the rows that it predicts as "
        "“yes” are correct."
    )
    assert chart.title.endswith("on the validation set")
    precision, recall = threshold_points(y, p)
    assert (at_threshold(precision, 0.4), at_threshold(recall, 0.4)) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )
    assert at_threshold(recall, 0.95) == 0.0
    assert "no row is predicted “yes”" in threshold_curve(y, p, threshold=0.95, label="yes").reading
