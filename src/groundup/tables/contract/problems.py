"""What a check of rows against a contract finds: the rows in the contract's form, and a problem per doubtful cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import polars as pl

# kind -> severity. An error leaves the cell empty: its prediction must be marked. A warning keeps the value.
SEVERITY: dict[str, Literal["warn", "error"]] = {
    "type": "error",  # the text or type cannot be what the column holds
    "infinite": "error",  # inf, or a number beyond float64
    "converted": "warn",  # true and false where numbers are due, taken as 1 and 0
    "unseen": "warn",  # a level that training did not have
    "range": "warn",  # a number outside the training range
    "missing": "warn",  # no value in a column that always had one in training
}
SCHEMA = {"row": pl.Int64, "column": pl.String, "value": pl.String, "kind": pl.String, "severity": pl.String}


class Problem(NamedTuple):
    """One doubtful cell: its row (from 1), column, value as text (None where missing), kind and severity."""

    row: int
    column: str
    value: str | None
    kind: str
    severity: Literal["warn", "error"]

    def __str__(self) -> str:
        told = {
            "type": f"{self.value!r} is not of the column's type",
            "infinite": f"{self.value!r} is not a finite number",
            "converted": f"{self.value!r} was taken as a number",
            "unseen": f"{self.value!r} was not seen in training",
            "range": f"{self.value} is outside the range seen in training",
            "missing": "no value, but training always had one",
        }[self.kind]
        return f"row {self.row}, column {self.column!r}: {told}"


@dataclass(frozen=True, eq=False)
class Conformed:
    """Rows in the form of a contract.

    Attributes
    ----------
    frame : polars.DataFrame
        The contract's features, in its order and its types, one row per input row in the input's order. Cells with an
        error are missing.
    problems : polars.DataFrame
        One row per problem: row (from 1), column, value, kind, severity; sorted by row, then by column order.
    extra : tuple of str
        Input columns that the contract does not use.
    """

    frame: pl.DataFrame
    problems: pl.DataFrame
    extra: tuple[str, ...] = ()

    @property
    def errors(self) -> pl.DataFrame:
        """The problems that spoil their cell."""
        return self.problems.filter(pl.col("severity") == "error")

    def listed(self, limit: int | None = None) -> list[Problem]:
        """Return the first `limit` problems (all by default) one by one."""
        kept = self.problems if limit is None else self.problems.head(limit)
        return [Problem(*row) for row in kept.iter_rows()]


class ConformedRow(NamedTuple):
    """One row in the form of a contract: values by feature, problems (their row is 1), unused keys."""

    values: dict[str, object]
    problems: list[Problem]
    extra: tuple[str, ...]
