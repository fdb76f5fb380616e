"""Rows against a contract: every verdict, in place, and the same from a frame and from one row."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import datetime as dt
import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.errors import CheckFailed, GroundupError
from groundup.tables import Contract, Problem

TRAIN = pl.DataFrame(
    {
        "id": [f"C{i:04d}" for i in range(20)],
        "n": [1.0, 2.5, None, 4.0] * 5,
        "i": [1, 2, 3, 4] * 5,
        "b": [True, False, True, None] * 5,
        "c": ["x", " y", "z", "NA"] * 5,
        "d": [dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1)] * 10,
        "k": [1, 2, 3, 1] * 5,
        "y": ["a", "b"] * 10,
    }
)
CONTRACT = Contract.infer(TRAIN, "y", kinds={"k": "category"})
GOOD = {"n": 2.0, "i": 3, "b": True, "c": "x", "d": "2020-06-01", "k": 2}


def problems(row):
    return [(p.column, p.kind, p.severity) for p in CONTRACT.conform_row(GOOD | row).problems]


def test_good_rows_have_no_problems():
    done = CONTRACT.conform(TRAIN)
    assert done.problems.height == 0
    assert done.frame.schema == {
        "n": pl.Float64, "i": pl.Float64, "b": pl.Boolean, "c": pl.String, "d": pl.Datetime("us"), "k": pl.String,
    }  # fmt: skip
    assert done.extra == ("id", "y")
    assert done.frame["n"].to_list() == TRAIN["n"].to_list()
    assert problems({}) == []


def test_columns_by_name():
    shuffled = TRAIN.select("k", "n", "d", "c", "b", "i").with_columns(new=pl.lit(1))
    done = CONTRACT.conform(shuffled)
    assert done.frame.equals(CONTRACT.conform(TRAIN).frame)
    assert done.extra == ("new",)
    with pytest.raises(
        CheckFailed,
        match=r"no column 'n', 'c', which the model needs.*\n.*\n  The input has 'N': rename it to 'n'",
    ):
        CONTRACT.conform(TRAIN.drop("c").rename({"n": "N"}))
    with pytest.raises(CheckFailed, match=r"no column 'k'"):
        CONTRACT.conform_row({name: 1 for name in CONTRACT.features if name != "k"})


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"n": None}, []),
        ({"n": math.nan}, []),
        ({"n": " "}, []),
        ({"i": None}, [("i", "missing", "warn")]),
        ({"n": 9}, [("n", "range", "warn")]),
        ({"n": "3.5"}, []),
        ({"n": "12,5"}, [("n", "type", "error")]),
        ({"n": "abc"}, [("n", "type", "error")]),
        ({"n": "1_0"}, [("n", "type", "error")]),
        ({"n": math.inf}, [("n", "infinite", "error")]),
        ({"n": "1e400"}, [("n", "infinite", "error")]),
        ({"n": 10**400}, [("n", "infinite", "error")]),
        ({"n": True}, [("n", "converted", "warn")]),
        ({"i": 2.5}, [("i", "fraction", "warn")]),
        ({"i": "2.5"}, [("i", "fraction", "warn")]),
        ({"i": 2.0}, []),
        ({"n": "true"}, [("n", "type", "error")]),
        ({"b": "true"}, []),
        ({"b": 1}, []),
        ({"b": "yes"}, []),
        ({"b": "maybe"}, [("b", "type", "error")]),
        ({"b": 2}, [("b", "type", "error")]),
        ({"c": "new"}, [("c", "unseen", "warn")]),
        ({"c": "y"}, [("c", "unseen", "warn")]),
        ({"c": " x "}, []),
        ({"c": "NA"}, []),
        ({"c": ""}, [("c", "missing", "warn")]),
        ({"c": ["x"]}, [("c", "type", "error")]),
        ({"k": 2.0}, []),
        ({"k": "3"}, []),
        ({"k": "3.0"}, []),
        ({"k": 9}, [("k", "unseen", "warn")]),
        ({"d": "2020-02-30"}, [("d", "type", "error")]),
        ({"d": dt.date(2021, 12, 1)}, []),
        ({"d": dt.date(2030, 1, 1)}, [("d", "range", "warn")]),
        ({"d": "1899-12-31"}, [("d", "range", "warn")]),
        ({"d": "0000-01-01"}, [("d", "type", "error")]),
        ({"d": "0001-01-01T00:00:00+14:00"}, [("d", "type", "error")]),
        ({"d": "10000-01-01"}, [("d", "type", "error")]),
        ({"d": 20200101}, [("d", "type", "error")]),
    ],
)
def test_problems_of_one_row(row, found):
    assert problems(row) == found


def test_a_bad_cell_is_emptied_and_its_row_stays():
    frame = TRAIN.with_columns(n=pl.Series(["1.5", "12,5", *["2"] * 18]))
    done = CONTRACT.conform(frame)
    assert done.frame.height == 20
    assert done.frame["n"].to_list()[:3] == [1.5, None, 2.0]
    assert done.listed() == [Problem(2, "n", "12,5", "type", "error", "number")]
    assert done.errors["row"].to_list() == [2]
    assert str(done.listed()[0]) == "row 2, column 'n': '12,5' is not a number"


def test_problems_are_ordered_by_row_then_column():
    frame = TRAIN.with_columns(n=pl.lit(99.0), c=pl.lit("new"))
    done = CONTRACT.conform(frame)
    assert done.problems["row"].to_list() == [i for i in range(1, 21) for _ in range(2)]
    assert done.problems["column"].to_list() == ["n", "c"] * 20
    assert len(done.listed(7)) == 7


def test_pandas_with_its_own_missing_values():
    frame = TRAIN.to_pandas().astype({"c": "category", "i": "Int64"})
    frame["b"] = frame["b"].astype("boolean")
    assert CONTRACT.conform(frame).frame.equals(CONTRACT.conform(TRAIN).frame)
    assert CONTRACT.conform(pd.DataFrame([GOOD])).problems.height == 0


def test_all_missing_columns():
    frame = pl.DataFrame({name: [None, None] for name in CONTRACT.features})
    done = CONTRACT.conform(frame)
    assert done.frame.null_count().row(0) == (2,) * 6
    assert set(done.problems["kind"]) == {"missing"}
    assert set(done.problems["column"]) == {"i", "c", "d", "k"}


def test_targets_of_later_rows():
    assert CONTRACT.target_values(TRAIN).tolist() == ["a", "b"] * 10
    assert CONTRACT.target_values(TRAIN, np.array([3, 0])).tolist() == ["b", "a"]
    with pytest.raises(GroundupError, match=r"not one of the 2 classes.*row 1, column 'y', value 'q'"):
        CONTRACT.target_values(TRAIN.with_columns(y=pl.lit("q")))
    numbers = pl.DataFrame({"x": [1.0, 2.0, 3.5], "y": [0.5, 1.5, 9.5]})
    regression = Contract.infer(numbers, "y")
    assert regression.target_values(numbers.with_columns(y=pl.lit("7.25"))).tolist() == [7.25] * 3
    with pytest.raises(GroundupError, match=r"not a finite number.*row 1"):
        regression.target_values(numbers.with_columns(y=pl.lit("x")))
    integers = Contract.infer(pl.DataFrame({"x": [1.0, 2.5, 3.0, 4.0], "y": [0, 1, 1, 0]}), "y")
    assert integers.target_values({"x": [1.0], "y": ["1"]}).tolist() == [1]


def test_with_too_many_levels_none_is_unseen():
    frame = pl.DataFrame(
        {"c": [f"v{i % 12_000}" for i in range(40_000)], "y": [0.5 * i for i in range(40_000)]}
    )
    contract = Contract.infer(frame, "y")
    column = contract.column("c")
    assert (len(column.levels), column.levels_complete, column.n_unique) == (10_000, False, 12_000)
    assert contract.conform(frame).problems.height == 0
    assert contract.conform_row({"c": "new"}).problems == []


TEXTS = [
    "", "NA", "null", "?", "-", "None", "true", "FALSE", "yes", "x", " y", "y", "z ", "1", "2.0", "12,5", "1,234",
    "1e400", "inf", "-Infinity", "nan", "1e5", "+5", "5.", ".5", "0x10", "1_000", "٣", "12 ", "\u00a03", "2020-01-01",
    "2020-02-30", "31/12/2020", "2020-01-01T10:00:00+02:00", "20200101", "March 3, 2021", "\x1f", "x\x1c", "\u20091",
]  # fmt: skip
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 7),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**30), 2**63, -0.0]),
    st.sampled_from(TEXTS),
    st.text(max_size=5),
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)),
    st.dates(dt.date(1900, 1, 1)),
    st.timedeltas(dt.timedelta(0), dt.timedelta(9)),
    st.lists(st.integers(0, 3), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(CONTRACT.features, CELLS)))
def test_one_row_and_a_frame_agree(row):
    one, many = CONTRACT.conform_row(row), CONTRACT.conform([row])
    assert many.frame.row(0, named=True) == one.values
    assert many.listed() == one.problems


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(CONTRACT.features), CELLS, min_size=6))
def test_any_json_value_is_handled(row):
    text = json.dumps(row, default=str)
    CONTRACT.conform_row(json.loads(text))
