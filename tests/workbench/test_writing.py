"""Predictions to files: endings, formulas, all or nothing."""

import json

import polars as pl
import pytest

from groundup.errors import GroundupError, UsageError
from groundup.workbench.writing import escape_formulas, format_of, rendered, write

FRAME = pl.DataFrame(
    {"a": ["=1+1", "-5", "-5.3e4", "+x", "@cmd", "plain", None, "\tt"], "n": [-1.0, 2, 3, 4, 5, 6, 7, None]}
)


def test_formulas_are_escaped_and_numbers_are_not():
    assert escape_formulas(FRAME)["a"].to_list() == [
        "'=1+1",
        "-5",
        "-5.3e4",
        "'+x",
        "'@cmd",
        "plain",
        None,
        "'\tt",
    ]
    assert escape_formulas(FRAME)["n"].to_list() == FRAME["n"].to_list()
    assert escape_formulas(pl.DataFrame({"=a": [1], "b": [2]})).columns == ["'=a", "b"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_every_format_keeps_every_row(tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    write(FRAME, str(path))
    if ending == "jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert [r["a"] for r in rows] == FRAME["a"].to_list()
    elif ending == "parquet":
        assert pl.read_parquet(path).equals(FRAME)
    else:
        back = pl.read_csv(path, separator="\t" if ending == "tsv" else ",")
        assert back.height == FRAME.height
    assert list(tmp_path.iterdir()) == [path]


def test_endings():
    assert format_of("-") == "csv"
    with pytest.raises(UsageError, match="no known ending"):
        format_of("out.xlsx")
    with pytest.raises(GroundupError, match="no such folder"):
        write(FRAME, "/nowhere/at/all/out.csv")
    assert rendered(FRAME.head(0), "csv") == b"a,n\n"
