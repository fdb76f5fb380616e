r"""Numbers and booleans: imputed, marked as missing, centred and scaled.

.. math:: z = ((x \text{ or } m) - \mu) / \sigma

m is the median of the values that are not missing, mu and sigma the mean and standard deviation after imputing, all
weighted: the result of scikit-learn's SimpleImputer(strategy="median") followed by StandardScaler. A constant column has
sigma = 1. A result beyond the largest float is set to that float, so finite values stay finite. NaN and null are missing;
infinity is an error.

Cost: a partial sort at fit; a subtraction and a division per cell afterwards.
"""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from groundup.engine.kernels import kernel
from groundup.engine.rows import plain

LARGEST = float(np.finfo(np.float64).max)


class Strict(BaseModel):
    """A part of a plan: frozen, without extra keys, and without type conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Scale(Strict):
    """Conversion of a number to a cell of the matrix.

    fill : replaces a missing value; None leaves NaN.
    center, scale : the result is (value - center) / scale.
    """

    fill: FiniteFloat | None = None
    center: FiniteFloat = 0.0
    scale: FiniteFloat = Field(default=1.0, gt=0)

    def apply(self, value: float) -> float:
        """Return the cell of `value` (NaN where missing): the row form of `_write_numbers`."""
        if value != value:  # noqa: PLR0124 (NaN)
            if self.fill is None:
                return math.nan
            value = self.fill
        return min(max((value - self.center) / self.scale, -LARGEST), LARGEST)

    @classmethod
    def fit(cls, values: np.ndarray, weight: np.ndarray | None, preprocessing) -> Scale:
        """Fit on a column of float64 with NaN for missing, and at least one value."""
        missing = np.isnan(values)
        present = values[~missing]
        present_weight = None if weight is None else weight[~missing]
        fill = median(present, present_weight) if preprocessing.fills else None
        if not preprocessing.scales:
            return cls(fill=fill)
        filled = np.where(missing, fill, values) if fill is not None else present
        center, scale = mean_and_deviation(filled, weight if fill is not None else present_weight)
        return cls(fill=fill, center=center, scale=scale)


class Number(Strict):
    """A column of numbers, or of booleans as 1 and 0 (which are imputed, but neither centred nor scaled).

    means : of its matrix columns over the fitted rows; empty if missing cells stay missing.
    """

    kind: Literal["number", "boolean"]
    name: str
    how: Scale
    marks_missing: bool
    means: tuple[FiniteFloat, ...] = ()

    @classmethod
    def fit(cls, series: pl.Series, kind: str, weight, preprocessing) -> Number:
        """Fit on a column with at least one value."""
        values = as_floats(series)
        refuse_infinite(values, series.name)
        how = Scale.fit(
            values, weight, preprocessing._replace(scales=preprocessing.scales and kind == "number")
        )
        missing = np.isnan(values)
        marks = preprocessing.fills and bool(missing.any())
        means: tuple[float, ...] = ()
        if preprocessing.fills:
            # A centred column has the mean 0.
            mean = (
                0.0 if kind == "number" else mean_of(np.where(missing, np.float64(how.fill), values), weight)
            )
            means = (mean, mean_of(missing, weight)) if marks else (mean,)
        return cls(kind=kind, name=series.name, how=how, marks_missing=marks, means=means)  # type: ignore[arg-type]

    @property
    def outputs(self) -> list[str]:
        """Names of its matrix columns."""
        return [self.name, f"{self.name}_(missing)"] if self.marks_missing else [self.name]

    def read(self, series: pl.Series) -> np.ndarray:
        """Return the column in the form of the kernel."""
        return plain(as_floats(series))

    def write(self, values: np.ndarray, out: np.ndarray, at: int) -> None:
        """Write rows of the column to ``out[:, at:]``."""
        how = self.how
        keep_missing = how.fill is None
        fill = 0.0 if how.fill is None else how.fill
        if _write_numbers(values, keep_missing, fill, how.center, how.scale, self.marks_missing, out, at):
            refuse_infinite(values, self.name)

    def row_form(self):
        """Return a function from one value to its cells."""
        name, marks, apply = self.name, self.marks_missing, self.how.apply
        absent, marked = apply(math.nan), float(marks)
        empty = (absent, marked) if marks else (absent,)

        def cells(value):
            """Return the cells of one value."""
            number = value if type(value) is float else as_float(value, name)
            if number != number:  # noqa: PLR0124
                return empty
            if number in (math.inf, -math.inf):
                raise infinite(name)
            cell = apply(number)
            return (cell, 0.0) if marks else (cell,)

        return cells


def median(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the weighted median: the middle of the rows, each repeated `weight` times; the mean of two middles."""
    n = len(values)
    if weight is None:
        middle = sorted({(n - 1) // 2, n // 2})
        pair = np.partition(values, middle)[middle]
    else:
        order = np.argsort(values, kind="stable")
        upto = np.cumsum(weight[order])
        if not upto[-1] > 0:
            return median(values)
        half = upto[-1] / 2
        lower = np.searchsorted(upto, half, side="left")
        upper = np.searchsorted(upto, half, side="right")
        pair = values[order[[lower, min(upper, n - 1)]]]
    return float(pair[0]) if pair[0] == pair[-1] else float(0.5 * pair[0] + 0.5 * pair[-1])


def mean_of(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the weighted mean of values within [0, 1]; unweighted if no weight is positive."""
    if weight is None or not weight.sum() > 0:
        return float(values.mean())
    return float((values * weight).sum() / weight.sum())


def mean_and_deviation(values: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """Return mean and standard deviation (1 if it is 0) in two passes, with extreme values scaled by powers of two."""
    largest = float(np.abs(values).max())
    # Sums of squares overflow beyond 1e154 and underflow below 1e-154: such columns are scaled to about 1 first.
    shift = math.frexp(largest)[1] if largest > 1e100 or 0.0 < largest < 1e-100 else 0
    scaled = np.ldexp(values, -shift) if shift else values
    if scaled.min() == scaled.max():
        return math.ldexp(float(scaled[0]), shift), 1.0
    if weight is None or not weight.sum() > 0:
        mean = float(scaled.mean())
        deviation = math.sqrt(float(np.square(scaled - mean).mean()))
    else:
        total = float(weight.sum())
        mean = float((scaled * weight).sum()) / total
        deviation = math.sqrt(float((np.square(scaled - mean) * weight).sum()) / total)
    scale = math.ldexp(deviation, shift)
    return math.ldexp(mean, shift), scale if 0.0 < scale < math.inf else 1.0


def as_floats(series: pl.Series) -> np.ndarray:
    """Return a column of numbers as float64 with NaN for missing; durations count seconds.

    Raises
    ------
    ValueError
        If the column has text or other cells that are not numbers.
    """
    dtype = series.dtype
    if dtype == pl.Null:
        return np.full(len(series), np.nan)
    if isinstance(dtype, pl.Duration):
        return series.dt.total_microseconds().cast(pl.Float64).to_numpy() / 1e6
    if not (dtype.is_numeric() or dtype == pl.Boolean):
        raise ValueError(
            f"could not convert string to float: column {series.name!r} holds {dtype}, not numbers"
        )
    return (series if dtype == pl.Float64 else series.cast(pl.Float64)).to_numpy()


def as_float(value, name: str) -> float:
    """Return one value as `as_floats` does its column."""
    if value is None:
        return math.nan
    if isinstance(value, (int, float, np.number, np.bool_, Decimal)):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, timedelta):
        return float(value // timedelta(microseconds=1)) / 1e6
    if type(value).__name__ in ("NAType", "NaTType"):
        return math.nan
    raise ValueError(
        f"could not convert string to float: column {name!r} holds {type(value).__name__}, not numbers"
    )


def refuse_infinite(values: np.ndarray, name: str) -> None:
    """Raise scikit-learn's error, with the column's name, if a value is infinite."""
    if np.isinf(values).any():
        raise infinite(name)


def infinite(name: str) -> ValueError:
    """Return the error of an infinite value."""
    return ValueError(f"Input X contains infinity or a value too large for dtype('float64'): column {name!r}")


@kernel
def _write_numbers(values, keep_missing, fill, center, scale, marks, out, at):
    """Write scaled values[i] to out[i, at], and whether it is missing to out[i, at + 1]; return if one is infinite."""
    largest = 1.7976931348623157e308
    bad = False
    for i in range(values.shape[0]):
        x = values[i]
        missing = np.isnan(x)
        if marks:
            out[i, at + 1] = 1.0 if missing else 0.0
        if missing:
            if keep_missing:
                out[i, at] = np.nan  # the same bits for every NaN
                continue
            x = fill
        elif np.isinf(x):
            bad = True
        out[i, at] = min(max((x - center) / scale, -largest), largest)
    return bad
