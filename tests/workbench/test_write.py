"""Predictions to files: endings, formulas, all or nothing."""

import datetime as dt
import io
import json
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from groundup.errors import GroundupError, UsageError
from groundup.workbench.use.write import escape_formulas, format_of, rendered, write

RUN = [
    "=1+1",
    "=A1",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://x","y")',
    " =1+1",
    "\uff1d1+1",
    "\uff0bA1",
    "\t=1+1",
    "\r=A1",
    "+A1",
    "-B$2",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+cmd|'/C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "-1+1",
    "-1-1",
    "+Sheet!A1",
    "-(1+2)",
    "+x*y",
    '-"a"&"b"',
    "--A1",
]
KEPT = [
    "@nein",
    "-ja",
    "+x",
    "-",
    "+",
    "=",
    "@",
    "--",
    "-5",
    "-5.3e4",
    "+1.234,5",
    "-3%",
    "+49 1",
    "+49 (30) 12-34/5",
    "+1-202-555-0100",
    "- a remark",
    "-well, not bad",
    "@someone on the net",
    "-yes-and-no",
    "plain",
    "\tt",
    "a=b+c",
    "2020-01-02",
    "",
    None,
]
FRAME = pl.DataFrame({"a": [*RUN[:3], *KEPT], "n": [float(i) for i in range(3 + len(KEPT))]})


@pytest.mark.parametrize("cell", RUN)
def test_what_a_spreadsheet_would_run_is_escaped(cell):
    done, n = escape_formulas(pl.DataFrame({"a": [cell]}))
    assert done["a"].to_list() == [f"'{cell}"]
    assert n == 1


@pytest.mark.parametrize("cell", KEPT)
def test_other_text_stays(cell):
    done, n = escape_formulas(pl.DataFrame({"a": [cell]}, schema={"a": pl.String}))
    assert done["a"].to_list() == [cell]
    assert n == 0


def test_labels_are_never_changed_and_changes_are_counted():
    frame = pl.DataFrame(
        {"=a": RUN, "probability_@nein": 0.5, "kind": pl.Series(["-A1"] * len(RUN), dtype=pl.Categorical)}
    )
    done, n = escape_formulas(frame)
    assert done.columns == ["'=a", "probability_@nein", "kind"]
    assert n == 2 * len(RUN) + 1
    kept, n = escape_formulas(frame, [*RUN, "-A1"])
    assert kept["'=a"].to_list() == RUN
    assert kept["kind"].to_list() == frame["kind"].to_list()
    assert n == 1
    both = pl.DataFrame({"=a": [1], "'=a": [2]})
    assert escape_formulas(both)[0].columns == ["''=a", "'=a"]


def test_raw_changes_nothing():
    assert rendered(FRAME, "csv").n_escaped == 3
    made = rendered(FRAME, "csv", raw=True)
    assert made.n_escaped == 0
    assert b"'=1+1" not in made.data


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_every_format_keeps_every_row(tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    n_escaped = write(FRAME, str(path))
    assert n_escaped == (3 if ending in ("csv", "tsv") else 0)
    if ending == "jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert [r["a"] for r in rows] == FRAME["a"].to_list()
    elif ending == "parquet":
        assert pl.read_parquet(path).equals(FRAME)
    else:
        back = pl.read_csv(path, separator="\t" if ending == "tsv" else ",")
        assert back.height == FRAME.height
        assert back["a"].to_list()[3:-2] == FRAME["a"].to_list()[3:-2]
    assert list(tmp_path.iterdir()) == [path]


def test_lists_and_records_become_text_in_csv():
    frame = pl.DataFrame({"a": [[1, 2], None], "b": [{"x": 1}, {"x": 2}], "c": [b"z", None]})
    back = pl.read_csv(rendered(frame, "csv").data)
    assert back["a"].to_list() == ["[1, 2]", None]
    assert back["b"].to_list() == ["{'x': 1}", "{'x': 2}"]


def test_endings():
    assert format_of("-") == "csv"
    with pytest.raises(UsageError, match="no known extension"):
        format_of("out.xlsx")
    with pytest.raises(GroundupError, match="no such folder"):
        write(FRAME, "/nowhere/at/all/out.csv")
    assert rendered(FRAME.head(0), "csv").data == b"a,n\n"


PASSING = {
    "object": pl.Series([{1}, None], dtype=pl.Object),
    "binary": pl.Series([b"a\xff", None]),
    "duration": pl.Series([dt.timedelta(minutes=90), None]),
    "time": pl.Series([dt.time(1), None]),
    "decimal": pl.Series([Decimal("1.50"), None]),
    "int128": pl.Series([2**100, None], dtype=pl.Int128),
    "float16": pl.Series([1.5, None], dtype=pl.Float16),
    "null": pl.Series([None, None]),
    "categorical": pl.Series(["a", None], dtype=pl.Categorical),
    "enum": pl.Series(["a", None], dtype=pl.Enum(["a"])),
    "zone": pl.Series([dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None]).dt.convert_time_zone("Asia/Tokyo"),
    "list": pl.Series([[1], None]),
    "list of bytes": pl.Series([[b"a"], None]),
    "array": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": pl.Series([{"a": 1}, None]),
    "struct of bytes": pl.Series([{"a": b"x"}, None]),
    "empty struct": pl.Series([{}, None], dtype=pl.Struct([])),
    "map": pl.from_arrow(pa.table({"c": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))}))[
        "c"
    ],
    "period": pl.from_pandas(pd.DataFrame({"c": pd.PeriodIndex(["2024-01", None], freq="M")}))["c"],
    "interval": pl.from_pandas(pd.DataFrame({"c": pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)])}))[
        "c"
    ],
    "far date": pl.Series([2 * 10**9, None], dtype=pl.Int32).cast(pl.Date),
    "far moment": pl.Series([9 * 10**18, None]).cast(pl.Datetime("us")),
    "not finite": pl.Series([float("nan"), float("inf")]),
}


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "jsonl"])
@pytest.mark.parametrize("name", PASSING)
def test_every_type_that_can_pass_is_written(name, form):
    data = rendered(pl.DataFrame({"c": PASSING[name], "n": [1, 2]}), form).data
    if form == "parquet":
        found = pl.read_parquet(io.BytesIO(data))
    elif form == "jsonl":
        found = pl.DataFrame([json.loads(line) for line in data.decode().splitlines()])
    else:
        found = pl.read_csv(io.BytesIO(data), separator="\t" if form == "tsv" else ",")
    assert found["n"].to_list() == [1, 2]
    assert found.columns == ["c", "n"]
    if name == "duration" and form != "parquet":
        assert found["c"][0] == "PT1H30M"
    if name == "far date" and form != "parquet":
        assert found["c"][0].startswith("5477")
