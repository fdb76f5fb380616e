"""The plan: the fitted nodes of all columns, and the two forms that convert a table with them.

A plan is plain data, which the bundle stores. The frame form writes a whole table block by block, on threads; the row
form is a list of Python functions. Both do the same arithmetic in the same order, so their results are bit-equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field, ValidationError, model_validator

from groundup.engine.rows.threads import run
from groundup.errors import nearest
from groundup.tables.prepare.categories import Category
from groundup.tables.prepare.dates import Datetime
from groundup.tables.prepare.numbers import Number, Strict

NODES = {"number": Number, "integer": Number, "boolean": Number, "category": Category, "datetime": Datetime}
# Levels of a column up to which a model's own categories do better than codes in the order of frequency.
NATIVE_LEVELS = 32
# A block of the matrix stays in the second cache while its columns are written one after the other.
BLOCK_BYTES = 1 << 19

Node = Annotated[Number | Category | Datetime, Field(discriminator="kind")]


class Plan(Strict):
    """The conversion of each column.

    Attributes
    ----------
    version : int
    columns : tuple
        One node per used column, in the order of the fitted table.
    ignored : dict
        Column -> reason why it is not used.
    """

    version: Literal[1] = 1
    columns: tuple[Node, ...]
    ignored: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self):
        for column in self.columns:
            if column.means and len(column.means) != len(column.outputs):
                raise ValueError(
                    f"column {column.name!r} has {len(column.means)} means of {len(column.outputs)} columns"
                )
        names = [c.name for c in self.columns]
        if len(set(names)) < len(names) or set(names) & set(self.ignored):
            raise ValueError("a column is planned twice")
        if not names:
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in list(self.ignored.items())[:5])
            raise ValueError(f"no column can be used ({reasons})")
        return self

    def check_preprocessing(self, preprocessing) -> None:
        """Raise ValueError unless a fit with this preprocessing can have left the plan."""
        for column in self.columns:
            hows = [p.how for p in column.parts] if isinstance(column, Datetime) else []
            hows += [column.how] if isinstance(column, Number) else []
            scales = preprocessing.scales and column.kind != "boolean"
            if (
                (isinstance(column, Category) and column.one_hot != preprocessing.one_hot)
                or (column.marks_missing and not preprocessing.fills)
                or any((how.fill is not None) != preprocessing.fills for how in hows)
                or any(not scales and (how.center, how.scale) != (0.0, 1.0) for how in hows)
            ):
                raise ValueError(
                    f"the plan of the column {column.name!r} does not fit the preparer's preprocessing"
                )

    @classmethod
    def from_plain(cls, data) -> Plan:
        """Return the plan that `to_plain` wrote, checked.

        Raises
        ------
        ValueError
            If no fit could have made the plan; the message names the column.
        """
        try:
            return cls.model_validate(_tuples(data))
        except ValidationError as e:
            first = e.errors()[0]
            where = ".".join(str(word) for word in first["loc"])
            raise ValueError(f"the plan is damaged at {where or 'its columns'}: {first['msg']}") from None

    def to_plain(self) -> dict:
        """Return the plan as JSON values."""
        return self.model_dump(mode="json")

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """Names of the columns that a table must have."""
        return tuple(c.name for c in self.columns)

    @cached_property
    def outputs(self) -> list[str]:
        """Names of the columns of the matrix, with a number where two columns would have the same name."""
        seen: dict[str, int] = {}
        names = []
        for name in (name for column in self.columns for name in column.outputs):
            seen[name] = seen.get(name, 0) + 1
            names.append(name if seen[name] == 1 else f"{name}_({seen[name]})")
        return names

    @cached_property
    def means(self) -> np.ndarray | None:
        """Mean of each column of the matrix over the fitted rows; None if missing cells stay missing."""
        known = [np.array(c.means) for c in self.columns]
        return np.concatenate(known) if all(map(len, known)) else None

    @cached_property
    def offsets(self) -> list[int]:
        """Position of the first matrix column of each node."""
        widths = [len(c.outputs) for c in self.columns]
        return [0, *np.cumsum(widths).tolist()[:-1]]

    def frame_form(self, frame: pl.DataFrame, n_threads: int = 1) -> np.ndarray:
        """Return the matrix of `frame`, float64 of shape (n_rows, len(outputs)) in C order."""
        n_rows, width = frame.height, len(self.outputs)
        columns, offsets = self.columns, self.offsets
        read = run(lambda k: columns[k].read(frame[columns[k].name]), len(columns), n_threads)
        out = np.zeros((n_rows, width))
        step = max(
            512, BLOCK_BYTES // (8 * width)
        )  # with fewer rows the calls cost more than the cache saves

        def write(b: int) -> None:
            """Write one block."""
            lo, hi = b * step, min((b + 1) * step, n_rows)
            block = out[lo:hi]
            for column, values, at in zip(columns, read, offsets, strict=True):
                column.write(values[lo:hi], block, at)

        run(write, -(-n_rows // step), n_threads)
        return out

    @cached_property
    def level_columns(self) -> list[int]:
        """Positions of the matrix columns of level codes that a model with categories of its own should take as such.

        Two levels are split alike either way, and codes of many levels are in a useful order: see `preprocessing`.
        """
        return [
            at
            for column, at in zip(self.columns, self.offsets, strict=True)
            if isinstance(column, Category)
            and not column.one_hot
            and 2 < len(column.levels) + column.other <= NATIVE_LEVELS
        ]

    @cached_property
    def _cells(self) -> list:
        return [(column.name, column.row_form()) for column in self.columns]

    def row_form(self, row: Mapping[str, object]) -> np.ndarray:
        """Return the matrix row of one table row, float64 of shape (len(outputs),).

        Raises
        ------
        ValueError
            If a column is missing or a value has the wrong kind; the message names the column.
        """
        out: list[float] = []
        extend = out.extend
        try:
            for name, cells in self._cells:
                extend(cells(row[name]))
        except KeyError:
            refuse_missing(self.needed, row)
            raise
        return np.array(out)

    def __reduce__(self):
        return Plan.from_plain, (self.to_plain(),)


def refuse_missing(needed, names) -> None:
    """Raise one error that names every needed column that is not among `names`."""
    names = dict.fromkeys(names)  # for quick look-up
    missing = [name for name in needed if name not in names]
    if missing:
        suggestion = nearest(missing[0], names)
        listed = "".join(f"\n- {name}" for name in missing[:20])
        raise ValueError(
            "The feature names should match those that were passed during fit.\n"
            f"Feature names seen at fit time, yet now missing:{listed}\n{suggestion}"
        )


def _tuples(data):
    """Return JSON data with tuples in place of lists."""
    if isinstance(data, list):
        return tuple(_tuples(item) for item in data)
    if isinstance(data, dict):
        return {key: _tuples(value) for key, value in data.items()}
    return data
