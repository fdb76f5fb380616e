"""The doors of ``read`` beside text: files that are none, Parquet, JSON lines, frames, mappings, samples."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from groundup.errors import GroundupError, UsageError
from groundup.tables import Table, read, samples
from groundup.tables.sources.samples import churn

FRAME = pl.DataFrame(
    {
        "n": [1.5, None, 3.0],
        "i": [1, 2, None],
        "t": ["x", None, "z"],
        "b": [True, None, False],
        "d": [dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 3)],
    }
)


def test_parquet(tmp_path):
    FRAME.write_parquet(tmp_path / "a.parquet")
    table = read(tmp_path / "a.parquet")
    assert table.frame.equals(FRAME)
    assert table.name == "a"
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:200])
    with pytest.raises(GroundupError, match=r"Parquet file is damaged"):
        read(tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_bytes((tmp_path / "a.parquet").read_bytes())
    with pytest.raises(GroundupError, match=r"a Parquet file, not a text table"):
        read(tmp_path / "c.csv")


def test_json_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"a": 1, "b": "x", "when": "2024-01-31"}\n\n{"a": 2.5, "c": true, "when": "2024-02-01T10:00"}\n[1]\n{"a": \n'
    )
    table = read(path)
    assert table.columns == ["a", "b", "when", "c"]
    assert table.frame["a"].to_list() == [1.0, 2.5]
    assert table.frame["when"].dtype == pl.Datetime("us")
    assert [r.line for r in table.rejects] == [4, 5]
    path.write_text('[{"a": 1}]')
    with pytest.raises(GroundupError, match=r"one JSON array"):
        read(path)


def test_json_lines_keep_digits_and_mixed_cells(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"id": 1234567890123456789, "m": 1}\n{"id": 2, "m": "x"}\n{"id": null, "m": true}\n')
    table = read(path)
    assert table.frame["id"].to_list() == [1234567890123456789, 2, None]
    assert table.frame["m"].to_list() == ["1", "x", "True"]


def test_pandas_arrow_and_polars_agree():
    tables = [read(FRAME), read(FRAME.to_pandas()), read(FRAME.to_arrow()), read(FRAME.lazy())]
    nullable = pd.DataFrame(
        {
            "n": pd.array([1.5, None, 3.0], dtype="Float64"),
            "i": pd.array([1, 2, None], dtype="Int64"),
            "t": pd.array(["x", None, "z"], dtype="string"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "d": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
        }
    )
    assert {t.digest for t in (tables[0], tables[2], tables[3], read(nullable))} == {tables[0].digest}
    # NumPy-backed pandas has no missing integers or booleans: they come as floats and objects.
    assert tables[1].frame["i"].to_list() == [1.0, 2.0, None]
    assert tables[1].frame["b"].to_list() == [True, None, False]


def test_categories_decimals_and_small_types():
    frame = pl.DataFrame(
        {
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "e": pl.Series(["lo", "hi"], dtype=pl.Enum(["lo", "hi"])),
            "s": pl.Series([1, 2], dtype=pl.Int8),
            "u": pl.Series([1, 2**63], dtype=pl.UInt64),
            "z": pl.Series([dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)] * 2).dt.convert_time_zone(
                "Asia/Tokyo"
            ),
        }
    )
    table = read(frame)
    assert table.frame.dtypes == [pl.String, pl.String, pl.Int64, pl.String, pl.Datetime("us")]
    assert table.frame["z"][0] == dt.datetime(2024, 1, 1, 12)
    assert table.frame["u"].to_list() == ["1", str(2**63)]


def test_mappings_arrays_and_rows():
    columns = read(
        {"a": np.array([1, 2]), "b": ["x", None], "t": np.array(["2024-01-01", "NaT"], dtype="datetime64[s]")}
    )
    assert columns.frame.row(1) == (2, None, None)
    assert read(np.array([[1.0, np.nan], [2.0, 3.0]])).frame.rows() == [(1.0, None), (2.0, 3.0)]
    record = np.array([(1, "x"), (2, "y")], dtype=[("a", "i4"), ("b", "U2")])
    assert read(record).frame.rows() == [(1, "x"), (2, "y")]
    rows = read([{"a": 1}, {"a": 2.5, "b": True}])
    assert rows.frame.rows() == [(1.0, None), (2.5, True)]
    mixed = read({"a": pd.Series([1, "x", None], dtype=object)})
    assert mixed.frame["a"].to_list() == ["1", "x", None]
    assert read({"a": [10**30, 1]}).frame["a"].dtype == pl.String  # every digit is kept
    with pytest.raises(GroundupError, match=r"differ in length.*\n.*'a': 1, 'b': 2"):
        read({"a": [1], "b": [1, 2]})
    with pytest.raises(GroundupError, match=r"is not a table"):
        read(object())
    with pytest.raises(GroundupError, match=r"must be a mapping from column to value.*row 2"):
        read([{"a": 1}, 3])
    with pytest.raises(GroundupError, match=r"same name"):
        read(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_numbers_stored_as_text_in_a_frame():
    frame = pd.DataFrame(
        {"total": [f"{i}.5" for i in range(50)] + [" "], "zip": [f"0{i:04d}" for i in range(51)]}
    )
    frame["label"] = ["0", "1", "1"] * 17
    table = read(frame)
    assert table.frame.dtypes == [pl.Float64, pl.String, pl.String]
    assert table.frame["total"].null_count() == 1
    assert any(n.kind == "types" and n.column == "total" for n in table.notes)
    assert read(frame, types={"total": "text", "label": "integer"}).frame.dtypes == [
        pl.String,
        pl.String,
        pl.Int64,
    ]


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(GroundupError, match=r"no such file. Did you mean 'customers.csv'"):
        read(tmp_path / "custmers.csv")
    with pytest.raises(GroundupError, match=r"The folder has customers.csv"):
        read(tmp_path / "zzzzzzzzzz.csv")
    with pytest.raises(GroundupError, match=r"and no folder"):
        read(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(GroundupError, match=r"a folder, not a table.*\n.*customers.csv"):
        read(tmp_path)
    for name, content, told in [
        ("empty.csv", b"", "is empty"),
        ("a.xyz", b"a,b\n1,2\n", "extension '.xyz'"),
        ("noext", b"a,b\n1,2\n", "extension"),
        ("zip.csv", b"PK\x03\x04rest", "zip archive or an Excel"),
        ("gz.csv", b"\x1f\x8brest", "gzip"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(GroundupError, match=told):
            read(tmp_path / name)
    with pytest.raises(GroundupError, match=r"not fetched"):
        read("https://example.org/a.csv")
    with pytest.raises(UsageError, match=r"options of text files"):
        read(FRAME, delimiter=";")


def test_samples():
    for known in samples():
        table = read(f"sample:{known.name}")
        assert table.n_rows == known.n_rows
        assert known.target in table.columns
    assert read("sample:iris").frame["species"].unique().sort().to_list() == [
        "setosa",
        "versicolor",
        "virginica",
    ]
    with pytest.raises(UsageError, match=r"no sample 'chrun'. Did you mean 'churn'.*\n.*iris, wine"):
        read("sample:chrun")


def test_churn_never_changes_and_is_as_hard_as_documented():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    frame = churn(n_rows=3000)
    assert read("sample:churn").digest == "3c933227e442f25100d73a6128ffe29e648e044fdc88f24f684fdca396708e7f"
    left = (frame["churned"] == "yes").to_numpy()
    assert 0.2 < left.mean() < 0.35
    assert frame["exit_survey"].is_not_null().to_numpy()[left].mean() > 0.95
    assert frame["exit_survey"].is_not_null().to_numpy()[~left].mean() < 0.02
    honest = frame.drop("customer_id", "joined", "churned", "exit_survey")
    numbers = honest.to_dummies(pl.selectors.string()).cast(pl.Float64)
    X = numbers.with_columns((pl.all() - pl.all().mean()) / pl.all().std()).fill_null(0).to_numpy()
    model = LogisticRegression().fit(X[:2000], left[:2000])
    assert 0.80 < roc_auc_score(left[2000:], model.predict_proba(X[2000:])[:, 1]) < 0.90


def test_a_table_is_returned_unchanged():
    table = Table(FRAME, "x", "here")
    assert read(table) is table
    assert repr(table) == "<Table 'x': 3 rows x 5 columns>"


def test_importing_tables_loads_no_heavy_library():
    code = (
        "import groundup.tables, sys; print([m for m in ('polars', 'sklearn', 'numba') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
