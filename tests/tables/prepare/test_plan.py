# ruff: noqa: DTZ001 (naive moments mean UTC here)
"""The two forms of a plan agree to the bit, on any table."""

import math
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.tables import TablePreparer

NUMBERS = (
    st.none()
    | st.floats(allow_infinity=False)
    | st.sampled_from([-math.nan, 1e308, -1.7e308, 5e-324, -0.0, 0.0, math.nan])
)
WHOLE = st.none() | st.integers(-(2**63), 2**63 - 1)
LEVELS = (
    st.none()
    | st.sampled_from(["a", "b", "", " a", "10", "9", "ä", "\U0001f600", "(other)"])
    | st.text(max_size=3)
)
MOMENTS = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))
LENGTHS = st.none() | st.timedeltas(timedelta(days=-100_000), timedelta(days=100_000))
TRUTHS = st.none() | st.booleans()
TYPES = {
    "number": (NUMBERS, pl.Float64),
    "whole": (WHOLE, pl.Int64),
    "level": (LEVELS, pl.String),
    "moment": (MOMENTS, pl.Datetime("us")),
    "length": (LENGTHS, pl.Duration("us")),
    "truth": (TRUTHS, pl.Boolean),
}


@st.composite
def tables(draw):
    """A table to learn from and one to transform, of the same columns."""
    n, m = draw(st.integers(2, 30)), draw(st.integers(1, 12))
    made = []
    for rows in (n, m):
        columns = {
            name: pl.Series(name, draw(st.lists(values, min_size=rows, max_size=rows)), dtype=dtype)
            for name, (values, dtype) in TYPES.items()
        }
        made.append(pl.DataFrame({"always": np.arange(rows, dtype=float), **columns}))
    return made


@settings(max_examples=80, deadline=None)
@given(tables(), st.sampled_from(["linear", "trees"]), st.sampled_from([None, 1, 3]))
def test_frame_and_row_agree_to_the_bit(pair, preprocessing, max_levels):
    learnt, later = pair
    preparer = TablePreparer(preprocessing, max_levels=max_levels, n_jobs=1).fit(learnt)
    for frame in (learnt, later):
        matrix = preparer.plan_.frame_form(frame)
        rows = np.stack([preparer.transform_row(row) for row in frame.to_dicts()])
        assert matrix.tobytes() == rows.tobytes()
        assert not np.isinf(matrix).any()
        assert preprocessing == "trees" or not np.isnan(matrix).any()


def test_a_plan_is_plain_data():
    frame = pl.DataFrame({"a": [1.0, None, 3.0], "b": ["x", "y", "x"]})
    plan = TablePreparer("linear").fit(frame).plan_
    assert type(plan).from_plain(plan.to_plain()) == plan
    assert plan.outputs == ["a", "a_(missing)", "b_x", "b_y"]
    assert plan.offsets == [0, 2]


def test_one_row_takes_microseconds():
    import timeit

    frame = pl.DataFrame(
        {f"n{k}": np.arange(40.0) for k in range(10)} | {f"c{k}": ["a", "b"] * 20 for k in range(12)}
    )
    for preprocessing in ("linear", "trees"):
        preparer = TablePreparer(preprocessing).fit(frame)
        row = frame.row(0, named=True)
        preparer.transform_row(row)
        assert min(timeit.repeat(lambda: preparer.transform_row(row), number=100, repeat=5)) / 100 < 200e-6  # noqa: B023
