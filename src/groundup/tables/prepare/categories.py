"""Categories: levels by value, one column each or one column of codes.

A level is text; whole numbers and booleans are matched by their text (3, 3.0 and "3" are the same level), as in the data
contract. When fitting, levels are

- *rare* if they have fewer than 10 rows and less than 0.5% of the table, or are not among the `max_levels` most frequent
  ones (ties by value); all rare levels are merged into *other*;
- *frequent* otherwise, in the order of their values (numeric if all of them are numbers, otherwise as text); more than 20
  codes are in the order of their frequency, the most frequent first.

Later, a value that is not a frequent level is *other* if training had rare levels. Otherwise it is *unseen*: zeros in all
columns in one-hot encoding, and as a code that of the most frequent level, or missing where training had no missing
values, which then mean nothing else. In one-hot encoding, missing has its own column if training had missing values, and
otherwise zeros in all columns; as a code it is NaN.

Cost: one count when fitting; one hash look-up per cell afterwards.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, FiniteFloat, model_validator

from groundup.engine.kernels import kernel
from groundup.engine.rows import plain
from groundup.tables.contract.conform import as_level, levels_as_text
from groundup.tables.prepare.numbers import Strict, mean_of

MISSING, UNSEEN = -1, -2
RARE_ROWS, RARE_SHARE = 10, 0.005
MANY_LEVELS = 20


class Category(Strict):
    """A column of levels.

    levels : the frequent ones in order; level k has the code k, *other* the code ``len(levels)``, missing -1.
    unseen : the code of a level that training did not have, where it had no rare ones; not used in one-hot encoding.
    means : of its matrix columns over the fitted rows, which are the shares of the levels; empty for codes.
    """

    kind: Literal["category"]
    name: str
    levels: tuple[str, ...]
    other: bool
    marks_missing: bool
    one_hot: bool
    unseen: int = Field(default=MISSING, exclude_if=lambda code: code == MISSING)
    means: tuple[FiniteFloat, ...] = ()

    @model_validator(mode="after")
    def _check(self):
        if len(set(self.levels)) < len(self.levels):
            raise ValueError(f"column {self.name!r}: a level occurs twice")
        if not MISSING <= self.unseen < len(self.levels):
            raise ValueError(f"column {self.name!r}: an unseen level has the code {self.unseen}")
        if not self.outputs:
            raise ValueError(f"column {self.name!r}: it has no level")
        return self

    @classmethod
    def fit(cls, series: pl.Series, kind: str, weight, preprocessing) -> Category | str:
        """Fit the levels; return the reason (str) if the column cannot distinguish rows."""
        text = levels_as_text(_text_like(series))
        counted = text.drop_nulls().alias("level").value_counts(name="n")
        counted = counted.sort(["n", "level"], descending=[True, False])
        n_missing = text.null_count()
        frequent = counted.filter(pl.col("n") >= min(RARE_ROWS, RARE_SHARE * len(series))).head(
            preprocessing.max_levels
        )
        other = frequent.height < counted.height
        if frequent.height + other + (n_missing > 0) < 2:
            return "every value is rare, so it identifies rows" if other else "every row has the same value"
        levels = frequent["level"].to_list()
        stands_in = n_missing and not other and not preprocessing.one_hot
        commonest = levels[0] if stands_in else None
        if preprocessing.one_hot or len(levels) <= MANY_LEVELS:
            levels = sort_levels(levels)
        node = cls(
            kind="category",
            name=series.name,
            levels=tuple(levels),
            other=other,
            marks_missing=preprocessing.one_hot and n_missing > 0,
            one_hot=preprocessing.one_hot,
            unseen=MISSING if commonest is None else levels.index(commonest),
        )
        if not preprocessing.one_hot:
            return node
        if weight is None:
            rows_of = dict(counted.select("level", "n").iter_rows())
            shares = [rows_of[level] / len(series) for level in levels]
            shares += [1 - sum(shares) - n_missing / len(series)] * other + [n_missing / len(series)] * (
                n_missing > 0
            )
        else:
            codes = node.read(series)
            shares = [
                mean_of(codes == k, weight)
                for k in (*range(len(levels) + other), *[MISSING] * (n_missing > 0))
            ]
        return node.model_copy(update={"means": tuple(shares)})

    @property
    def outputs(self) -> list[str]:
        """Names of its matrix columns."""
        if not self.one_hot:
            return [self.name]
        extra = ["(other)"] * self.other + ["(missing)"] * self.marks_missing
        return [f"{self.name}_{word}" for word in (*self.levels, *extra)]

    def read(self, series: pl.Series) -> np.ndarray:
        """Return the code of each row (int32)."""
        text = levels_as_text(_text_like(series))
        if self.levels:
            codes = text.cast(pl.Enum(self.levels), strict=False).to_physical().cast(pl.Int32)
            codes = codes.fill_null(MISSING).to_numpy()
        else:
            codes = np.full(len(text), MISSING, dtype=np.int32)
        if self._code_of_unknown != MISSING:
            unknown = (codes == MISSING) & text.is_not_null().to_numpy()
            codes = np.where(unknown, np.int32(self._code_of_unknown), codes)
        return plain(codes)

    def write(self, codes: np.ndarray, out: np.ndarray, at: int) -> None:
        """Write rows of the column to ``out[:, at:]``, which is zero."""
        if self.one_hot:
            _write_one_hot(codes, self._missing_at, out, at)
        else:
            _write_codes(codes, out, at)

    @property
    def _code_of_unknown(self) -> int:
        """The code of a value that is not a frequent level; -2 is zeros in all columns."""
        if self.other:
            return len(self.levels)
        return UNSEEN if self.one_hot else self.unseen

    @property
    def _missing_at(self) -> int:
        """Position of the column for missing values, -1 if there is none."""
        return len(self.levels) + self.other if self.marks_missing else -1

    def row_form(self):
        """Return a function from one value to its cells."""
        n_known = len(self.levels) + self.other
        if self.one_hot:
            width = len(self.outputs)
            hot = [tuple(float(j == k) for j in range(width)) for k in range(n_known)]
            hot.append((0.0,) * width)  # code -2 is the last but one
            hot.append(tuple(float(j == self._missing_at) for j in range(width)))  # code -1 is the last
        else:
            hot = [*((float(k),) for k in range(n_known)), (math.nan,)]
        by_level = dict(zip(self.levels, hot[: len(self.levels)], strict=True))
        unknown, absent = hot[self._code_of_unknown], hot[MISSING]
        name = self.name

        def cells(value):
            """Return the cells of one value."""
            if type(value) is str:
                return by_level.get(value, unknown)
            level = level_of(value, name)
            return absent if level is None else by_level.get(level, unknown)

        return cells


def sort_levels(levels: list[str]) -> list[str]:
    """Return levels sorted as numbers if all are finite numbers, otherwise as text."""
    try:
        numbers = {level: float(level) for level in levels}
    except ValueError:
        return sorted(levels)
    if not all(map(math.isfinite, numbers.values())):
        return sorted(levels)
    return sorted(levels, key=lambda level: (numbers[level], level))


def level_of(value, name: str) -> str | None:
    """Return the level of one value, None if it is missing: the row form of ``levels_as_text``."""
    if value is None:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, (str, bool, int, float)):
        return as_level(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise ValueError(f"column {name!r} holds {type(value).__name__}, not text or numbers")


def _text_like(series: pl.Series) -> pl.Series:
    """Return a column whose cells can be levels, or raise an error."""
    dtype = series.dtype
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return series.cast(pl.String)
    if dtype in (pl.String, pl.Boolean) or dtype.is_integer() or dtype.is_float():
        return series
    raise ValueError(f"column {series.name!r} holds {dtype}, not text or numbers")


@kernel
def _write_one_hot(codes, missing_at, out, at):
    """Set out[i, at + codes[i]] = 1; for code -1 set out[i, at + missing_at], unless that is negative; -2 sets none."""
    for i in range(codes.shape[0]):
        k = missing_at if codes[i] == -1 else codes[i]
        if k >= 0:
            out[i, at + k] = 1.0


@kernel
def _write_codes(codes, out, at):
    """Set out[i, at] = codes[i], NaN for a negative code."""
    for i in range(codes.shape[0]):
        out[i, at] = np.float64(codes[i]) if codes[i] >= 0 else np.nan
