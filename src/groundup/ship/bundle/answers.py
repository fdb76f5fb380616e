"""Answers: the predictions for some rows with their probabilities, and a warning for each row that needs one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from groundup.tables.contract.problems import NOT_FINITE, Conformed, Problem

if TYPE_CHECKING:
    from groundup.tables.contract.problems import Status


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model returns for some rows.

    Attributes
    ----------
    labels : ndarray of shape (n_rows,)
        Labels in their own type, values of a regression, or numbers of clusters.
    probabilities : ndarray of float64 of shape (n_rows, n_classes), or None
        In the order of the model's ``classes``; None where the model gives none, or they were not requested.
    checked : Conformed or None
        The rows in the contract's form, with the problems of their cells; None without a contract.
    """

    labels: np.ndarray
    probabilities: np.ndarray | None = None
    checked: Conformed | None = None

    @cached_property
    def is_finite(self) -> np.ndarray:
        """Which rows have finite predictions and probabilities: bool (n_rows,)."""
        finite = (
            np.isfinite(self.labels) if self.labels.dtype.kind == "f" else np.ones(len(self.labels), bool)
        )
        return finite if self.probabilities is None else finite & np.isfinite(self.probabilities).all(axis=1)

    @cached_property
    def refused(self) -> np.ndarray:
        """Which rows have no usable prediction (a cell cannot be read, or it is not finite): bool (n_rows,)."""
        return self._rows_with("refused") | ~self.is_finite

    @cached_property
    def warned(self) -> np.ndarray:
        """Which rows have a prediction and a warning: bool (n_rows,)."""
        return self._rows_with("warning") & ~self.refused

    @property
    def statuses(self) -> list[Status]:
        """The status of each row: ok, warning or refused."""
        return np.select([self.refused, self.warned], ["refused", "warning"], "ok").tolist()

    @cached_property
    def warnings(self) -> list[str]:
        """The problems of each row in words, "" where there are none.

        Each different problem is put in words once, however many rows have it.
        """
        out = np.full(len(self.labels), "", dtype=object)
        if self.checked is not None and self.checked.flagged:
            keys = ["column", "value", "kind", "severity", "column_kind"]
            problems = self.checked.problems
            different = problems.select(keys).unique(maintain_order=True)
            words = [str(Problem(1, *row)).split(", ", 1)[1] for row in different.iter_rows()]
            different = different.with_columns(pl.Series("words", words, dtype=pl.String))
            each = problems.join(different, on=keys, nulls_equal=True, how="left", maintain_order="left")
            rows = each.group_by("row", maintain_order=True).agg(pl.col("words").str.join("; "))
            out[rows["row"].to_numpy() - 1] = rows["words"].to_list()
        for i in np.flatnonzero(self.refused & ~self._rows_with("refused")):
            out[i] = f"{out[i]}; {NOT_FINITE}" if out[i] else NOT_FINITE
        return out.tolist()

    def _rows_with(self, status: Status) -> np.ndarray:
        if self.checked is None:
            return np.zeros(len(self.labels), dtype=bool)
        return self.checked.rows_with(status)
