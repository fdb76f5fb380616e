"""The result of checking rows against a contract: the rows in the contract's form, and a list of problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from groundup.tables.contract.column import Column
from groundup.tables.sources.simple_types import far_moments, moments_as_text
from groundup.text.numbers import pluralize

# The effect of its cells on a row: predicted, predicted with a warning, or not predicted.
Status = Literal["ok", "warning", "refused"]
# kind -> severity. An error leaves the cell empty, and its row without a prediction. A warning keeps the value.
SEVERITY: dict[str, Literal["warn", "error"]] = {
    "type": "error",  # not readable as the column's kind
    "infinite": "error",  # inf, or a number beyond float64
    "converted": "warn",  # true and false in a column of numbers, read as 1 and 0
    "unseen": "warn",  # a level that did not occur in training
    "range": "warn",  # a number outside the training range, a date far outside it
    "fraction": "warn",  # a fraction, where training had whole numbers only
    "missing": "warn",  # no value, where no training row was missing
}
# The text of warnings about a value whose row is still predicted.
WARNINGS = {
    "unseen": "not seen in training",
    "range": "outside the range seen in training",
    "fraction": "not whole, but training had whole numbers only",
    "missing": "unlike in training",
}
# What a value is not that cannot be read, and what several are not, by the kind of their column.
_UNREADABLE = {
    "number": ("is not a number", "are not numbers"),
    "integer": ("is not a number", "are not numbers"),
    "boolean": ("is neither true nor false", "are neither true nor false"),
    "datetime": ("is not a date", "are not dates"),
    "category": ("is not text", "are not text"),
}
# The problem of a row whose cells are valid but whose prediction is not.
NOT_FINITE = "the prediction is not a finite number"
SCHEMA = {
    "row": pl.Int64,
    **dict.fromkeys(("column", "value", "kind", "severity", "column_kind"), pl.String),
}


def status_of(kind: str, column: Column) -> Status:
    """Return the status of a row that has a problem of this kind.

    A cell that cannot be read refuses the row. Any other problem is a warning, except an unseen level in a column where
    unseen levels are usual (`Column.unseen_is_usual`): it is reported, but the row is ok.
    """
    if SEVERITY[kind] == "error":
        return "refused"
    return "ok" if kind == "unseen" and column.unseen_is_usual else "warning"


class Problem(NamedTuple):
    """One problem with a cell: its row (from 1), column, value as text (None where missing), kind and severity.

    column_kind : the kind of the column, which a value of the wrong type does not have.
    """

    row: int
    column: str
    value: str | None
    kind: str
    severity: Literal["warn", "error"]
    column_kind: str

    @property
    def message(self) -> str:
        """The problem, without row and column."""
        return {
            "type": f"{self.value!r} {_UNREADABLE[self.column_kind][0]}",
            "infinite": f"{self.value!r} is not a finite number",
            "converted": f"{self.value!r} was read as a number",
            "unseen": f"{self.value!r} was {WARNINGS['unseen']}",
            "range": f"{self.value} is {WARNINGS['range']}",
            "fraction": f"{self.value} is {WARNINGS['fraction']}",
            "missing": "no value, but every training row had one",
        }[self.kind]

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column!r}: {self.message}"


class Tally(NamedTuple):
    """Problems of one kind in one column: number of rows, first different values, and whether the kind is usual there."""

    column: str
    kind: str
    severity: Literal["warn", "error"]
    n_rows: int
    examples: tuple[str | None, ...]
    usual: bool
    column_kind: str

    def __str__(self) -> str:
        n, (is_not, are_not) = self.n_rows, _UNREADABLE[self.column_kind]
        message = {
            "type": pluralize(n, f"value {is_not}", f"values {are_not}"),
            "infinite": pluralize(n, "value is not a finite number", "values are not finite numbers"),
            "converted": f"{pluralize(n, 'cell with true or false was', 'cells with true or false were')} read as 1 or 0",
            "unseen": f"{pluralize(n, 'row has a value', 'rows have values')} {WARNINGS['unseen']}",
            "range": f"{pluralize(n, 'value is', 'values are')} {WARNINGS['range']}",
            "fraction": f"{pluralize(n, 'value is', 'values are')} {WARNINGS['fraction']}",
            "missing": f"{pluralize(n, 'row has', 'rows have')} no value, but every training row had one",
        }[self.kind]
        given = [repr(v) for v in self.examples if v is not None]
        examples = "" if self.kind == "missing" or not given else f": {', '.join(given)}"
        more = ", ..." if examples and self.n_rows > len(given) else ""
        usual = " (usual for this column)" if self.usual else ""
        return f"column {self.column!r}: {message}{usual}{examples}{more}"


class FlaggedCells(NamedTuple):
    """The cells of one column that have one kind of problem.

    raw : the input column.  mask : bool (n_rows,): its cells with the problem.  kind : of the problem.  position : of
    the column among the contract's features.  status : of the rows with such a cell.  column_kind : of the column.
    """

    raw: pl.Series
    mask: np.ndarray
    kind: str
    position: int
    status: Status
    column_kind: str


@dataclass(frozen=True, eq=False)
class Conformed:
    """Rows in the form of a contract.

    Attributes
    ----------
    frame : polars.DataFrame
        The contract's features, in its order and its types, one row per input row in the input's order. Cells with an
        error are missing.
    flagged : tuple of FlaggedCells
        The cells with problems, column by column.
    extra : tuple of str
        Input columns that the contract does not use.
    """

    frame: pl.DataFrame
    flagged: tuple[FlaggedCells, ...] = ()
    extra: tuple[str, ...] = ()

    @cached_property
    def problems(self) -> pl.DataFrame:
        """One row per problem: row (from 1), column, value, kind, severity; sorted by row, then by column order.

        Computed on first access: for a wide table this takes longer than finding the problems.
        """
        return _list_problems(self.flagged)

    @cached_property
    def errors(self) -> pl.DataFrame:
        """The problems of severity error."""
        return _list_problems([one for one in self.flagged if one.status == "refused"])

    @cached_property
    def warnings(self) -> pl.DataFrame:
        """The problems of status warning: not errors, and not usual for their column."""
        return _list_problems([one for one in self.flagged if one.status == "warning"])

    def rows_with(self, status: Status) -> np.ndarray:
        """Return which rows have a cell of this status: bool (n_rows,)."""
        rows = np.zeros(self.frame.height, dtype=bool)
        for one in self.flagged:
            if one.status == status:
                rows |= one.mask
        return rows

    def tallies(self) -> list[Tally]:
        """Count the problems by column and kind: errors first, then in order of appearance."""
        grouped = self.problems.group_by(
            "column", "kind", "severity", "column_kind", maintain_order=True
        ).agg(pl.len().alias("n"), pl.col("value").unique(maintain_order=True).head(3))
        usual = {(one.raw.name, one.kind) for one in self.flagged if one.status == "ok"}
        tallies = [
            Tally(column, kind, severity, n, tuple(values), (column, kind) in usual, column_kind)
            for column, kind, severity, column_kind, n, values in grouped.iter_rows()
        ]
        return sorted(tallies, key=lambda tally: (tally.severity != "error", tally.usual))

    def listed(self, limit: int | None = None) -> list[Problem]:
        """Return the first `limit` problems (all by default) one by one."""
        first = self.problems if limit is None else self.problems.head(limit)
        return [Problem(*row) for row in first.iter_rows()]


class ConformedRow(NamedTuple):
    """One row in the form of a contract: values by feature, problems (their row is 1), unused keys, status."""

    values: dict[str, object]
    problems: list[Problem]
    extra: tuple[str, ...]
    status: Status


def _list_problems(flagged: Sequence[FlaggedCells]) -> pl.DataFrame:
    """Return one row per problem."""
    if not flagged:
        return pl.DataFrame(schema=SCHEMA)
    each = pl.concat([_list_cells(one) for one in flagged])
    return each.sort(["row", "position"], maintain_order=True).select(list(SCHEMA))


def _list_cells(flagged: FlaggedCells) -> pl.DataFrame:
    """Return one row per flagged cell."""
    raw, mask, kind, position, _, column_kind = flagged
    at = pl.Series(np.flatnonzero(mask))
    cell = raw.gather(at)
    plain = cell.dtype.is_integer() or cell.dtype == pl.String
    # Other types use Python's text, so that frames and single rows show the same; no text of Python's has a far date.
    if plain:
        text = cell.cast(pl.String)
    elif far_moments(cell).any():
        text = moments_as_text(cell)
    else:
        text = pl.Series([None if v is None else str(v) for v in cell.to_list()], dtype=pl.String)
    return pl.DataFrame({"row": at.cast(pl.Int64) + 1, "value": text.str.slice(0, 200)}).with_columns(
        column=pl.lit(raw.name),
        kind=pl.lit(kind),
        severity=pl.lit(SEVERITY[kind]),
        column_kind=pl.lit(column_kind),
        position=pl.lit(position, dtype=pl.Int64),
    )
