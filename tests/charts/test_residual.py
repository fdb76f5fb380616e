"""Residuals: points, cells, groups, and far values."""

import numpy as np
import pytest

from groundup.charts import residuals
from groundup.charts.residual import groups
from groundup.errors import UsageError


def made(n, seed=0):
    rng = np.random.default_rng(seed)
    predicted = rng.normal(50, 10, n)
    return predicted + rng.normal(0, 2, n), predicted


def test_few_rows_are_points_and_many_are_cells():
    few, many = residuals(*made(1_000)), residuals(*made(50_000))
    points = few.panel_specs()[0]["datasets"]["points"]
    assert len(points) == 1_000
    y, predicted = made(1_000)
    assert points[3]["residual"] == pytest.approx(y[3] - predicted[3], rel=1e-6)
    cells = many.panel_specs()[0]["datasets"]["cells"]
    assert sum(cell["n"] for cell in cells) == 50_000
    assert len(cells) <= 56 * 36


def test_groups_are_naive_quartiles():
    y, predicted = made(1_000)
    found = groups(predicted, y - predicted)
    order = np.argsort(predicted)
    for k in range(10):
        part = order[100 * k : 100 * (k + 1)]
        assert found.median[k] == pytest.approx(np.median((y - predicted)[part]))
        assert found.predicted[k] == pytest.approx(predicted[part].mean())
        assert found.n_rows[k] == 100


def test_a_bend_is_told_with_its_side():
    predicted = np.linspace(0, 10, 2_000)
    noise = np.random.default_rng(0).normal(0, 0.1, 2_000)
    told = residuals(predicted + np.where(predicted > 9, 3.0, 0.0) + noise, predicted, unit="kg").reading
    assert "Near 9.5 kg the predictions are too low by" in told
    assert "No range of predictions is biased" in residuals(predicted + noise, predicted).reading


def test_far_residuals_are_clipped_and_told():
    y, predicted = made(1_000)
    y[0] += 1e6
    chart = residuals(y, predicted)
    assert "1 residual is out of range (0.1%)" in chart.reading
    shown = [point["y"] for point in chart.panel_specs()[0]["datasets"]["points"]]
    assert max(shown) < 100
    assert sum(bar["n"] for bar in chart.panel_specs()[1]["datasets"]["bars"]) == 1_000


@pytest.mark.parametrize("values", [([1.0], [1.0]), ([5.0] * 30, [5.0] * 30), ([1.0, 2.0], [3.0, 3.0])])
def test_degenerate_data_can_be_drawn(values):
    residuals(*values).to_svg()


def test_lengths_must_agree():
    with pytest.raises(UsageError, match="y has 2 values instead of 3"):
        residuals([1, 2], [1, 2, 3])
