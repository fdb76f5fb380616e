"""Dates written as text: layouts, times, zones, years of two digits; the same for columns and single cells."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.tables.dates import LAYOUTS, parse_datetime, parse_datetimes


@pytest.mark.parametrize(
    ("layout", "text", "when"),
    [
        ("iso", "2024-01-01 05:06:07+00", (2024, 1, 1, 5, 6, 7)),
        ("iso", "2024-01-01 05:06:07+0530", (2023, 12, 31, 23, 36, 7)),
        ("iso", "2024-01-01 05:06:07 +05:30", (2023, 12, 31, 23, 36, 7)),
        ("iso", "2024-01-01 05:06\u221203", (2024, 1, 1, 8, 6)),
        ("iso", "2024-01-01t05:06:07.123456789z", (2024, 1, 1, 5, 6, 7, 123456)),
        ("iso", "2024-01-01T05", (2024, 1, 1, 5)),
        ("iso", "2024-01-01 5:06 p.m.", (2024, 1, 1, 17, 6)),
        ("iso", "2024-01-01 5:06 P. M.", (2024, 1, 1, 17, 6)),
        ("iso", "2024-01-01 12:30 AM", (2024, 1, 1, 0, 30)),
        ("iso", "2024-01-01 3pm", (2024, 1, 1, 15)),
        ("dmy", "8.3.24 10:30 UTC", (2024, 3, 8, 10, 30)),
        ("compact", "20240308T153000Z", (2024, 3, 8, 15, 30)),
        ("dmony", "Fri, 08 Mar 2024 12:00:00 +0000", (2024, 3, 8, 12)),
        ("dmony", "8th March 2024", (2024, 3, 8)),
        ("mondy", "Mar-08-2024", (2024, 3, 8)),
        ("ymond", "2024-Mar-08", (2024, 3, 8)),
        ("ym", "2021-03", (2021, 3, 1)),
        ("ym", "2021/3", (2021, 3, 1)),
        ("my", "03/2021", (2021, 3, 1)),
        ("mony", "Mar 2021", (2021, 3, 1)),
        ("mony", "Sept-21", (2021, 9, 1)),
        ("ymon", "2021 March", (2021, 3, 1)),
        ("compact_month", "202103", (2021, 3, 1)),
        ("yq", "2021-Q2", (2021, 4, 1)),
        ("qy", "Q4 2021", (2021, 10, 1)),
    ],
)
def test_a_date(layout, text, when):
    assert parse_datetime(text, layout) == dt.datetime(*when)
    assert parse_datetimes(pl.Series([text]), layout).to_list() == [dt.datetime(*when)]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("ym", "2021-13"),
        ("mony", "Mar 21"),
        ("mony", "Marvel 2019"),
        ("compact_month", "202113"),
        ("yq", "2021Q5"),
        ("iso", "2024-01-01 13:00 pm"),
        ("iso", "2024-01-01 05:00+99"),
        ("iso", "2024-02-30"),
    ],
)
def test_no_date(layout, text):
    assert parse_datetime(text, layout) is None
    assert parse_datetimes(pl.Series([text]), layout).to_list() == [None]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99), st.sampled_from([("dmy", "1.2."), ("dmony", "1 Feb "), ("mony", "Feb-")]))
def test_a_year_of_two_digits_is_the_last_that_is_not_in_the_future(short, layout):
    name, start = layout
    now = dt.datetime.now(dt.UTC).year
    read = parse_datetime(f"{start}{short:02}", name)
    assert read is not None
    assert read.year <= now < read.year + 100
    assert read.year % 100 == short


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("0123456789-/.: TtZzQqMarapm+"), max_size=20),
    st.sampled_from(sorted(LAYOUTS)),
)
def test_columns_and_cells_agree(text, layout):
    text = text.strip()
    assert parse_datetimes(pl.Series([text]), layout).to_list() == [parse_datetime(text, layout)]
