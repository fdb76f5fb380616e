"""Types that no contract lists: numbers where it makes sense, else left out by name; never another library's error."""

# ruff: noqa: DTZ001 - a moment without a zone is UTC

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from groundup.errors import GroundupError, panics_as_errors
from groundup.tables import Contract, read
from groundup.tables.sources.simple_types import plain_cell

N = 24
MINUTES = [dt.timedelta(minutes=i * i) for i in range(N)]
SECONDS = [60.0 * i * i for i in range(N)]


class OurType(pa.ExtensionType):
    """An extension type that no library knows."""

    def __init__(self):
        super().__init__(pa.int64(), "test.ours")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls()


def arrow(values, kind=None):
    return pa.table(
        {"c": values if kind is None else pa.array(values, kind), "y": ["a", "b"] * (N // 2), "x": SECONDS}
    )


def pandas(values):
    return pd.DataFrame({"c": values, "y": ["a", "b"] * (N // 2), "x": SECONDS})


def polars(values, dtype=None):
    return pl.DataFrame({"c": pl.Series(values, dtype=dtype), "y": ["a", "b"] * (N // 2), "x": SECONDS})


stored = pa.ExtensionArray.from_storage
MONTHS = [dt.datetime(2020 + k // 12, k % 12 + 1, 1) for k in range(N)]
WHOLE = [Decimal(i * i) for i in range(N)]
SQUARES = [float(i * i) for i in range(N)]
# the table, the cells as they are read, a word of the note (None: no note)
READ = {
    "duration": (polars(MINUTES), SECONDS, "seconds"),
    "duration in ms": (polars(MINUTES, pl.Duration("ms")), SECONDS, "seconds"),
    "timedelta": (pandas(pd.to_timedelta(SECONDS, unit="s")), SECONDS, "seconds"),
    "arrow's duration": (arrow(MINUTES, pa.duration("s")), SECONDS, "seconds"),
    "pyarrow's in pandas": (pandas(pd.array(MINUTES, dtype=pd.ArrowDtype(pa.duration("ns")))), SECONDS, "seconds"),
    "objects that are durations": (pandas(pd.Series(MINUTES, dtype=object)), SECONDS, "seconds"),
    "decimal": (polars(WHOLE), SQUARES, None),
    "decimal128": (arrow(WHOLE, pa.decimal128(12, 2)), SQUARES, None),
    "decimal256": (arrow(WHOLE, pa.decimal256(60, 2)), SQUARES, None),
    "decimal with NaN": (pandas(pd.Series([Decimal("NaN"), None, *WHOLE[2:]])), [None, None, *SQUARES[2:]], None),
    "half precision": (arrow(np.array(SQUARES[:16] + [1.0] * 8, "f2")), SQUARES[:16] + [1.0] * 8, None),
    "run ends": (arrow(pa.RunEndEncodedArray.from_arrays([12, 24], [1.5, 2.5])), [1.5] * 12 + [2.5] * 12, None),
    "period": (pandas(pd.period_range("2020-01", periods=N, freq="M")), MONTHS, "begin"),
    "quarters": (pandas(pd.period_range("2020Q1", periods=N, freq="Q").repeat(1)), None, "begin"),
    "interval": (pandas(pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)] * 12)), ["(0, 1]", "(1, 2]"] * 12, "text"),
    "pandas.cut": (pandas(pd.cut([1, 3] * 12, [0, 2, 4])), ["(0, 2]", "(2, 4]"] * 12, "text"),
    "dictionary": (arrow(pa.array(["x", "z"] * 12).dictionary_encode()), ["x", "z"] * 12, None),
    "large string": (arrow(["x", "z"] * 12, pa.large_string()), ["x", "z"] * 12, None),
    "enum": (polars(["x", "z"] * 12, pl.Enum(["x", "z"])), ["x", "z"] * 12, None),
    "bool8": (arrow(stored(pa.bool8(), pa.array([0, 1] * 12, pa.int8()))), [False, True] * 12, None),
    "other extension": (arrow(stored(OurType(), pa.array([5, 3] * 12))), [5, 3] * 12, "test.ours"),
    "missing integers": (pandas(pd.array([1, None] * 12, dtype="Int64")), [1, None] * 12, None),
    "pandas' NA": (pandas(pd.Series([1.5, pd.NA] * 12, dtype=object)), [1.5, None] * 12, None),
    "masked": ({"c": np.ma.array(SQUARES, mask=[True] + [False] * 23), "y": ["a", "b"] * 12}, [None, *SQUARES[1:]], None),
    "far dates": (polars([2 * 10**9, *range(23)], pl.Int32).with_columns(pl.col("c").cast(pl.Date)),
                  [None, *(dt.date(1970, 1, 1) + dt.timedelta(i) for i in range(23))], "1 date is outside"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_types_that_are_numbers_text_or_dates(name):
    source, cells, told = READ[name]
    table = read(source)
    if cells is not None:
        assert table.frame["c"].to_list() == cells
    notes = " ".join(str(note) for note in table.notes)
    assert told in notes if told else not notes, notes
    if told:
        assert "column 'c'" in notes
    assert Contract.infer(table, "y").by_name["c"].kind in (
        "number",
        "integer",
        "boolean",
        "category",
        "datetime",
    )


LEFT_OUT = {
    "binary": polars([b"a", b"c"] * 12),
    "fixed-size binary": arrow([b"ab"] * N, pa.binary(2)),
    "uuid": arrow([uuid.UUID(int=i).bytes for i in range(N)], pa.uuid()),
    "list": polars([[1, 2]] * N),
    "array": polars([[1, 2]] * N, pl.Array(pl.Int64, 2)),
    "struct": polars([{"a": 1}] * N),
    "empty struct": polars([{}] * N, pl.Struct([])),
    "map": arrow([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())),
    "time": polars([dt.time(i) for i in range(N)]),
    "time32": arrow([1000 * i for i in range(N)], pa.time32("s")),
    "object": polars([object() for _ in range(N)], pl.Object),
    "set": polars([{1}] * N, pl.Object),
    "complex": pandas(np.arange(N) * 1j),
    "null": polars([None] * N),
    "calendar interval": arrow([(1, 2, 3)] * N, pa.month_day_nano_interval()),
    "all far dates": polars([10**18] * N, pl.Int64).with_columns(pl.col("c").cast(pl.Datetime("ms"))),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_other_types_are_left_out_by_name(name):
    contract = Contract.infer(read(LEFT_OUT[name]), "y")
    assert contract.features == ("x",)
    assert any(note.column == "c" and note.kind == "ignored" for note in contract.notes)
    with pytest.raises(GroundupError, match=r"'c'|has one value|value of"):
        Contract.infer(read(LEFT_OUT[name]), "c")


@pytest.mark.parametrize("name", [*READ, *LEFT_OUT])
def test_the_same_from_a_parquet_file(tmp_path, name):
    source = READ[name][0] if name in READ else LEFT_OUT[name]
    if isinstance(source, dict) or name in ("decimal256", "run ends", "pandas.cut", "calendar interval"):
        return  # no Parquet type
    path = tmp_path / "t.parquet"
    try:
        if isinstance(source, pa.Table):
            import pyarrow.parquet

            pyarrow.parquet.write_table(source, path)
        else:
            source.to_parquet(path) if isinstance(source, pd.DataFrame) else source.write_parquet(path)
    except (pl.exceptions.PolarsError, NotImplementedError, pa.ArrowInvalid):
        return
    assert read(path).frame.equals(read(source).frame)


def test_objects_have_the_same_digest_in_every_process():
    assert read(LEFT_OUT["object"]).digest == read(polars([object() for _ in range(N)], pl.Object)).digest


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (np.float32(1.5), 1.5),
        (np.int8(3), 3),
        (np.str_("x"), "x"),
        (np.array(2.0), 2.0),
        (Decimal("1.25"), 1.25),
        (Decimal("1e999"), float("inf")),
        (pd.NA, None),
        (pd.NaT, None),
        (np.datetime64("NaT"), None),
        (np.timedelta64("NaT"), None),
        (float("nan"), None),
        (np.ma.masked, None),
        (dt.timedelta(minutes=1), 60.0),
        (np.timedelta64(1, "m"), 60.0),
        (pd.Timestamp("2024-01-01", tz="UTC"), dt.datetime(2024, 1, 1)),
        (dt.datetime(2024, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.datetime(2024, 1, 1)),
        (pd.Period("2024-02", freq="M"), dt.datetime(2024, 2, 1)),
        (pd.Interval(0, 1), "(0, 1]"),
        (b"x", b"x"),
        ([1], [1]),
    ],
)
def test_single_cells(cell, plain):
    found = plain_cell(cell)
    assert found == plain
    assert type(found) is type(plain)


def test_a_panic_of_polars_is_an_error_of_ours():
    far = pl.Series([2 * 10**9], dtype=pl.Int32).cast(pl.Date)
    with (
        pytest.raises(
            GroundupError,
            match=r"^The rows cannot be written: Polars fails.*\(file x\.csv\)\n.*leave them out",
        ),
        panics_as_errors("The rows cannot be written", file="x.csv"),
    ):
        far.to_list()
    with pytest.raises(KeyboardInterrupt), panics_as_errors("It cannot be done"):
        raise KeyboardInterrupt
