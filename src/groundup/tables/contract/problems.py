"""What a check of rows against a contract finds: the rows in the contract's form, and a problem per doubtful cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from groundup.tables.contract.column import Column

# What its cells make of a row: predicted, predicted with a warning, or not predicted.
Status = Literal["ok", "warning", "refused"]
# kind -> severity. An error leaves the cell empty: its prediction must be marked. A warning keeps the value.
SEVERITY: dict[str, Literal["warn", "error"]] = {
    "type": "error",  # the text or type cannot be what the column holds
    "infinite": "error",  # inf, or a number beyond float64
    "converted": "warn",  # true and false where numbers are due, taken as 1 and 0
    "unseen": "warn",  # a level that training did not have
    "range": "warn",  # a number outside the training range
    "fraction": "warn",  # a number between the whole ones, where training had whole numbers only
    "missing": "warn",  # no value in a column that always had one in training
}
# What a doubt says of a value that is answered all the same.
DOUBTS = {
    "unseen": "not seen in training",
    "range": "outside the range seen in training",
    "fraction": "not whole, but training had whole numbers only",
    "missing": "unlike in training",
}
# Of a row whose cells are sound, and whose answer is no number all the same.
NOT_FINITE = "the model's answer is not a finite number"


def status_of(kind: str, column: Column) -> Status:
    """Return what a problem of this kind makes of its row; every face takes the decision from here.

    A cell that cannot be read refuses the row. Anything else is a warning, except an unseen level in a column where new
    levels are usual (`Column.unseen_is_usual`): it is reported, but the row counts as ok.
    """
    if SEVERITY[kind] == "error":
        return "refused"
    return "ok" if kind == "unseen" and column.unseen_is_usual else "warning"


SCHEMA = {"row": pl.Int64, "column": pl.String, "value": pl.String, "kind": pl.String, "severity": pl.String}


class Problem(NamedTuple):
    """One doubtful cell: its row (from 1), column, value as text (None where missing), kind and severity."""

    row: int
    column: str
    value: str | None
    kind: str
    severity: Literal["warn", "error"]

    @property
    def message(self) -> str:
        """What is wrong with the cell, without naming it."""
        return {
            "type": f"{self.value!r} is not of the column's type",
            "infinite": f"{self.value!r} is not a finite number",
            "converted": f"{self.value!r} was taken as a number",
            "unseen": f"{self.value!r} was {DOUBTS['unseen']}",
            "range": f"{self.value} is {DOUBTS['range']}",
            "fraction": f"{self.value} is {DOUBTS['fraction']}",
            "missing": "no value, but training always had one",
        }[self.kind]

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column!r}: {self.message}"


class Tally(NamedTuple):
    """One kind of problem in one column: how many rows have it, the first different values, whether it is usual there."""

    column: str
    kind: str
    severity: Literal["warn", "error"]
    n_rows: int
    examples: tuple[str | None, ...]
    usual: bool

    def __str__(self) -> str:
        n = f"{self.n_rows:,}"
        one = self.n_rows == 1
        told = {
            "type": f"{n} {'value is' if one else 'values are'} not of the column's type",
            "infinite": f"{n} {'is no finite number' if one else 'are no finite numbers'}",
            "converted": f"{n} {'truth value was' if one else 'truth values were'} taken as 1 and 0",
            "unseen": f"{n} {'row has a value' if one else 'rows have values'} {DOUBTS['unseen']}",
            "range": f"{n} {'value is' if one else 'values are'} {DOUBTS['range']}",
            "fraction": f"{n} {'value is' if one else 'values are'} {DOUBTS['fraction']}",
            "missing": f"{n} {'row has' if one else 'rows have'} no value, but training always had one",
        }[self.kind]
        given = [repr(v) for v in self.examples if v is not None]
        shown = "" if self.kind == "missing" or not given else f": {', '.join(given)}"
        more = ", ..." if shown and self.n_rows > len(given) else ""
        usual = " (usual for this column)" if self.usual else ""
        return f"column {self.column!r}: {told}{usual}{shown}{more}"


class Doubted(NamedTuple):
    """The cells of a column that have one kind of problem.

    raw : the column as it came.  mask : bool (n_rows,): its doubtful cells.  kind : of problem.  place : of the column
    among the contract's features.  status : of the rows with such a cell.
    """

    raw: pl.Series
    mask: np.ndarray
    kind: str
    place: int
    status: Status


@dataclass(frozen=True, eq=False)
class Conformed:
    """Rows in the form of a contract.

    Attributes
    ----------
    frame : polars.DataFrame
        The contract's features, in its order and its types, one row per input row in the input's order. Cells with an
        error are missing.
    doubted : tuple of Doubted
        Where the problems are, column by column.
    extra : tuple of str
        Input columns that the contract does not use.
    """

    frame: pl.DataFrame
    doubted: tuple[Doubted, ...] = ()
    extra: tuple[str, ...] = ()

    @cached_property
    def problems(self) -> pl.DataFrame:
        """One row per problem: row (from 1), column, value, kind, severity; sorted by row, then by column order.

        Listed when first asked for: of a wide table that is more work than to find them.
        """
        return _listed(self.doubted)

    @cached_property
    def errors(self) -> pl.DataFrame:
        """The problems that spoil their cell."""
        return _listed([one for one in self.doubted if SEVERITY[one.kind] == "error"])

    def rows_with(self, status: Status) -> np.ndarray:
        """Return which rows have a cell of this status: bool (n_rows,)."""
        found = np.zeros(self.frame.height, dtype=bool)
        for one in self.doubted:
            if one.status == status:
                found |= one.mask
        return found

    def tallies(self, n_examples: int = 3) -> list[Tally]:
        """Return the problems counted by column and kind, errors first, then in order of appearance."""
        grouped = self.problems.group_by("column", "kind", "severity", maintain_order=True).agg(
            pl.len().alias("n"), pl.col("value").unique(maintain_order=True).head(n_examples)
        )
        usual = {(one.raw.name, one.kind) for one in self.doubted if one.status == "ok"}
        found = [
            Tally(column, kind, severity, n, tuple(values), (column, kind) in usual)
            for column, kind, severity, n, values in grouped.iter_rows()
        ]
        return sorted(found, key=lambda tally: (tally.severity != "error", tally.usual))

    def listed(self, limit: int | None = None) -> list[Problem]:
        """Return the first `limit` problems (all by default) one by one."""
        kept = self.problems if limit is None else self.problems.head(limit)
        return [Problem(*row) for row in kept.iter_rows()]


class ConformedRow(NamedTuple):
    """One row in the form of a contract: values by feature, problems (their row is 1), unused keys, status."""

    values: dict[str, object]
    problems: list[Problem]
    extra: tuple[str, ...]
    status: Status


def _listed(doubted: Sequence[Doubted]) -> pl.DataFrame:
    if not doubted:
        return pl.DataFrame(schema=SCHEMA)
    each = pl.concat([_cells(one) for one in doubted])
    return each.sort(["row", "place"], maintain_order=True).select(list(SCHEMA))


def _cells(doubted: Doubted) -> pl.DataFrame:
    raw, mask, kind, place, _ = doubted
    at = pl.Series(np.flatnonzero(mask))
    cell = raw.gather(at)
    plain = cell.dtype.is_integer() or cell.dtype == pl.String
    # Elsewhere Python's own text, so that both forms show the same.
    shown = cell.cast(pl.String) if plain else pl.Series([_text(v) for v in cell.to_list()], dtype=pl.String)
    return pl.DataFrame({"row": at.cast(pl.Int64) + 1, "value": shown.str.slice(0, 200)}).with_columns(
        column=pl.lit(raw.name),
        kind=pl.lit(kind),
        severity=pl.lit(SEVERITY[kind]),
        place=pl.lit(place, dtype=pl.Int64),
    )


def _text(value) -> str | None:
    return None if value is None else str(value)
