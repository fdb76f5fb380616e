"""What a fitted model relies on: the score that is lost when a column is shuffled, and the answer as a column moves.

Both ask the whole model, preparer and all, about tables in the contract's form: columns keep their own names and levels.
The work is bounded, whatever the table: at most ``MOST_ROWS`` rows and ``MOST_COLUMNS`` columns, as many shuffles as fit
into ``MOST_ANSWERS`` answers.

Sources: Breiman (2001), Random forests, section 10, and Fisher, Rudin & Dominici (2019), All models are wrong, but many
are useful (permutation); Friedman (2001), Greedy function approximation, section 8.2 (partial dependence).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.judge.metrics import Metric
from groundup.tables import Contract
from groundup.tables.contract.column import NUMERIC, Column
from groundup.workbench.keeping import Fitted

MOST_ROWS = 4_000
MOST_COLUMNS = 200
MOST_ANSWERS = 1_000_000
MOST_SHUFFLES, FEWEST_SHUFFLES = 10, 3
GRID = 20
GRID_LEVELS = 12
GRID_ROWS = 200


class Lost(NamedTuple):
    """What shuffling one column costs: the mean loss of the score (above 0: the column helps) and its 95 % interval."""

    column: str
    mean: float
    low: float
    high: float


class Moved(NamedTuple):
    """The answer as one column moves.

    grid holds numbers or levels, answers has the shape (n_rows, n_grid), values are the column's own.
    """

    column: str
    grid: list
    answers: np.ndarray
    values: np.ndarray | None


def shuffled(
    model: Fitted, frame: pl.DataFrame, y: np.ndarray, classes, metric: Metric, *, seed: int = 0
) -> list[Lost]:
    """Return what shuffling each column costs, in the table's order; the interval is over the shuffles.

    Parameters
    ----------
    model : Fitted
    frame : polars.DataFrame
        Rows that the model has not seen, in the contract's form.
    y : ndarray of shape (n_rows,)
    classes : ndarray or None
    metric : Metric
        Whose loss is told.
    """
    rng = np.random.default_rng(seed)
    if frame.height > MOST_ROWS:
        rows = np.sort(rng.choice(frame.height, MOST_ROWS, replace=False))
        frame, y = frame[rows], y[rows]
    n, names = frame.height, frame.columns[:MOST_COLUMNS]
    whole = metric.score(y, model.says(frame, classes)).value
    if whole is None or n < 2:
        return []
    n_shuffles = int(np.clip(MOST_ANSWERS // (n * len(names)), FEWEST_SHUFFLES, MOST_SHUFFLES))
    orders = [rng.permutation(n) for _ in range(n_shuffles)]
    stacked = pl.concat([frame] * n_shuffles)
    found = []
    for name in names:
        column = pl.concat([frame[name][order] for order in orders])
        said = model.says(stacked.with_columns(column), classes)
        losses = [
            metric.oriented(whole) - metric.oriented(metric.score(y, _part(said, i * n, n)).value)
            for i in range(n_shuffles)
        ]
        found.append(_lost(name, np.array(losses)))
    return [lost for lost in found if math.isfinite(lost.mean)]


def _part(said, first: int, n: int):
    p = said.probabilities
    rows = slice(first, first + n)
    return said._replace(values=said.values[rows], probabilities=None if p is None else p[rows])


def _lost(name: str, losses: np.ndarray) -> Lost:
    """Return mean and interval over the shuffles, by Student's t."""
    from scipy.stats import t

    mean = float(losses.mean())
    half = float(t.ppf(0.975, len(losses) - 1) * losses.std(ddof=1) / math.sqrt(len(losses)))
    return Lost(name, mean, mean - half, mean + half)


def moved(
    model: Fitted, frame: pl.DataFrame, contract: Contract, name: str, classes, label=None, *, seed: int = 0
) -> Moved | None:
    """Return the answers as one column moves over its values, all else as it is; None for a column of one value.

    Parameters
    ----------
    model : Fitted
    frame : polars.DataFrame
    contract : Contract
    name : str
        The column: numbers, truth values or levels.
    classes : ndarray or None
    label : optional
        The label whose probability is told.
    """
    column = contract.by_name[name]
    grid = _grid(column, frame[name])
    if len(grid) < 2:
        return None
    rows = frame
    if frame.height > GRID_ROWS:
        rows = frame[np.sort(np.random.default_rng(seed).choice(frame.height, GRID_ROWS, replace=False))]
    n = rows.height
    values = pl.Series(name, grid, dtype=frame.schema[name])
    stacked = pl.concat([rows] * len(grid)).with_columns(values[np.repeat(np.arange(len(grid)), n)])
    said = model.says(stacked, classes)
    if classes is None:
        answers = said.values
    elif said.probabilities is None:
        answers = said.values == label
    else:
        answers = said.probabilities[:, list(classes).index(label)]
    spread = frame[name].drop_nulls().cast(pl.Float64).to_numpy() if column.kind in NUMERIC else None
    return Moved(name, grid, np.asarray(answers, dtype=float).reshape(len(grid), n).T, spread)


def _grid(column: Column, values: pl.Series) -> list:
    """Return values to try: numbers evenly spaced between the 1 % and 99 % quantile and in rank, or the usual levels."""
    present = values.drop_nulls()
    if column.kind not in NUMERIC:
        if column.kind not in ("category", "boolean"):
            return []
        counted = present.alias("level").value_counts(name="n").sort(["n", "level"], descending=[True, False])
        return counted["level"].head(GRID_LEVELS).to_list()
    unique = present.unique().sort()
    if len(unique) <= GRID:
        return unique.to_list()
    number = present.cast(pl.Float64).to_numpy()
    low, high = np.quantile(number, [0.01, 0.99])
    even = np.linspace(low, high, GRID // 2)
    ranked = np.quantile(number, np.linspace(0.01, 0.99, GRID // 2))
    grid = np.unique(np.concatenate([even, ranked]))
    return np.unique(np.round(grid)).astype(int).tolist() if values.dtype.is_integer() else grid.tolist()
