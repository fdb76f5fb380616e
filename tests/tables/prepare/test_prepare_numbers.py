"""Medians, means and scales at their limits."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.tables import TablePreparer
from groundup.tables.prepare.numbers import LARGEST, mean_and_deviation, median


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.data())
def test_weighted_median_is_that_of_repeated_rows(values, data):
    values = np.array(values)
    assert median(values) == pytest.approx(np.median(values), rel=1e-15)
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values))))
    if weight.sum():
        assert median(values, weight.astype(float)) == pytest.approx(
            np.median(np.repeat(values, weight)), rel=1e-15
        )


@pytest.mark.parametrize("factor", [1e300, 1e-300, 1.0, 1e150, 5e-324])
def test_deviation_survives_extremes(factor):
    values = np.array([1.0, 2.0, 4.0, 8.0])
    mean, deviation = mean_and_deviation(values * factor)
    assert np.isfinite([mean, deviation]).all()
    assert deviation > 0
    if factor > 1e-310:
        assert mean == pytest.approx(3.75 * factor, rel=1e-12)
        assert deviation == pytest.approx(values.std() * factor, rel=1e-12)


def test_a_constant_column_is_zero():
    frame = pl.DataFrame({"a": [0.1] * 7})
    assert TablePreparer("linear").fit(frame).transform(frame).tolist() == [[0.0]] * 7


def test_nothing_finite_becomes_infinite():
    frame = pl.DataFrame({"a": [1.0, 1.0 + 1e-15, 1.0]})
    made = TablePreparer("linear").fit(frame)
    assert made.transform_row({"a": 1e300})[0] == LARGEST
    assert made.transform_row({"a": -1e300})[0] == -LARGEST


def test_every_form_of_missing():
    frame = pl.DataFrame({"a": [1.0, None, 5.0]})
    made = TablePreparer("linear").fit(frame)
    for missing in (None, float("nan"), np.nan, pd.NA, pd.NaT, np.float32("nan")):
        assert made.transform_row({"a": missing}).tolist() == [0.0, 1.0]


def test_trees_keep_their_numbers():
    frame = pl.DataFrame({"a": [1.5, None, -0.0], "b": [True, None, False]})
    made = TablePreparer("trees").fit(frame).transform(frame)
    np.testing.assert_array_equal(made, [[1.5, 1.0], [np.nan, np.nan], [0.0, 0.0]])
    assert np.signbit(made[2, 0])


def test_every_nan_is_the_same_nan():
    odd = np.array([0x7FF8000000000123, 0xFFF8000000000000], dtype=np.uint64).view(np.float64)
    made = TablePreparer("trees").fit(pl.DataFrame({"a": [1.0, 2.0]}))
    assert set(made.plan_.frame_form(pl.DataFrame({"a": odd})).view(np.uint64).ravel().tolist()) == {
        0x7FF8 << 48
    }
    assert {made.transform_row({"a": v}).view(np.uint64)[0] for v in odd} == {0x7FF8 << 48}
