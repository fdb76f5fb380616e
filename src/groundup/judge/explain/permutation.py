r"""Permutation importance: the loss of score when one column is shuffled, with a confidence interval.

    importance of a column = score of the rows - mean score of the rows with that column shuffled

with the sign that makes greater scores better. The interval includes two sources of variation:

- the random shuffles: the variance over `repeats` shuffles, divided by their number;
- the sample of rows: the delete-a-group jackknife, that is the variance of the importance over ten groups of rows of
  which each is left out once, times 9/10 of their number. It works with every metric.

The interval is Student's t with 9 degrees of freedom. A column is shuffled before it is prepared (in the matrix, all of
its parts together, which is the same). Correlated columns share their importance: each alone may seem dispensable.

Cost: n_columns x repeats predictions of all rows, and 11 times as many scores; at most `max_rows` rows, evenly spaced.

Source: L. Breiman, Random forests (2001), section 10; A. Fisher et al., All models are wrong, but many are useful (2019);
B. Efron, C. Stein, The jackknife estimate of variance (1981).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.errors import GroundupError, UsageError
from groundup.judge.explain.subject import Subject
from groundup.judge.metrics import Metric, Predicted, metric
from groundup.judge.scoring import Scoring
from groundup.tables.splitting import PART_NAMES
from groundup.text.escaping import printable
from groundup.text.notebook import facts, grid, titled
from groundup.text.numbers import format_number, format_percent, pluralize

GROUPS = 10
MAX_ROWS = 5000
_MOST_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Importance:
    """The importance of each column to a model; prints as a short text, and is displayed in a notebook.

    Attributes
    ----------
    columns : tuple of str
        In the model's order.
    mean, low, high : ndarray of shape (n_columns,)
        Mean loss of the score when the column is shuffled, and its interval; above 0, the column helps.
    metric : str
    score : float
        Without shuffling.
    confidence : float
        Of the interval.
    n_rows, repeats, seed : int
    part : str
        The part of the rows.
    """

    columns: tuple[str, ...]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    metric: str
    score: float
    confidence: float
    n_rows: int
    repeats: int
    seed: int
    part: str = ""

    def ranked(self) -> list[dict[str, Any]]:
        """Return a row for each column, the most important first: column, mean, low, high, clear (of zero)."""
        return [
            {
                "column": self.columns[j],
                "mean": float(self.mean[j]),
                "low": float(self.low[j]),
                "high": float(self.high[j]),
                "clear": bool(self.low[j] > 0 or self.high[j] < 0),
            }
            for j in np.argsort(-self.mean, kind="stable")
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        names = ("metric", "score", "confidence", "n_rows", "repeats", "seed", "part")
        return {**{name: getattr(self, name) for name in names}, "columns": self.ranked()}

    def chart(self, top: int = 20):
        """Return the chart of the `top` columns."""
        from groundup.charts import importance

        return importance(list(self.columns), self.mean, self.low, self.high, metric=self.metric, top=top)

    def __str__(self) -> str:
        lines = self._lines()
        wide, number = (max((len(line[i]) for line in lines), default=0) for i in (0, 1))
        rows = [f"  {name:<{wide}}  {mean:>{number}}  {span}" for name, mean, span in lines]
        return "\n".join([f"{self._title()}, with its {self._interval()}", *rows, *self._more()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads = [("column", False), ("loss if shuffled", True), (self._interval(), True)]
        more = facts(("", line.strip()) for line in self._more())
        return titled(
            self._title(), grid(heads, self._lines()) + more + self.chart(_MOST_SHOWN)._repr_html_()
        )

    def _interval(self) -> str:
        return f"{format_percent(self.confidence, 0)} interval"

    def _title(self) -> str:
        of = f" of the {PART_NAMES.get(self.part, self.part)}" if self.part else ""
        title = f"{self.metric} {format_number(self.score)}, loss of score if a column is shuffled"
        return f"Importance on {pluralize(self.n_rows, 'row')}{of}: {title}"

    def _lines(self) -> list[tuple[str, str, str]]:
        """Return name, mean and interval of the columns that are shown."""
        return [
            (
                printable(row["column"]),
                format_number(row["mean"]),
                f"{format_number(row['low'])} to {format_number(row['high'])}",
            )
            for row in self.ranked()[:_MOST_SHOWN]
        ]

    def _more(self) -> list[str]:
        left = len(self.columns) - _MOST_SHOWN
        return [f"  and {pluralize(left, 'column')} more: see ranked()"] if left > 0 else []


def permutation_importance(
    model,
    rows,
    y,
    by: Metric | str,
    *,
    classes=None,
    scoring: Scoring | None = None,
    weight: np.ndarray | None = None,
    columns: Sequence[str] | None = None,
    repeats: int = 5,
    confidence: float = 0.95,
    max_rows: int | None = MAX_ROWS,
    seed: int = 0,
    part: str = "",
) -> Importance:
    """Return the permutation importance of each column.

    Parameters
    ----------
    model : estimator or Subject
        A fitted Pipeline that begins with a TablePreparer, or a learner of numbers.
    rows : frame or array
        In the contract's form; rows that the model was not trained on.
    y : array-like of shape (n_rows,)
        Their labels or values; None for clusters.
    by : Metric or str
        Of the registry.
    classes : ndarray, optional
        All labels, sorted; the learner's by default.
    scoring : Scoring, optional
        Decides the labels and the positive class; the model's own prediction by default.
    weight : ndarray of shape (n_rows,), optional
        How much each row counts.
    columns : sequence of str, optional
        Only these.
    repeats : int
        Shuffles of each column, from the seeds ``seed``, ``seed + 1``, ...
    max_rows : int, optional
        Of more rows only this many, evenly spaced, are used; None: all.
    part : str
        The part of the rows, for the result's title.

    Raises
    ------
    GroundupError
        If the score of the rows is not defined.
    """
    if repeats < 1:
        raise UsageError(f"repeats={repeats}: at least one shuffle is needed.")
    subject = model if isinstance(model, Subject) else Subject(model)
    by = metric(by) if isinstance(by, str) else by
    matrix, y = subject.matrix(rows), None if y is None else np.asarray(y)
    if max_rows is not None and len(matrix) > max_rows:
        kept = np.linspace(0, len(matrix) - 1, max_rows).astype(int)
        matrix, y = matrix[kept], None if y is None else y[kept]
        weight = None if weight is None else weight[kept]
    classes = subject.classes if classes is None else classes

    def predict(rows: np.ndarray) -> Predicted:
        predicted = subject.predicted(rows, classes)
        return predicted._replace(weight=weight) if scoring is None else scoring.apply(predicted, y, weight)

    predicted = predict(matrix)
    first = by.score(y, predicted)
    if first.value is None:
        raise GroundupError(f"Column importance by {by.name} is undefined: {first.reason}.")
    groups = _groups(len(matrix), None if classes is None else y, seed)
    base = np.array([by.oriented(first.value), *_without(by, y, predicted, groups)])
    draws = [np.random.default_rng(seed + r).permutation(len(matrix)) for r in range(repeats)]
    chosen = tuple(subject.columns if columns is None else columns)
    found = np.empty((len(chosen), 3))
    for c, name in enumerate(chosen):
        own = subject.parts[subject.place_of(name)]
        drops = np.empty((repeats, len(base)))
        for r, draw in enumerate(draws):
            shuffled = matrix.copy()
            shuffled[:, own] = matrix[draw, own]
            predicted = predict(shuffled)
            drops[r] = base - [by.oriented(by.score(y, predicted).value), *_without(by, y, predicted, groups)]
        found[c] = _interval(drops, confidence)
    return Importance(
        chosen,
        found[:, 0],
        found[:, 1],
        found[:, 2],
        by.name,
        first.value,
        confidence,
        len(matrix),
        repeats,
        seed,
        part,
    )


def _groups(n_rows: int, labels, seed: int) -> list[np.ndarray]:
    """Split the rows into groups, stratified by label (None: at random); no groups of few rows.

    Groups are not stratified by the values of a regression: similar groups would hide the variation between rows.
    """
    if n_rows < 2 * GROUPS:
        return []
    order = np.random.default_rng(seed).permutation(n_rows)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    return [np.sort(order[g::GROUPS]) for g in range(GROUPS)]


def _without(by: Metric, y, predicted: Predicted, groups: list[np.ndarray]) -> list[float]:
    """Return the score without each group of rows, so that greater is better; NaN where there is none."""
    found = []
    for group in groups:
        kept = np.ones(len(predicted.values), dtype=bool)
        kept[group] = False
        value = by.score(None if y is None else y[kept], predicted.take(kept)).value
        found.append(math.nan if value is None else by.oriented(value))
    return found


def _interval(drops: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Return mean, low and high of drops (repeats, 1 + groups): of all rows, and without each group."""
    from scipy.stats import t

    mean = float(drops[:, 0].mean())
    n = len(drops)
    shuffles = float(drops[:, 0].var(ddof=1)) / n if n > 1 else 0.0
    left_out = drops[:, 1:].mean(axis=0)
    left_out = left_out[np.isfinite(left_out)]
    rows = (len(left_out) - 1) * float(left_out.var()) if len(left_out) > 1 else 0.0
    half = float(t.ppf((1 + confidence) / 2, GROUPS - 1)) * math.sqrt(shuffles + rows)
    return mean, mean - half, mean + half
