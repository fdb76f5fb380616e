"""A problem: the rows, the target and the split of a run, in the form that every step works on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from groundup.judge.scoring import Scoring
from groundup.judge.weights import NO_WEIGHTS, RowWeights
from groundup.tables import Contract, Split, Table
from groundup.tables.prepare import TablePreparer
from groundup.tables.splitting import PART_NAMES
from groundup.text.numbers import pluralize

MANY_ROWS = 100_000
PARTS = tuple(PART_NAMES)


class NoFeatures:
    """The preparer of a baseline, which ignores the features: one column of zeros."""

    def fit_transform(self, frame, y=None) -> np.ndarray:
        """Return zeros of shape (n_rows, 1)."""
        return self.transform(frame)

    def transform(self, frame) -> np.ndarray:
        """Return zeros of shape (n_rows, 1)."""
        return np.zeros((frame.height, 1))

    def transform_row(self, row) -> np.ndarray:
        """Return zeros of shape (1,)."""
        return np.zeros(1)


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """The data that a run learns from.

    Attributes
    ----------
    contract : Contract
    split : Split
    frame : polars.DataFrame
        The features of all rows in the contract's form, as a model receives them to predict.
    y : ndarray of shape (n_rows,), or None for clustering
        The target; a row without one holds an arbitrary value and is in no part of the split.
    classes : ndarray or None
        All labels, sorted.
    seed : int
    scoring : Scoring
        How predictions are judged.
    weights : RowWeights
        How much each row counts.
    """

    contract: Contract
    split: Split
    frame: pl.DataFrame
    y: Any
    classes: Any
    seed: int
    scoring: Scoring
    weights: RowWeights = NO_WEIGHTS

    def __repr__(self) -> str:
        target = "no target" if self.contract.target is None else f"target {self.contract.target!r}"
        features = pluralize(self.frame.width, "feature")
        return f"Problem({self.task}, {target}, {features}, {self.split!r})"

    @property
    def task(self) -> str:
        """The task: binary, multiclass, regression or clustering."""
        return self.contract.task

    def rows(self, numbers: np.ndarray) -> tuple[pl.DataFrame, Any]:
        """Return the features and the target of the rows with these numbers."""
        return self.frame[numbers], None if self.y is None else self.y[numbers]

    def features(self, part: str) -> pl.DataFrame:
        """Return the features of a part: train, valid, test or development (train and valid)."""
        return self.frame[getattr(self.split, part)]

    def target(self, part: str) -> np.ndarray:
        """Return the target of a part."""
        return self.y[getattr(self.split, part)]

    def weight(self, part: str) -> np.ndarray | None:
        """Return how much each row of a part counts in a score; None where all count the same."""
        return self.weights.of_scores(getattr(self.split, part))

    def preparer(self, preprocessing: str, names: Collection[str] | None = None):
        """Return an unfitted preparer of the contract's features, or of those with `names`."""
        if preprocessing == "none":
            return NoFeatures()
        columns = [c for c in self.contract.feature_columns if names is None or c.name in names]
        return TablePreparer(preprocessing, kinds={c.name: c.kind for c in columns})

    @property
    def n_folds(self) -> int:
        """Folds of the comparison: 5, or 3 for so many rows that the spread is small anyway."""
        return 5 if len(self.split.train) < MANY_ROWS else 3


def pose(
    table: Table,
    contract: Contract,
    split: Split,
    seed: int,
    scoring: Scoring | None = None,
    weights: RowWeights = NO_WEIGHTS,
) -> Problem:
    """Return the problem of a table, its contract and its split; with the default scoring of its task if None."""
    frame = contract.conform(table).frame
    classes = contract.classes if contract.n_labels else None
    scoring = scoring or Scoring.of(contract.task, classes)
    if contract.target is None:
        return Problem(contract, split, frame, None, None, seed, scoring)
    rows = np.sort(np.concatenate([split.train, split.valid, split.test]))
    values = contract.target_values(table, rows)
    y = np.empty(table.n_rows, dtype=values.dtype)
    y[:] = values[0]
    y[rows] = values
    return Problem(contract, split, frame, y, classes, seed, scoring, weights)
