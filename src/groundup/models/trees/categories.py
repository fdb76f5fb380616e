"""Categories: levels, stored by value, become the codes 0, 1, ... that binning, splitting and prediction use.

A level is a number or a string, as it stands in an array or in a table of any kind: a model fitted on a pandas table
can predict an array of the same values. Levels are numbered in the order of their values (which has no meaning). If there
are more levels than bins, the most frequent ones have a code of their own, and all others share the last. A level that
was not seen in the fit counts as missing; a missing value is NaN, None or the table's null.

`Categorical` is a base of `HistGradientBoosting`: which features are categories, and what a fit or a prediction reads
instead of them. Tables and arrays of objects are encoded before they are validated (strings are not numbers), arrays of
numbers and other row sources afterwards.

Cost: a dictionary look-up for each string (about 50 ns); 20 ns for each number.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.rows import Csr, Rows, RowSource
from groundup.models.estimator import Learner
from groundup.models.trees.constraints import categorical_mask
from groundup.models.trees.densified import Densified, pieces


class Levels(NamedTuple):
    """The levels of one feature: strings or finite numbers (float), sorted, and the code of each."""

    values: list
    codes: list[int]

    @property
    def n_codes(self) -> int:
        """Number of codes."""
        return max(self.codes, default=0) + 1


def levels_of(values: list, counts: np.ndarray, max_bins: int) -> Levels:
    """Assign codes to distinct levels, of which there may be more than bins; `counts` are their frequencies."""
    order = sorted(range(len(values)), key=values.__getitem__)
    if len(values) <= max_bins:
        return Levels([values[i] for i in order], list(range(len(values))))
    by_count = sorted(order, key=lambda i: -counts[i])  # stable: of equal counts the first in order
    frequent, codes, at = set(by_count[: max_bins - 1]), [], 0
    for i in order:
        codes.append(at if i in frequent else max_bins - 1)
        at += i in frequent
    return Levels([values[i] for i in order], codes)


def count_levels(column: list, weight: np.ndarray | None = None) -> tuple[list, np.ndarray]:
    """Return the distinct levels of a column of Python values, without missing ones, and their frequencies.

    Raises
    ------
    ValueError
        If numbers and strings are mixed, or a value is neither.
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
                f"A categorical feature must hold either strings or numbers, not both and not {type(odd).__name__}"
            )
        if not np.isfinite(np.array(levels, float)).all():
            raise ValueError("Input X contains infinity in a categorical feature")
        return [float(value) for value in levels], np.array([found[v] for v in levels])
    return levels, np.array([found[v] for v in levels])


def codes_of(column: list, levels: Levels) -> np.ndarray:
    """Return the float32 code of each value of a column of Python values; NaN for missing and unseen ones."""
    code_of = dict(zip(levels.values, levels.codes, strict=True))
    nan = float("nan")
    return np.array([code_of.get(value, nan) for value in column], np.float32)


class Coding(NamedTuple):
    """The numeric levels of all categorical features, in arrays for a kernel.

    features : int64 (n,), increasing.  starts : int64 (n + 1,): of their levels.  values : float64, codes : int64.
    """

    features: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    codes: np.ndarray

    @staticmethod
    def of(levels: dict[int, Levels]) -> Coding:
        """Return the coding of feature -> levels; strings are left out, so an array of numbers has only unseen levels."""
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
        """Return a copy of X with codes instead of levels."""
        out = X.copy()
        _encode(self.features, self.starts, self.values, self.codes, out)
        return out


@kernel
def _encode(features, starts, values, codes, out_X):
    """Replace the levels of some columns by codes; unseen and missing ones by NaN; infinities stay."""
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


