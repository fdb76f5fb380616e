"""A problem: the rows, the target and the split, in the form that every step works on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from groundup.tables import Contract, Split, Table

MANY_ROWS = 100_000


class Blind:
    """The preparer of the baseline, which looks at no column: one column of zeros."""

    def fit_transform(self, frame, y=None) -> np.ndarray:
        """Return zeros of shape (n_rows, 1)."""
        return self.transform(frame)

    def transform(self, frame) -> np.ndarray:
        """Return zeros of shape (n_rows, 1)."""
        return np.zeros((frame.height, 1))

    def transform_row(self, row) -> np.ndarray:
        """Return zeros of shape (1,)."""
        return np.zeros(1)


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be learnt.

    Attributes
    ----------
    frame : polars.DataFrame
        The features of all rows in the contract's form: what a model will meet when it predicts.
    y : ndarray of shape (n_rows,), or None for clustering
        The target; rows that have none hold a value that no part of the split names.
    classes : ndarray or None
        All labels, sorted.
    """

    contract: Contract
    split: Split
    frame: pl.DataFrame
    y: Any
    classes: Any
    seed: int

    @property
    def task(self) -> str:
        """What is learnt: binary, multiclass, regression, clustering."""
        return self.contract.task

    def rows(self, part: np.ndarray) -> tuple[pl.DataFrame, Any]:
        """Return the features and the target of some rows."""
        return self.frame[part], None if self.y is None else self.y[part]

    def preparer(self, preprocessing: str, names: Collection[str] | None = None):
        """Return an unfitted preparer of the contract's features, or of those with `names`."""
        from groundup.tables.prepare import TablePreparer

        if preprocessing == "none":
            return Blind()
        columns = [c for c in self.contract.feature_columns if names is None or c.name in names]
        return TablePreparer(preprocessing, kinds={c.name: c.kind for c in columns})

    @property
    def n_folds(self) -> int:
        """Folds of the comparison: 5, or 3 where there are so many rows that the spread is small anyway."""
        return 5 if len(self.split.train) < MANY_ROWS else 3


def pose(table: Table, contract: Contract, split: Split, seed: int) -> Problem:
    """Return the problem that a table, its contract and its split make."""
    frame = contract.conform(table).frame
    if contract.target is None:
        return Problem(contract, split, frame, None, None, seed)
    rows = np.sort(np.concatenate([split.train, split.valid, split.test]))
    values = contract.target_values(table, rows)
    y = np.empty(table.n_rows, dtype=values.dtype)
    y[:] = values[0]
    y[rows] = values
    return Problem(contract, split, frame, y, contract.classes if contract.n_labels else None, seed)
