"""Histograms of numbers: every row is counted once, edges are round."""

import numpy as np
import pytest

from groundup.charts import numeric_distribution
from groundup.charts.drawing import round_ticks
from groundup.charts.histograms import histogram
from groundup.errors import UsageError

RNG = np.random.default_rng(0)
SAMPLES = {
    "normal": RNG.normal(100, 15, 5_000),
    "skewed": RNG.lognormal(0, 2, 5_000),
    "heavy tails": RNG.standard_t(1, 5_000),
    "whole numbers": RNG.poisson(3, 5_000),
    "years": RNG.integers(1990, 2024, 5_000),
    "large whole numbers": RNG.integers(0, 10**12, 5_000),
    "one value": np.full(10, 7.0),
    "one row": np.array([0.1]),
    "tiny span": 1e9 + RNG.random(100) * 1e-3,
    "huge": RNG.normal(0, 1e300, 100),
    "tiny": RNG.normal(0, 1e-300, 100),
    "mostly zero": np.where(RNG.random(5_000) < 0.99, 0.0, RNG.random(5_000)),
    "two values": np.array([0.0, 1.0] * 50),
    "next to each other": np.array([1.0, np.nextafter(1.0, 2.0)]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_row_is_in_one_bin(name):
    values = SAMPLES[name]
    found = histogram(np.concatenate([values, [np.nan, np.nan, np.inf]]))
    assert found.counts.sum() == len(values)
    assert (found.n_missing, found.n_infinite) == (2, 1)
    assert np.all(np.diff(found.edges) > 0)
    assert len(found.counts) <= 60
    assert found.n_below == (values < found.edges[0]).sum()
    assert found.n_above == (values > found.edges[-1]).sum()
    assert found.median == pytest.approx(np.median(values))
    numeric_distribution(values, name="x").to_svg()


def test_edges_are_round():
    widths = np.diff(histogram(SAMPLES["normal"]).edges)
    assert widths == pytest.approx(np.full(len(widths), 5.0))
    edges = histogram(SAMPLES["whole numbers"]).edges
    assert np.all(edges % 1 == 0.5), "each whole number has the middle of its bar"


def test_counts_are_numpys():
    found = histogram(SAMPLES["normal"])
    np.testing.assert_array_equal(found.counts, np.histogram(SAMPLES["normal"], found.edges)[0])


def test_far_values_do_not_squeeze_the_rest():
    values = np.concatenate([SAMPLES["normal"], [1e6, -1e6]])
    found = histogram(values)
    assert found.n_below >= 1
    assert found.n_above >= 1
    assert found.edges[-1] - found.edges[0] < 200
    assert "outermost bar" in numeric_distribution(values, name="x").reading


def test_missing_rows_are_told_and_drawn():
    chart = numeric_distribution([1.0, 2.0, 3.0, np.nan], name="age", unit="years")
    assert "1 of 4 rows are missing (25.0%)" in chart.reading
    assert chart.panel_specs()[0]["datasets"]["missing"][0]["n"] == 1
    assert chart.table["rows"][-1] == [None, None, 1, 0.25, "missing"]


def test_a_column_without_numbers():
    chart = numeric_distribution([np.nan, np.nan], name="empty")
    assert chart.reading == "None of the 2 rows of “empty” holds a number."
    chart.to_svg()
    with pytest.raises(UsageError, match="no rows"):
        numeric_distribution([], name="x")
    with pytest.raises(UsageError, match="category_distribution"):
        numeric_distribution(["a"], name="x")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 7.9), (1e-9, 3e-9), (5e8, 5.1e8)])
def test_ticks_lie_within(low, high):
    ticks = round_ticks(low, high)
    assert 3 <= len(ticks) <= 7
    assert low - 1e-12 <= ticks[0]
    assert ticks[-1] <= high * (1 + 1e-12)
