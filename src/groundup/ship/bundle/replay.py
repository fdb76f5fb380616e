"""Replay rows: some unprepared rows with the model's outputs, stored with the model.

Where the fingerprint is equal, a loaded model must reproduce the outputs bit by bit, also for 4096 more rows (fewer of
very wide tables, 4 million cells in all) that recombine the cells of the stored ones; only the digest of their outputs is
stored. They reach parts of a model that a few rows do not. On other machines labels must be equal, and numbers within
1e-9 relative to the largest of their kind (1e-5 for models that compute in float32).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import polars as pl

from groundup.errors import CheckFailed, UsageError
from groundup.ship.bundle.documents import Replay, StoredColumn
from groundup.ship.bundle.values import Reader, Writer
from groundup.tables.prepare.frames import as_polars, is_frame

MAX_ROWS, INFORMATIVE_ROWS = 48, 32
RECOMBINED_ROWS, RECOMBINED_CELLS = 4096, 4_000_000
MAX_LEVELS = 8
TOLERANCE, TOLERANCE_FLOAT32 = 1e-9, 1e-5

_SIMPLE = {str(dtype): dtype for dtype in (pl.Float64, pl.Float32)}
_SIMPLE |= {str(dtype): dtype for dtype in (pl.Int8, pl.Int16, pl.Int32, pl.Int64)}
_SIMPLE |= {str(dtype): dtype for dtype in (pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)}
_SIMPLE |= {"Boolean": pl.Boolean, "String": pl.String, "Null": pl.Null}
_MOMENTS = {
    "Date": pl.Date,
    **{f"Datetime({unit})": pl.Datetime(unit) for unit in ("ms", "us", "ns")},  # type: ignore[arg-type]
    **{f"Datetime({unit}, UTC)": pl.Datetime(unit, "UTC") for unit in ("ms", "us", "ns")},  # type: ignore[arg-type]
    **{f"Duration({unit})": pl.Duration(unit) for unit in ("ms", "us", "ns")},  # type: ignore[arg-type]
}


def choose_rows(frame: pl.DataFrame) -> list[int]:
    """Return the numbers of the rows to store, at most MAX_ROWS.

    First those with a missing cell, the smallest or the largest value, or one of the first levels of a column; the
    rest is evenly spaced.
    """
    kept: dict[int, None] = {}
    for series in frame.iter_columns():
        kept |= dict.fromkeys(series.is_null().arg_true()[:1].to_list())
        if series.dtype == pl.String:
            kept |= dict.fromkeys(series.arg_unique()[:MAX_LEVELS].to_list())
        else:
            kept |= dict.fromkeys(at for at in (series.arg_min(), series.arg_max()) if at is not None)
    informative = list(kept)[:INFORMATIVE_ROWS]
    spaced = np.linspace(0, frame.height - 1, MAX_ROWS - len(informative)).astype(np.int64).tolist()
    return sorted({*informative, *spaced})


def store_rows(rows, names=None) -> tuple[str, list[StoredColumn]]:
    """Return ("frame" or "matrix", columns) of some of the rows.

    Parameters
    ----------
    rows : frame of any library, or array of numbers
    names : sequence of str, optional
        Columns of the frame to store; all by default.
    """
    if is_frame(rows):
        frame, kind = as_polars(rows), "frame"
        frame = frame if names is None else frame.select(list(names))
    else:
        matrix, kind = np.asarray(rows), "matrix"
        if matrix.ndim != 2 or matrix.dtype.kind not in "fiub":
            raise UsageError("Replay rows must be a frame, or an array of numbers with two dimensions.")
        frame = pl.DataFrame([pl.Series(f"x{j}", matrix[:, j]) for j in range(matrix.shape[1])])
    if not frame.height:
        raise UsageError("A bundle needs at least one replay row.")
    frame = pl.DataFrame([_plain(series) for series in frame.iter_columns()])
    return kind, [_column(series) for series in frame[choose_rows(frame)].iter_columns()]


def _plain(series: pl.Series) -> pl.Series:
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    elif isinstance(series.dtype, pl.Decimal):
        series = series.cast(pl.Float64)
    elif isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
        series = series.dt.convert_time_zone("UTC")
    if _name(series.dtype) is None:
        raise UsageError(f"A replay row cannot hold cells of type {series.dtype}.", column=series.name)
    return series


def _column(series: pl.Series) -> StoredColumn:
    name = str(_name(series.dtype))
    values = (series.to_physical() if name in _MOMENTS else series).to_list()
    writer = Writer()
    return StoredColumn(name=series.name, dtype=name, values=[writer.write(v, series.name) for v in values])


def _name(dtype) -> str | None:
    for known in (_SIMPLE, _MOMENTS):
        for name, candidate in known.items():
            if dtype == candidate:
                return name
    return None


def restore_rows(replay: Replay):
    """Return the stored rows, and those recombined from them: two Polars frames, or two arrays.

    Raises
    ------
    CheckFailed
        If the columns differ in length, or a value is not of its column's type.
    """
    reader = Reader({})
    try:
        frame = pl.DataFrame([_series(column, reader) for column in replay.columns])
    except CheckFailed:
        raise
    except Exception as e:  # noqa: BLE001 (Polars: TypeError, OverflowError, its own errors and panics)
        raise CheckFailed(
            f"The bundle's part replay.json is damaged: its rows cannot be read ({e!s:.120})."
        ) from None
    if not 1 <= frame.height <= MAX_ROWS:
        raise CheckFailed(f"The bundle's part replay.json is damaged: it has {frame.height} rows.")
    more = _recombined(frame)
    if replay.kind == "frame":
        return frame, more
    if not all(dtype.is_numeric() or dtype == pl.Boolean for dtype in frame.dtypes):
        raise CheckFailed("The bundle's part replay.json is damaged: its matrix is not numeric.")
    return np.ascontiguousarray(frame.to_numpy()), np.ascontiguousarray(more.to_numpy())


def _recombined(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows that recombine others: in half of them 30% of one row's cells are replaced, in half all.

    A replaced number lies between those of two rows.
    """
    rng, n = np.random.default_rng(0), min(RECOMBINED_ROWS, RECOMBINED_CELLS // frame.width)
    row, near = rng.integers(0, frame.height, n), rng.random(n) < 0.5
    columns = []
    for series in frame.iter_columns():
        first, second = rng.integers(0, frame.height, (2, n))
        keeps = near & (rng.random(n) >= 0.3)
        share = np.where(keeps, 0.0, rng.random(n))
        at = np.where(keeps, row, first)
        columns.append(
            _between(series, at, second, share) if series.dtype.is_numeric() else series.gather(at)
        )
    return pl.DataFrame(columns)


def _between(series: pl.Series, first, second, share) -> pl.Series:
    """Return numbers between those of two rows each, in the column's type; null where one of them is."""
    whole = series.dtype.is_integer()
    if series.null_count() or (whole and not -(2**53) <= series.min() <= series.max() <= 2**53):  # type: ignore[operator]
        made = series.gather(first).cast(pl.Float64) * (1.0 - share)
        made += series.gather(second).cast(pl.Float64) * share
        return (made.round() if whole else made).cast(series.dtype, strict=False)
    values = series.to_numpy()  # the same, ten times as fast on the short columns of a wide table
    with np.errstate(all="ignore"):
        found = values[first].astype(np.float64) * (1.0 - share) + values[second].astype(np.float64) * share
        found = (np.rint(found) if whole else found).astype(values.dtype)
    return pl.Series(series.name, found)


def digest(answers: dict[str, np.ndarray]) -> str:
    """Return the digest of the bits of a model's outputs."""
    sha = hashlib.sha256()
    for name, values in sorted(answers.items()):
        sha.update(f"{name} {values.dtype.kind} {values.shape} ".encode())
        plain = values.dtype.kind in "biuf"
        sha.update(np.ascontiguousarray(values).tobytes() if plain else json.dumps(values.tolist()).encode())
    return sha.hexdigest()


def _series(column: StoredColumn, reader: Reader) -> pl.Series:
    values = [reader.read(v) for v in column.values]
    if column.dtype in _SIMPLE:
        return pl.Series(column.name, values, dtype=_SIMPLE[column.dtype], strict=True)
    if column.dtype in _MOMENTS:
        physical = pl.Int32 if column.dtype == "Date" else pl.Int64
        return pl.Series(column.name, values, dtype=physical, strict=True).cast(_MOMENTS[column.dtype])
    raise CheckFailed(f"The bundle's part replay.json is damaged: there is no type {column.dtype[:40]!r}.")


def as_mappings(rows) -> list[dict[str, Any]]:
    """Return rows as mappings from column to value; the columns of an array are x0, x1, ..."""
    if isinstance(rows, np.ndarray):
        return [{f"x{j}": value for j, value in enumerate(row)} for row in rows.tolist()]
    return rows.to_dicts()


def to_json(answers: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return a model's outputs (name of the method -> array) as JSON."""
    writer = Writer()
    return {name: writer.write(values.tolist(), name) for name, values in answers.items()}


def compare(was: dict[str, Any], now: dict[str, np.ndarray], tolerance: float | None) -> None:
    """Raise CheckFailed, naming the row, unless a model's outputs equal the stored ones.

    Parameters
    ----------
    was : dict
        From `to_json`.
    now : dict of ndarray
    tolerance : float or None
        Relative, for numbers; None demands the same bits. Labels must be equal in value and type.
    """
    reader = Reader({})
    if set(was) != set(now):
        raise CheckFailed(
            f"The bundle is damaged: it stores {sorted(was)}, but its model returns {sorted(now)}."
        )
    for name, values in was.items():
        old, new = reader.read(values), now[name].tolist()
        if not isinstance(old, list) or len(old) != len(new):
            raise CheckFailed(f"The bundle is damaged: {name} was stored for another number of rows.")
        for row, (a, b) in enumerate(zip(old, new, strict=True)):
            if not _same(a, b, tolerance, _largest(now[name])):
                raise CheckFailed(
                    f"The model does not reproduce its predictions at saving: {name} is {b!r:.60}, but was {a!r:.60}.",
                    row=row + 1,
                    hint="Either the file was changed, or this machine computes differently: fit the model again here.",
                )


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max()) if values.dtype.kind == "f" and values.size else 0.0


def _same(a, b, tolerance: float | None, largest: float) -> bool:
    if isinstance(b, list):
        return (
            isinstance(a, list)
            and len(a) == len(b)
            and all(_same(x, y, tolerance, largest) for x, y in zip(a, b, strict=True))
        )
    if type(a) is not type(b):
        return False
    if type(b) is not float or tolerance is None:
        return (a == b and repr(a) == repr(b)) or (a != a and b != b)  # noqa: PLR0124 (NaN; and -0.0 is not 0.0)
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b), largest)
