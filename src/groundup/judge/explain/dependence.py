"""Partial dependence: the mean prediction when one column is set to each value of a grid, the others unchanged.

The result also has the predictions for single rows (individual conditional expectation), the band of their middle half,
and the number of rows near each value: where there are none, the model had no training data.

The grid: of a column of numbers 20 values from the 1% to the 99% quantile, or all values where they are few; of dates
12 moments; of levels the most frequent 20, and "missing" where training had missing cells. From the contract if there
is one, else from the rows.

Cost: one prediction for each value and each of up to `max_rows` rows.

Source: J. Friedman, Greedy function approximation (2001), section 8.2; A. Goldstein et al., Peeking inside the black box
(2015).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from groundup.errors import UsageError, nearest
from groundup.judge.explain.subject import Subject
from groundup.tables.contract.column import as_level
from groundup.text.escaping import value_text

N_GRID, N_MOMENTS, N_LEVELS = 20, 12, 20
N_SINGLE = 40
MAX_ROWS = 500
_UNDO = {"log": np.exp, "log1p": np.expm1}


@dataclass(frozen=True, eq=False)
class Dependence:
    """The dependence of the prediction on one column.

    Attributes
    ----------
    column : str
    grid : list
        Values of the column; None is missing.
    mean, low, high : ndarray of shape (n_grid,)
        Mean prediction, and its lower and upper quartile over the rows.
    individual : ndarray of shape (n_lines, n_grid)
        Predictions for single rows.
    counts : ndarray of int64 of shape (n_grid,)
        Rows nearest to each value (numbers, dates), or equal to it.
    values : ndarray or None
        The column's values, of numbers and dates (these in years).
    answer : str
        The predicted quantity: the probability of a class, or the target.
    n_rows : int
        Rows whose predictions were averaged.
    """

    column: str
    grid: list[Any]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    individual: np.ndarray
    counts: np.ndarray
    values: np.ndarray | None
    answer: str
    n_rows: int

    def chart(self):
        """Return the chart."""
        from groundup.charts import partial_dependence

        dated = any(isinstance(v, datetime) for v in self.grid)
        return partial_dependence(
            [years(v) for v in self.grid] if dated else self.grid,
            self.mean,
            name=f"{self.column} (year)" if dated else self.column,
            target=self.answer,
            low=self.low,
            high=self.high,
            individual=self.individual,
            values=self.values,
        )


def partial_dependence(
    model, rows, column: str, *, contract=None, target=None, grid: Sequence | None = None, label=None,
    max_rows: int = MAX_ROWS,
) -> Dependence:  # fmt: skip
    """Return the dependence of a model's prediction on one column.

    Parameters
    ----------
    model : estimator or Subject
        A fitted Pipeline that begins with a TablePreparer, or a learner of numbers.
    rows : frame or array
        In the contract's form.
    column : str
    contract : Contract, optional
        Provides the ranges and levels.
    target : optional
        Name and labels of the target, if `model` is not a Subject.
    grid : sequence, optional
        Values to set the column to, in place of the contract's.
    label : optional
        The class of the probability; by default the positive one of two, or the most frequent of more.
    max_rows : int
        Of more rows only so many, evenly spaced, are averaged.

    Raises
    ------
    UsageError
        If the model does not use the column, or has no such label.
    """
    subject = model if isinstance(model, Subject) else Subject(model, target)
    place = subject.place_of(column)
    cells = _cells(rows, column, place)
    known = None if contract is None else contract.by_name.get(column)
    grid = list(grid) if grid is not None else grid_of(cells, known)
    if not grid:
        raise UsageError("There is no value to set the column to.", column=column)
    matrix = subject.matrix(rows)
    if len(matrix) > max_rows:
        matrix = matrix[np.linspace(0, len(matrix) - 1, max_rows).astype(int)]
    output, named = _output(subject, contract, label)
    inputs = np.repeat(matrix[np.newaxis], len(grid), axis=0)
    inputs[:, :, subject.parts[place]] = subject.cells(column, grid)[:, np.newaxis]
    output = subject.answer(inputs.reshape(-1, matrix.shape[1]))[:, output].reshape(len(grid), len(matrix))
    undo = _UNDO.get(getattr(subject.target, "transform", "none"))
    output = output if undo is None else undo(output)
    lines = np.linspace(0, len(matrix) - 1, min(N_SINGLE, len(matrix))).astype(int)
    low, high = np.quantile(output, [0.25, 0.75], axis=1)
    return Dependence(
        column, grid, output.mean(axis=1), np.minimum(low, output.mean(axis=1)), np.maximum(high, output.mean(axis=1)),
        output[:, lines].T, counts_of(cells, grid), _numbers(cells), named, len(matrix),
    )  # fmt: skip


def grid_of(cells: list, known=None) -> list:
    """Return the grid of a column: of its contract's `known`, or of the cells."""
    if known is None and not any(v is not None for v in cells):
        return []
    kind = known.kind if known is not None else _kind(cells)
    if kind in ("number", "integer"):
        distinct = sorted({v for v in cells if v is not None})
        if not distinct or len(distinct) <= N_GRID:
            return distinct
        low, high = (
            (known.quantiles[1], known.quantiles[-2])
            if known is not None and known.quantiles
            else (None, None)
        )
        if low is None or high is None or low == high:
            low, high = np.quantile(distinct, [0.01, 0.99])
        spaced = np.linspace(low, high, N_GRID)
        return sorted({int(v) for v in spaced.round()}) if kind == "integer" else spaced.tolist()
    if kind == "boolean":
        return [False, True]
    if kind == "datetime":
        present = sorted(v for v in cells if v is not None)
        if not present:
            return []
        step = (present[-1] - present[0]) / (N_MOMENTS - 1)
        return [present[0] + k * step for k in range(N_MOMENTS)] if step > timedelta(0) else present[:1]
    if known is not None:
        levels = [level.value for level in known.levels[:N_LEVELS]]
        return [*levels, None] if known.missing else levels
    counted = Counter(v for v in cells if v is not None)
    return [v for v, _ in counted.most_common(N_LEVELS)] + [None] * (None in cells)


