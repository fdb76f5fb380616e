"""Categories: levels, kept by value, become the codes 0, 1, ... that are binned, split and walked.

A level is a number or a text, as it stands in an array or in any kind of table: a model fitted on a table of pandas
answers an array of the same values. Levels are numbered in the order of their values (which means nothing). Of more
levels than bins the most frequent ones have a code of their own, and all others share the last. A level not seen in the
fit is as good as missing; a missing value is NaN, None or the table's null.

Cost: a dictionary look-up for each text (about 50 ns); 20 ns for each number.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import RowSource


class Levels(NamedTuple):
    """The levels of one feature: texts or finite numbers (float), in order, and the code of each."""

    values: list
    codes: list[int]

    @property
    def n_codes(self) -> int:
        """Number of codes."""
        return max(self.codes, default=0) + 1


def levels_of(values: list, counts: np.ndarray, max_bins: int) -> Levels:
    """Number distinct levels, of which there may be more than bins; `counts` says how frequent each is."""
    order = sorted(range(len(values)), key=values.__getitem__)
    if len(values) <= max_bins:
        return Levels([values[i] for i in order], list(range(len(values))))
    by_count = sorted(order, key=lambda i: -counts[i])  # stable: of equal counts the first in order
    frequent, codes, at = set(by_count[: max_bins - 1]), [], 0
    for i in order:
        codes.append(at if i in frequent else max_bins - 1)
        at += i in frequent
    return Levels([values[i] for i in order], codes)


def counted(column: list, weight: np.ndarray | None = None) -> tuple[list, np.ndarray]:
    """Return the distinct levels of a column of Python's values, and how often each occurs; missing ones left out.

    Raises
    ------
    ValueError
        If numbers and texts are mixed, or a value is neither.
    """
    found: dict = {}
    for i, value in enumerate(column):
        if value is not None:
            found[value] = found.get(value, 0.0) + (1.0 if weight is None else weight[i])
    levels = [value for value in found if found[value] > 0]
    if not all(isinstance(value, str) for value in levels):
        if any(isinstance(value, str) or not isinstance(value, (Real, np.bool_)) for value in levels):
            odd = next(v for v in levels if not isinstance(v, str))
            raise ValueError(
                f"A categorical feature holds texts or numbers, not both, nor {type(odd).__name__}"
            )
        if not np.isfinite(np.array(levels, float)).all():
            raise ValueError("Input X contains infinity in a categorical feature")
        return [float(value) for value in levels], np.array([found[v] for v in levels])
    return levels, np.array([found[v] for v in levels])


def codes_of(column: list, levels: Levels) -> np.ndarray:
    """Return the float32 code of each value of a column of Python's values; NaN for missing and unseen ones."""
    code_of = dict(zip(levels.values, levels.codes, strict=True))
    nan = float("nan")
    return np.array([code_of.get(value, nan) for value in column], np.float32)


class Coding(NamedTuple):
    """The levels of all features whose levels are numbers, as a kernel reads them.

    features : int64 (n,), increasing.  starts : int64 (n + 1,): of their levels.  values : float64, codes : int64.
    """

    features: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    codes: np.ndarray

    @staticmethod
    def of(levels: dict[int, Levels]) -> Coding:
        """Return the coding of feature -> levels; texts have no number, so in an array of numbers all are unseen."""
        numbers = {
            f: own if own.values and isinstance(own.values[0], float) else Levels([], [])
            for f, own in levels.items()
        }
        features = np.array(sorted(numbers), np.int64)
        starts = np.cumsum([0] + [len(numbers[f].values) for f in features])
        values = [value for f in features for value in numbers[f].values]
        codes = [code for f in features for code in numbers[f].codes]
        return Coding(
            features, starts.astype(np.int64), np.array(values, np.float64), np.array(codes, np.int64)
        )

    def apply(self, X: np.ndarray) -> np.ndarray:
        """Return a copy of X with codes in place of levels."""
        out = X.copy()
        _encode(self.features, self.starts, self.values, self.codes, out)
        return out


