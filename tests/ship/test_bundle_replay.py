"""Which rows are kept, how they are stored, and what counts as the same answer."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from groundup.errors import CheckFailed, UsageError
from groundup.ship.bundle import replay
from groundup.ship.bundle.documents import Replay


def kept(rows, names=None):
    """Return the rows that come back from what is stored."""
    kind, columns = replay.store_rows(rows, names)
    part = Replay(
        model_sha256="0" * 64,
        kind=kind,
        columns=columns,
        answers={},
        recombined_sha256="0" * 64,
        float32=False,
    )
    return replay.restore_rows(Replay.model_validate_json(part.model_dump_json()))


def test_telling_rows_are_kept():
    n = 1000
    frame = pl.DataFrame(
        {"x": [5.0] * 613 + [-9.0] + [5.0] * (n - 614), "level": ["a"] * 77 + ["rare"] + ["a"] * (n - 78)}
    ).with_columns(y=pl.Series([1] * 900 + [None] + [1] * (n - 901)))
    rows = replay.choose_rows(frame)
    assert {613, 77, 900, 0, n - 1} <= set(rows)
    assert rows == sorted(set(rows))
    assert 20 <= len(rows) <= 48
    assert replay.choose_rows(frame[:1]) == [0]


def test_rows_come_back_as_they_were():
    moment = datetime(2024, 2, 29, 12, 30, 1, 250)  # noqa: DTZ001 (naive moments mean UTC here)
    frame = pl.DataFrame(
        {
            "f": [0.1, float("nan"), None],
            "inf": [float("inf"), -float("inf"), -0.0],
            "i": pl.Series([2**63 - 1, -(2**63), None]),
            "u": pl.Series([2**64 - 1, 0, 1], dtype=pl.UInt64),
            "s": ["ä", "", None],
            "b": [True, None, False],
            "d": [date(1, 1, 1), None, date(2024, 1, 1)],
            "t": [moment, None, moment],
            "ns": pl.Series([moment, None, moment], dtype=pl.Datetime("ns")),
            "utc": pl.Series([moment, None, moment]).dt.replace_time_zone("UTC"),
            "l": [timedelta(days=-1, microseconds=3), None, timedelta(0)],
            "n": pl.Series([None] * 3, dtype=pl.Null),
        }
    )
    assert kept(frame)[0].equals(frame)
    assert kept(frame)[0].schema == frame.schema
    assert kept(frame, ["s", "f"])[0].columns == ["s", "f"]
    tokyo = frame.select(pl.col("utc").dt.convert_time_zone("Asia/Tokyo"))
    assert kept(tokyo)[0].equals(frame.select("utc"))
    with pytest.raises(UsageError, match="cannot hold cells of type List"):
        kept(pl.DataFrame({"x": [[1]]}))
    with pytest.raises(UsageError, match="at least one replay row"):
        kept(frame[:0])
    with pytest.raises(UsageError, match="array of numbers with two dimensions"):
        kept(np.zeros(3))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.bool_])
def test_matrices_come_back_in_their_dtype(dtype):
    X = np.random.default_rng(0).normal(size=(7, 3)).astype(dtype)
    rows, more = kept(X)
    assert rows.dtype == more.dtype == dtype
    np.testing.assert_array_equal(rows, X)
    assert more.shape == (replay.RECOMBINED_ROWS, 3)


def test_wide_tables_have_fewer_rows_made_of_others():
    _, more = kept(np.ones((3, 2_000)))
    assert more.shape == (2_000, 2_000)


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.1, np.inf, -0.0, 1e308, -1e308]),
        np.array([0.1, np.nan, 3.5]),
        np.array([1.5, -2.25, 1e38], np.float32),
        np.array([-128, 127, 3], np.int8),
        np.array([0, 5, 2**53]),
        np.array([0, 255, 7], np.uint8),
        np.array([-(2**62), 2**62, 1]),
        np.array([0, 2**64 - 1], np.uint64),
    ],
    ids=lambda v: f"{v.dtype}-{v[1]}",
)
def test_numbers_between_two_are_the_same_where_a_cell_is_missing(values):
    """The digest of a bundle rests on it."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, len(values), (2, 200))
    share = np.where(rng.random(200) < 0.3, 0.0, rng.random(200))
    whole = pl.Series("x", values)
    made = replay._between(whole, first, second, share)
    other = replay._between(
        pl.concat([whole, pl.Series("x", [None], dtype=whole.dtype)]), first, second, share
    )
    assert made.dtype == other.dtype == whole.dtype
    assert made.equals(other, null_equal=True) or made.fill_nan(-1.0).equals(other.fill_nan(-1.0))


@pytest.mark.parametrize(
    ("was", "now", "tolerance", "same"),
    [
        ([1.0], np.array([1.0]), None, True),
        ([1.0], np.array([1.0 + 1e-15]), None, False),
        ([0.0], np.array([-0.0]), None, False),
        ([1.0], np.array([1.0 + 1e-10]), 1e-9, True),
        ([1.0], np.array([1.0 + 1e-8]), 1e-9, False),
        ([[0.5, 1e-300]], np.array([[0.5, 2e-300]]), 1e-9, True),
        ([1], np.array([True]), 1e-9, False),
        ([1], np.array([1.0]), 1e-9, False),
        (["a"], np.array(["a"], dtype=object), 1e-9, True),
        (["a"], np.array(["b"]), 1e-9, False),
        (["a", "a"], np.array(["a"]), 1e-9, False),
        ([{"$": "float", "text": "nan"}], np.array([np.nan]), None, True),
    ],
)
def test_what_counts_as_the_same_answer(was, now, tolerance, same):
    if same:
        replay.compare({"predict": was}, {"predict": now}, tolerance)
    else:
        with pytest.raises(CheckFailed):
            replay.compare({"predict": was}, {"predict": now}, tolerance)
