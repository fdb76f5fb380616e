"""The ROC curve against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from groundup.charts import roc
from groundup.charts.ranked import steps
from groundup.charts.roc_curve import roc_points
from groundup.errors import UsageError


@pytest.fixture(params=[0, 1, 2])
def judged(request):
    rng = np.random.default_rng(request.param)
    y = rng.integers(0, 2, 500)
    score = rng.normal(y, 1.0)
    return y, score if request.param else score.round(1)  # ties


def test_points_and_area_are_those_of_scikit_learn(judged):
    y, score = judged
    curve = roc_points("", steps(y, score))
    fpr, tpr, _ = roc_curve(y, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, fpr, atol=1e-15)
    np.testing.assert_allclose(curve.y, tpr, atol=1e-15)
    assert curve.area == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_drawn_points_lie_on_the_curve(judged):
    y, score = judged
    curve = roc_points("", steps(y, score))
    drawn = roc(y, score).panel_specs()[0]["datasets"]["curves"]
    points = np.column_stack([curve.x, curve.y])
    assert all(np.abs(points - [p["x"], p["y"]]).max(axis=1).min() < 1e-6 for p in drawn)
    assert (drawn[0]["x"], drawn[0]["y"], drawn[0]["threshold"]) == (0, 0, None)
    assert (drawn[-1]["x"], drawn[-1]["y"]) == (1, 1)


def test_the_mark_stands_where_the_model_decides(judged):
    y, score = judged
    point = roc(y, score, threshold=0.5).panel_specs()[0]["datasets"]["decision"][0]
    called = score >= 0.5
    assert point["x"] == pytest.approx(called[y == 0].mean(), rel=1e-6)
    assert point["y"] == pytest.approx(called[y == 1].mean(), rel=1e-6)


def test_a_threshold_above_all_scores_calls_nothing():
    point = roc([0, 1], [0.1, 0.2], threshold=5.0).panel_specs()[0]["datasets"]["decision"][0]
    assert (point["x"], point["y"]) == (0, 0)


def test_several_labels_draw_the_hardest():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 8, 2_000)
    score = rng.random((2_000, 8)) + np.eye(8)[y] * np.arange(8)
    chart = roc(y, score, labels=[f"L{k}" for k in range(8)])
    assert [row[0] for row in chart.table["rows"]] == ["L0", "L1", "L2", "L3", "L4"]
    areas = [row[1] for row in chart.table["rows"]]
    assert areas == pytest.approx([roc_auc_score(y == k, score[:, k]) for k in range(5)], rel=1e-6)
    assert "5 hardest of 8" in chart.reading


def test_a_label_without_rows_has_no_curve():
    y = np.array([0, 1, 0, 1])
    chart = roc(y, np.random.default_rng(0).random((4, 3)), labels=["a", "b", "never"])
    assert [row[0] for row in chart.table["rows"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("y", "score", "words"),
    [
        ([1, 1], [0.1, 0.2], "both labels"),
        ([0, 2], [0.1, 0.2], "0 and 1"),
        ([0, 1], [0.1, np.nan], "finite"),
        ([0, 1, 1], [0.1, 0.2], "3 values instead of 2"),
        ([0, 1], [[0.1, 0.2]] * 2, "labels"),
    ],
)
def test_bad_input(y, score, words):
    with pytest.raises(UsageError, match=words):
        roc(y, score)