def counts_of(cells: list, grid: list) -> np.ndarray:
    """Return how many cells are nearest to each value of a grid (numbers, dates), or equal to it."""
    place = _numbers(grid)
    if place is None:
        counted = Counter(None if v is None else as_level(v) for v in cells)
        return np.array([counted[None if v is None else as_level(v)] for v in grid], dtype=np.int64)
    values = _numbers(cells)
    if values is None or not len(values):
        return np.zeros(len(grid), dtype=np.int64)
    order = np.argsort(place, kind="stable")
    between = (place[order][1:] + place[order][:-1]) / 2
    counts = np.empty(len(grid), dtype=np.int64)
    counts[order] = np.bincount(np.searchsorted(between, values), minlength=len(grid))
    return counts


def years(moment: datetime) -> float:
    """Return a moment as a number of years: 2020.5 is the middle of 2020."""
    begin = datetime(moment.year, 1, 1)  # noqa: DTZ001 (naive means UTC here)
    end = datetime(moment.year + 1, 1, 1)  # noqa: DTZ001
    return moment.year + (moment - begin) / (end - begin)


def _cells(rows, column: str, place: int) -> list:
    """Return the cells of a column, None where missing."""
    if isinstance(rows, np.ndarray):
        found = rows[:, place].tolist()
    else:
        series = rows[column]
        found = series.to_list() if hasattr(series, "to_list") else list(series)
    return [None if isinstance(v, float) and math.isnan(v) else v for v in found]


def _kind(cells: list) -> str:
    first = next((v for v in cells if v is not None), None)
    if isinstance(first, bool):
        return "boolean"
    if isinstance(first, datetime):
        return "datetime"
    if isinstance(first, int):
        return "integer"
    return "number" if isinstance(first, float) else "category"


def _numbers(cells: list) -> np.ndarray | None:
    """Return the cells that are not missing as numbers, dates in years; None for levels and truth values."""
    present = [v for v in cells if v is not None]
    if not present:
        return None
    if isinstance(present[0], datetime):
        return np.array([years(v) for v in present])
    if isinstance(present[0], (bool, str)):
        return None
    return np.array(present, dtype=np.float64)


def _output(subject: Subject, contract, label) -> tuple[int, str]:
    """Return the number of the output, and its name."""
    if subject.task != "classification":
        return 0, getattr(subject.target, "name", "") or "prediction"
    names = list(subject.names)
    if label is None:
        label = names[0] if subject.is_first_positive else names[-1]
        if len(names) > 2 and contract is not None and contract.labels:
            label = max(contract.labels, key=lambda level: level.count).value
    if label not in names:
        raise UsageError(f"The model has no label {label!r}.{nearest(str(label), [str(v) for v in names])}")
    one_score = not hasattr(subject.learner, "predict_proba") and len(names) == 2
    output = "probability" if hasattr(subject.learner, "predict_proba") else "score"
    return 0 if one_score else names.index(label), f"{output} of {value_text(label)}"
