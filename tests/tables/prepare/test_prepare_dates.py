# ruff: noqa: DTZ001 (naive moments mean UTC here)
"""Parts of moments against Python's calendar."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.tables import TablePreparer
from groundup.tables.prepare.dates import _parts, as_micro


@settings(max_examples=500, deadline=None)
@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_parts_are_those_of_the_calendar(moment):
    parts_of = getattr(_parts, "py_func", _parts)
    year, month, day, weekday, hour, elapsed = parts_of(as_micro(moment, "t"), 0)
    assert (year, month, day, weekday, hour) == (
        moment.year,
        moment.month,
        moment.day,
        moment.weekday(),
        moment.hour,
    )
    assert elapsed == pytest.approx((moment - datetime(1970, 1, 1)) / timedelta(days=1), abs=1e-6)


def test_units_zones_and_types_agree():
    moments = [
        datetime(1960, 2, 29, 23, 59, 59, 999_999),
        datetime(2024, 12, 31, 0, 30),
        None,
        datetime(2000, 1, 1),
    ]
    frame = pl.DataFrame({"t": pl.Series(moments, dtype=pl.Datetime("us"))})
    made = TablePreparer("linear").fit(frame)
    bits = made.transform(frame).tobytes()
    zoned = frame.with_columns(pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"))
    assert made.transform(zoned).tobytes() == bits
    assert made.transform(frame.with_columns(pl.col("t").cast(pl.Datetime("ns")))).tobytes() == bits
    assert (
        made.transform(pd.DataFrame({"t": frame["t"].to_list()}).astype("datetime64[ns]")).tobytes() == bits
    )
    tokyo = timezone(timedelta(hours=9))
    for row, moment in zip(made.transform(frame), moments, strict=True):
        for value in (
            moment,
            moment and moment.replace(tzinfo=UTC).astimezone(tokyo),
            moment and np.datetime64(moment),
            pd.NaT if moment is None else pd.Timestamp(moment),
        ):
            assert made.transform_row({"t": value}).tobytes() == row.tobytes()


def test_dates_have_no_hour():
    frame = pl.DataFrame({"t": [date(2020, 1, 1), date(2021, 6, 5), None]})
    made = TablePreparer("trees").fit(frame)
    assert made.get_feature_names_out().tolist() == ["t_year", "t_month", "t_day", "t_weekday", "t_elapsed"]
    assert made.transform_row({"t": date(2021, 6, 5)}).tolist() == [2021.0, 6.0, 5.0, 5.0, 521.0]
    assert np.isnan(made.transform_row({"t": None})).all()


def test_a_constant_datetime_is_ignored():
    frame = pl.DataFrame({"x": [1.0, 2.0], "t": [date(2020, 1, 1)] * 2})
    assert TablePreparer().fit(frame).ignored_ == {"t": "every row has the same datetime"}
