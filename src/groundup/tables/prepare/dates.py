"""Dates and times: year, month, day, day of the week, hour and days elapsed, as numbers.

Datetimes are whole microseconds since 1970 in UTC, and their parts come from integer arithmetic alone (Howard Hinnant,
"chrono-compatible low-level date algorithms"), so frames and rows give the same bits. Parts that are constant in training
are omitted. ``weekday`` is 0 on Monday; ``elapsed`` counts days, with their fraction, since the first training datetime.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, FiniteFloat, model_validator

from groundup.engine.kernels import kernel
from groundup.engine.rows import plain
from groundup.tables.prepare.numbers import Scale, Strict, mean_of

PARTS = ("year", "month", "day", "weekday", "hour", "elapsed")
DAY_US = 86_400_000_000
NOT_A_TIME = -(2**63)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (naive means UTC here)


class Part(Strict):
    """One output column of a datetime column."""

    part: Literal["year", "month", "day", "weekday", "hour", "elapsed"]
    how: Scale


class Datetime(Strict):
    """A column of dates or datetimes.

    origin_us : the first training datetime, where ``elapsed`` is 0.
    means : of its matrix columns over the fitted rows; empty if missing cells stay missing.
    """

    kind: Literal["datetime"]
    name: str
    origin_us: int = Field(gt=-(2**62), lt=2**62)
    parts: tuple[Part, ...] = Field(min_length=1)
    marks_missing: bool
    means: tuple[FiniteFloat, ...] = ()

    @model_validator(mode="after")
    def _check(self):
        if len({p.part for p in self.parts}) < len(self.parts):
            raise ValueError(f"column {self.name!r}: a part occurs twice")
        return self

    @classmethod
    def fit(cls, series: pl.Series, kind: str, weight, preprocessing) -> Datetime | str:
        """Fit the parts that vary; return the reason (str) if none does."""
        micros = as_micros(series)
        present = micros[micros != NOT_A_TIME]
        origin = int(present.min())
        ranges = np.empty((len(PARTS), 2))
        _ranges(plain(present), origin, ranges)
        varying = [k for k, (low, high) in enumerate(ranges.tolist()) if low < high]
        parts = tuple(
            Part(part=PARTS[k], how=Scale.fit(part_values(micros, k, origin), weight, preprocessing))  # type: ignore[arg-type]
            for k in varying
        )
        if not parts:
            return "every row has the same datetime"
        marks = preprocessing.fills and len(present) < len(micros)
        means = (0.0,) * len(parts) if preprocessing.fills else ()  # a centred column has the mean 0
        if marks:
            means = (*means, mean_of(micros == NOT_A_TIME, weight))
        return cls(
            kind="datetime", name=series.name, origin_us=origin, parts=parts, marks_missing=marks, means=means
        )

    @property
    def outputs(self) -> list[str]:
        """Names of its matrix columns."""
        words = [p.part for p in self.parts] + ["(missing)"] * self.marks_missing
        return [f"{self.name}_{word}" for word in words]

    def read(self, series: pl.Series) -> np.ndarray:
        """Return the column in microseconds."""
        return plain(as_micros(series))

    def write(self, micros: np.ndarray, out: np.ndarray, at: int) -> None:
        """Write rows of the column to ``out[:, at:]``."""
        which, fills, centers, scales = self._arrays
        _write_datetimes(micros, self.origin_us, which, fills, centers, scales, self.marks_missing, out, at)

    @property
    def _arrays(self):
        """The parts, fills, centers and scales as arrays."""
        which = np.array([PARTS.index(p.part) for p in self.parts], dtype=np.int64)
        fills = np.array([math.nan if p.how.fill is None else p.how.fill for p in self.parts])
        return (
            which,
            fills,
            np.array([p.how.center for p in self.parts]),
            np.array([p.how.scale for p in self.parts]),
        )

    def row_form(self):
        """Return a function from one value to its cells."""
        name, origin = self.name, self.origin_us
        how = [(PARTS.index(p.part), p.how.apply) for p in self.parts]
        marks = (0.0,) if self.marks_missing else ()
        absent = (*(apply(math.nan) for _, apply in how), *((1.0,) if self.marks_missing else ()))
        parts_of = getattr(_parts, "py_func", _parts)

        def cells(value):
            """Return the cells of one value."""
            micros = as_micro(value, name)
            if micros is None:
                return absent
            values = parts_of(micros, origin)
            return (*(apply(float(values[k])) for k, apply in how), *marks)

        return cells


def part_values(micros: np.ndarray, k: int, origin: int) -> np.ndarray:
    """Return part k of each datetime as float64, NaN where missing."""
    out = np.empty(len(micros))
    _one_part(plain(micros), k, origin, out)
    return out


def as_micros(series: pl.Series) -> np.ndarray:
    """Return a column of dates or datetimes as int64 microseconds since 1970 in UTC, NOT_A_TIME where missing."""
    dtype = series.dtype
    if dtype == pl.Null:
        return np.full(len(series), NOT_A_TIME, dtype=np.int64)
    if dtype == pl.Date:
        micros = series.cast(pl.Datetime("us")).to_physical()
    elif isinstance(dtype, pl.Datetime):
        counts = series.to_physical()
        unit = dtype.time_unit
        micros = counts // 1000 if unit == "ns" else counts * 1000 if unit == "ms" else counts
    else:
        raise ValueError(f"column {series.name!r} holds {dtype}, not dates")
    return micros.fill_null(NOT_A_TIME).to_numpy()


def as_micro(value, name: str) -> int | None:
    """Return one value as `as_micros` does its column, None where missing."""
    if isinstance(value, datetime):
        if value != value:  # noqa: PLR0124 (pandas' NaT is a datetime)
            return None
        delta = (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value) - EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    if isinstance(value, date):
        return (value - EPOCH.date()).days * DAY_US
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else int(value.astype("datetime64[us]").astype(np.int64))
    raise ValueError(f"column {name!r} holds {type(value).__name__}, not dates")


@kernel(inline=True)
def _parts(us, origin):
    """Return year, month, day, weekday, hour and elapsed days of `us` microseconds since 1970."""
    days = us // 86_400_000_000
    hour = (us - days * 86_400_000_000) // 3_600_000_000
    shifted = days + 719_468  # days since 0000-03-01
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march = (5 * of_year + 2) // 153
    day = of_year - (153 * march + 2) // 5 + 1
    month = march + 3 if march < 10 else march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day, (days + 3) % 7, hour, float(us - origin) / 86_400_000_000.0


@kernel
def _ranges(micros, origin, out):
    """Set out[k, :] to the minimum and maximum of part k; no datetime may be missing."""
    out[:, 0], out[:, 1] = np.inf, -np.inf
    for i in range(micros.shape[0]):
        year, month, day, weekday, hour, elapsed = _parts(micros[i], origin)
        values = (float(year), float(month), float(day), float(weekday), float(hour), elapsed)
        for k in range(6):
            out[k, 0] = min(out[k, 0], values[k])
            out[k, 1] = max(out[k, 1], values[k])


@kernel
def _one_part(micros, k, origin, out):
    """Set out[i] to part k of micros[i], NaN where missing."""
    for i in range(micros.shape[0]):
        year, month, day, weekday, hour, elapsed = _parts(micros[i], origin)
        x = elapsed
        if k == 0:
            x = float(year)
        elif k == 1:
            x = float(month)
        elif k == 2:
            x = float(day)
        elif k == 3:
            x = float(weekday)
        elif k == 4:
            x = float(hour)
        out[i] = np.nan if micros[i] == -(2**63) else x


@kernel
def _write_datetimes(micros, origin, which, fills, centers, scales, marks, out, at):
    """Set out[i, at + j] to part which[j] of micros[i], imputed and scaled; the next column is 1 where missing."""
    largest = 1.7976931348623157e308
    values = np.empty(6)
    n_parts = which.shape[0]
    for i in range(micros.shape[0]):
        missing = micros[i] == -(2**63)
        if not missing:
            year, month, day, weekday, hour, elapsed = _parts(micros[i], origin)
            values[0], values[1], values[2], values[3], values[4], values[5] = (
                year,
                month,
                day,
                weekday,
                hour,
                elapsed,
            )
        for j in range(n_parts):
            x = fills[j] if missing else values[which[j]]
            z = (x - centers[j]) / scales[j]
            out[i, at + j] = np.nan if np.isnan(z) else min(max(z, -largest), largest)
        if marks:
            out[i, at + n_parts] = 1.0 if missing else 0.0