class EncodedSource:
    """Row source whose rows come with codes instead of levels."""

    def __init__(self, source: RowSource, coding: Coding):
        self.source, self.coding = source, coding
        self.n_rows, self.n_features, self.dtype = source.n_rows, source.n_features, source.dtype

    def __len__(self) -> int:
        return self.n_rows

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return rows [lo, hi), copied and encoded."""
        return self.coding.apply(self.source.load(lo, hi))


class Categorical(Learner):
    """Base of the models that take categorical features: ``is_categorical_``, and codes instead of levels.

    The levels of the fit are in ``_categories``, as JSON: {"features": [...], "levels": [[...]], "codes": [[...]]}.
    """

    is_categorical_: Any
    _categories: Any
    _coding: Any

    def _encoded_rows(self, X, y, sample_weight, again: bool) -> Rows:
        """Return the rows of a fit, validated and encoded; a warm start keeps the levels of the earlier fit."""
        columns = None if self.categorical_features is None else columns_of(X)
        if not again:
            self.is_categorical_, self._categories, self._coding = None, None, None
            if columns is not None:
                names, n = columns.names, len(columns.by_dtype)
                by_dtype = columns.by_dtype if names is not None else None
                self.is_categorical_ = categorical_mask(self.categorical_features, by_dtype, names, n)
                if self.is_categorical_ is not None:
                    weight = _numeric_weights(sample_weight)
                    features = self._encoded_features()
                    self._set_levels({f: count_levels(columns.column(f), weight) for f in features})
        finite = "allow-nan" if hasattr(X, "tocsr") else "later"
        rows = self._rows(self._encoded_table(X), y, sample_weight, finite=finite, y_numeric=self._numeric)
        if isinstance(rows.place, Csr):
            rows = _with_source(rows, Densified(rows.place))
        if columns is None and not again:
            by_index = None if isinstance(self.categorical_features, str) else self.categorical_features
            self.is_categorical_ = categorical_mask(by_index, None, None, rows.n_features)
            if self.is_categorical_ is not None:
                weight = rows["weight"] if sample_weight is not None else None
                self._set_levels(_count_levels_of_rows(rows, self._encoded_features(), weight))
        if columns is None and self._coding is not None:
            rows = _with_source(rows, EncodedSource(rows.place, self._coding))
        return rows

    def _encoded_features(self) -> list[int]:
        return np.flatnonzero(self.is_categorical_).tolist()

    def _set_levels(self, found: dict[int, tuple[list, np.ndarray]]) -> None:
        """Set ``_categories`` from the levels of each feature and their frequencies."""
        own = {f: levels_of(levels, counts, self.max_bins) for f, (levels, counts) in found.items()}
        self._categories = {
            "features": list(own),
            "levels": [levels.values for levels in own.values()],
            "codes": [levels.codes for levels in own.values()],
        }
        self._coding = Coding.of(own)

    def _levels_by_feature(self) -> dict[int, Levels]:
        categories = vars(self).get("_categories")
        if categories is None:
            return {}
        parts = zip(categories["features"], categories["levels"], categories["codes"], strict=True)
        return {f: Levels(values, codes) for f, values, codes in parts}

    def _encoded_table(self, X):
        """Return a table or an array of objects with codes instead of levels; anything else unchanged."""
        levels = self._levels_by_feature()
        columns = columns_of(X) if levels else None
        if columns is None:
            return X
        present = [
            f for f in levels if f < len(columns.by_dtype)
        ]  # validation rejects a table with too few columns
        return columns.replaced({f: codes_of(columns.column(f), levels[f]) for f in present})

    def _features(self, X, finite: bool | str = True):
        """Return X for the trees: validated, with codes instead of levels."""
        if self._is_plain(X):
            return X if vars(self).get("_categories") is None else self._coding.apply(X)
        return super()._features(X, finite)

    def _validated(self, X, finite: bool | str = True):
        encoded = vars(self).get("_categories") is not None
        if encoded and columns_of(X) is not None:
            return super()._validated(self._encoded_table(X), finite)
        X = super()._validated(X, finite)
        if isinstance(X, Csr):
            return EncodedSource(Densified(X), self._coding) if encoded else Densified(X)
        return self._coding.apply(X) if encoded else X

    def _fill(self, kernel, X, *state, n_columns: int | None = None, finite: bool | str = True) -> np.ndarray:
        if isinstance(X, np.ndarray):
            return super()._fill(kernel, X, *state, n_columns=n_columns, finite=finite)
        parts = (X.load(lo, hi) for lo, hi in pieces(0, X.n_rows, X.n_features))
        return np.concatenate(
            [
                super(Categorical, self)._fill(kernel, x, *state, n_columns=n_columns, finite=finite)
                for x in parts
            ]
        )

    def _check_categories(self) -> None:
        """Raise ValueError unless a fit could have set ``_categories``; derive what is not saved."""
        self.is_categorical_, self._coding = None, None
        categories: Any = vars(self).get("_categories")
        if (categories is None) != (vars(self).get("_levels") is None):
            raise ValueError("_categories and _levels are inconsistent")
        if categories is None:
            self._categories, self._levels = None, None
            return
        if not isinstance(categories, dict) or set(categories) != {"features", "levels", "codes"}:
            raise ValueError("_categories must have the keys features, levels and codes")
        features = categories["features"]
        if (
            not features
            or sorted(set(features)) != features
            or not 0 <= features[0] <= features[-1] < self.n_features_in_
        ):
            raise ValueError("_categories names features that do not exist")
        for levels, codes in zip(categories["levels"], categories["codes"], strict=True):
            kinds = {type(level) for level in levels}
            if (
                len(codes) != len(levels)
                or (kinds - {str} and kinds - {float})
                or sorted(set(levels)) != levels
            ):
                raise ValueError(
                    "The levels in _categories must be sorted strings or numbers with a code each"
                )
            if not all(type(code) is int and 0 <= code < 255 for code in codes):
                raise ValueError("The codes in _categories must be in [0, 254]")
        self.is_categorical_ = np.zeros(self.n_features_in_, bool)
        self.is_categorical_[features] = True
        self._coding = Coding.of(self._levels_by_feature())


def _with_source(rows: Rows, source: RowSource) -> Rows:
    """Return the rows of a fit with another source of their features."""
    return Rows(source, {name: rows[name] for name in ("y", "weight")}, rows.n_threads)


def _numeric_weights(sample_weight) -> np.ndarray | None:
    """Return the weights if they are numbers, else None: validation rejects them later."""
    try:
        return None if sample_weight is None else np.asarray(sample_weight, np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None


def _count_levels_of_rows(rows: Rows, features: list[int], weight) -> dict[int, tuple[list, np.ndarray]]:
    """Return the levels of numeric features and their frequencies, from rows of any source."""
    found: dict[int, dict[float, float]] = {f: {} for f in features}
    for lo, hi in zip(rows.bounds[:-1], rows.bounds[1:], strict=True):
        X = rows.place.load(int(lo), int(hi))
        for f in features:
            column = X[:, f].astype(np.float64)
            keep = ~np.isnan(column) if weight is None else ~np.isnan(column) & (weight[lo:hi] > 0)
            levels, inverse = np.unique(column[keep], return_inverse=True)
            counts = np.bincount(inverse, None if weight is None else weight[lo:hi][keep], len(levels))
            for level, count in zip(levels.tolist(), counts.tolist(), strict=True):
                found[f][level] = found[f].get(level, 0.0) + count
    for f, own in found.items():
        if not np.isfinite(np.array(list(own), float)).all():
            raise ValueError(f"Input X contains infinity in the categorical feature {f}")
    return {f: (list(own), np.array(list(own.values()))) for f, own in found.items()}


# ---------------------------------------------------------------------------------------------- tables
def columns_of(X):
    """Return the columns of a table or an array of objects; None for anything else, whose numbers need no encoding."""
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


def _none_for_missing(values: list, missing: list[bool]) -> list:
    """Return the values with None for missing ones, including NaN."""
    return [
        None if gone or (isinstance(value, float) and value != value) else value  # noqa: PLR0124 (x != x: missing)
        for value, gone in zip(values, missing, strict=True)
    ]


class _Table:
    """Columns of a table of any kind that narwhals supports."""

    def __init__(self, table, nw):
        self.table, self._nw = table, nw
        self.names = list(table.columns)
        kinds = table.schema.values()
        self.by_dtype = np.array([isinstance(kind, (nw.Categorical, nw.Enum)) for kind in kinds], bool)

    def column(self, f: int) -> list:
        """Return the values of a column."""
        series = self.table[self.names[f]]
        return _none_for_missing(series.to_list(), series.is_null().to_list())

    def replaced(self, codes: dict[int, np.ndarray]):
        """Return the table with some columns replaced by codes."""
        nw = self._nw
        new = [
            nw.new_series(self.names[f], values, backend=self.table.implementation)
            for f, values in codes.items()
        ]
        native = self.table.to_native()
        if hasattr(native, "index"):  # pandas aligns columns by the index
            new = [nw.from_native(one.to_native().set_axis(native.index), series_only=True) for one in new]
        return self.table.with_columns(*new).to_native()


class _Objects:
    """Columns of an array of objects or strings."""

    names = None

    def __init__(self, X: np.ndarray):
        self.X = X
        self.by_dtype = np.zeros(X.shape[1], bool)

    def column(self, f: int) -> list:
        """Return the values of a column."""
        values = self.X[:, f].tolist()
        return _none_for_missing(values, [value is None for value in values])

    def replaced(self, codes: dict[int, np.ndarray]):
        """Return the array with some columns replaced by codes."""
        out = self.X.astype(object)
        for f, values in codes.items():
            out[:, f] = values
        return out
