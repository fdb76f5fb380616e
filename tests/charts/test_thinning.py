"""Few points that draw the same curve."""

import numpy as np
import pytest

from groundup.charts.thinning import kept_points


def test_short_curves_are_kept_whole():
    assert kept_points(np.arange(5.0), np.zeros(5), 10).tolist() == [0, 1, 2, 3, 4]


def test_straight_lines_need_their_ends_only():
    x = np.linspace(0, 1, 1000)
    assert kept_points(x, 3 * x + 1, 100).tolist() == [0, 999]
    assert kept_points(x, np.zeros(1000), 100).tolist() == [0, 999]


@pytest.mark.parametrize("n", [2_000, 300_000])
def test_the_drawn_curve_stays_within_a_pixel(n):
    rng = np.random.default_rng(0)
    x = np.sort(rng.random(n))
    y = x**2 + 0.1 * np.sin(20 * x)
    kept = kept_points(x, y, 200)
    assert len(kept) <= 200
    assert kept[0] == 0
    assert kept[-1] == n - 1
    assert np.all(np.diff(kept) > 0)
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() < 1 / 320


def test_a_single_spike_is_kept():
    y = np.zeros(5_000)
    y[3_210] = 1
    assert 3_210 in kept_points(np.arange(5_000.0), y, 50)


def test_vertical_steps_are_kept():
    x = np.repeat(np.arange(10.0), 100)
    y = np.floor((np.arange(1_000) + 50) / 100)
    kept = kept_points(x, y, 40)
    assert set(zip(x[kept], y[kept], strict=True)) == set(zip(x, y, strict=True))
    assert len(kept) == 20