@kernel
def _encode(features, starts, values, codes, out_X):
    """Codes in place of the levels of some columns; NaN for unseen and missing ones, infinities stay."""
    for i in range(out_X.shape[0]):
        for j in range(features.size):
            x = np.float64(out_X[i, features[j]])
            lo, hi = starts[j], starts[j + 1]
            while lo < hi:
                mid = (lo + hi) >> 1
                if values[mid] < x:
                    lo = mid + 1
                else:
                    hi = mid
            if lo < starts[j + 1] and values[lo] == x:
                out_X[i, features[j]] = codes[lo]
            elif abs(x) != np.inf:
                out_X[i, features[j]] = np.nan


class Coded:
    """A place whose rows come with codes in place of levels."""

    def __init__(self, place: RowSource, coding: Coding):
        self.place, self.coding = place, coding
        self.n_rows, self.n_features, self.dtype = place.n_rows, place.n_features, place.dtype

    def __len__(self) -> int:
        return self.n_rows

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return rows [lo, hi), copied and coded."""
        return self.coding.apply(self.place.load(lo, hi))


# ---------------------------------------------------------------------------------------------- tables
def columns_of(X):
    """Return the columns of a table or an array of objects; None of all else, whose numbers are read as they are."""
    import narwhals.stable.v2 as nw

    table = nw.from_native(X, eager_only=True, pass_through=True) if hasattr(X, "columns") else None
    if isinstance(table, nw.DataFrame):
        return _Table(table, nw)
    if not hasattr(X, "load") and not hasattr(X, "tocsr") and not isinstance(X, np.ndarray):
        X = np.asarray(X, object) if _has_text(X) else np.asarray(X)
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OUS":
        return _Objects(X)
    return None


def _has_text(X) -> bool:
    try:
        return any(isinstance(value, str) for row in X for value in row)
    except TypeError:
        return False


def _plain_missing(values: list, missing: list[bool]) -> list:
    """Return the values with None for those that are missing, NaN among them."""
    return [
        None if gone or (isinstance(value, float) and value != value) else value  # noqa: PLR0124 (x != x: missing)
        for value, gone in zip(values, missing, strict=True)
    ]


class _Table:
    """Columns of a table of any kind that narwhals reads."""

    def __init__(self, table, nw):
        self.table, self._nw = table, nw
        self.names = list(table.columns)
        kinds = table.schema.values()
        self.by_dtype = np.array([isinstance(kind, (nw.Categorical, nw.Enum)) for kind in kinds], bool)

    def column(self, f: int) -> list:
        """Return the values of a column."""
        series = self.table[self.names[f]]
        return _plain_missing(series.to_list(), series.is_null().to_list())

    def replaced(self, codes: dict[int, np.ndarray]):
        """Return the table with codes in place of some columns."""
        nw = self._nw
        new = [
            nw.new_series(self.names[f], values, backend=self.table.implementation)
            for f, values in codes.items()
        ]
        native = self.table.to_native()
        if hasattr(native, "index"):  # pandas: columns are put together by the index
            new = [nw.from_native(one.to_native().set_axis(native.index), series_only=True) for one in new]
        return self.table.with_columns(*new).to_native()


class _Objects:
    """Columns of an array of objects or texts."""

    names = None

    def __init__(self, X: np.ndarray):
        self.X = X
        self.by_dtype = np.zeros(X.shape[1], bool)

    def column(self, f: int) -> list:
        """Return the values of a column."""
        values = self.X[:, f].tolist()
        return _plain_missing(values, [value is None for value in values])

    def replaced(self, codes: dict[int, np.ndarray]):
        """Return the array with codes in place of some columns."""
        out = self.X.astype(object)
        for f, values in codes.items():
            out[:, f] = values
        return out
