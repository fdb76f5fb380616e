"""Explain a table with a bundle: for each row the strongest reasons in words, and every column's contribution.

A row with a cell that cannot be read has no explanation, as it has no prediction. Contributions add up:
``base + sum of contributions = score``, in the unit that is stated (see ``judge.explain``). As with predictions, the
input's own columns pass through, and every record of a file appears in the output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from groundup.errors import UsageError, nearest
from groundup.judge.explain import Contributions, Explanation, Importance
from groundup.judge.explain.reasons import output_of, reasons
from groundup.judge.metrics import Metric, metric
from groundup.judge.scoring import Scoring
from groundup.ship.bundle import Model
from groundup.ship.bundle.answers import Answers
from groundup.tables.contract.column import as_level
from groundup.text.escaping import value_text
from groundup.text.numbers import format_count, format_number
from groundup.workbench.display.explanation import explanation_html, explanation_text
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.finalize import fit
from groundup.workbench.steps.importance import column_importance
from groundup.workbench.use.predict import (
    PREDICTION,
    PROBABILITY,
    PROBLEM,
    add_columns,
    answer_columns,
    answer_table,
    load_with_input,
    rejects_of,
)
from groundup.workbench.use.prediction_input import PredictionInput

EXPLAINED, SCORE, BASE, REASONS, CONTRIBUTION = "explained", "score", "base", "reasons", "contribution_"
PARTS = ("valid", "train")


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
    """Explanations of a model's predictions for a table; prints as a short text, and is displayed in a notebook.

    Attributes
    ----------
    frame : polars.DataFrame
        Per row: the input's columns, the prediction and its probabilities, ``explained`` (the class that is explained;
        none for a value), ``base``, ``score``, ``reasons`` in words, ``contribution_<column>`` of every column, and
        ``problem``. An input column of one of these names gets an underscore.
    unit : str
        Of base, score and contributions: log-odds, score, value, log (of the value) or probability.
    method, note : str
        How the contributions were computed.
    n_failed : int
        Rows without an explanation, including records of the file that could not be read as rows.
    labels : tuple of str
        The model's labels, where they are text.
    """

    frame: pl.DataFrame
    unit: str
    method: str
    note: str
    n_failed: int
    labels: tuple[str, ...]
    _answers: pl.DataFrame
    _contributions: Contributions
    _model: Model
    _rows: pl.DataFrame

    def row(self, number: int, top: int = 3) -> Explanation:
        """Return the explanation of one row of the table, counted from 1.

        Raises
        ------
        UsageError
            If there is no such row, or it has no explanation.
        """
        if not 1 <= number <= self._answers.height:
            raise UsageError(f"There is no row {number}: the table has {format_count(self._answers.height)}.")
        values = self._rows.row(number - 1, named=True)
        if self._answers[SCORE][number - 1] is None:
            raise UsageError(f"This row has no explanation: {self._answers[PROBLEM][number - 1]}.")
        return reasons(self._model.explainer, self._contributions, number - 1, values, top=top)

    def __str__(self) -> str:

        return explanation_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:

        return explanation_html(self)

    def lines(self, most: int) -> list[tuple[int, str, list[str]]]:
        """Return number, prediction and reasons of the first `most` rows; without a prediction, the problem."""
        lines = []
        for number in range(1, min(most, self._answers.height) + 1):
            prediction, problem = (self._answers[name][number - 1] for name in (PREDICTION, PROBLEM))
            if self._answers[SCORE][number - 1] is None:
                lines.append((number, "no prediction", [str(problem)]))
                continue
            words = [reason.words for reason in self.row(number).reasons] or ["no column has an effect"]
            lines.append((number, self.format_prediction(prediction), words))
        return lines

    def format_prediction(self, prediction) -> str:
        """Return a prediction in words: a value in about four digits, a segment as such."""
        if self.task == "clustering":
            return f"segment {prediction}"
        return format_number(prediction) if isinstance(prediction, float) else value_text(prediction)

    @property
    def task(self) -> str:
        """What the model does: binary, multiclass, regression, clustering."""
        return self._model.target.task

    def problem(self, number: int) -> str:
        """Return the problems of the cells of one row of the table, counted from 1; "" for none."""
        return self._answers[PROBLEM][number - 1] or ""

    def predicted(self, number: int) -> dict[str, Any]:
        """Return the prediction for one row of the table, counted from 1, and its probabilities."""
        names = (n for n in self._answers.columns if n == PREDICTION or n.startswith(PROBABILITY))
        return {name: self._answers[name][number - 1] for name in names}


def explain(
    bundle: str | Path,
    data,
    *,
    label=None,
    typed: bool = True,
    keep: bool = True,
    read: Mapping[str, Any] | None = None,
) -> Explained:
    """Return the explanations of a bundle's predictions for `data`.

    Parameters
    ----------
    bundle : path
        A bundle, or a project's folder.
    data : path, frame, mapping of columns, list of rows; or one row, a mapping from column to value
    label : optional
        The class to explain, in its own type or as text; by default the positive one of two, or each row's likeliest of
        more.
    typed, keep, read
        As in ``predict``.

    Raises
    ------
    CheckFailed
        If columns are missing, or the bundle is damaged.
    UsageError
        If the model has no such label, or cannot be explained.
    """
    model, given = load_with_input(bundle, data, typed=typed, read=read)
    return _explain(model, given, label, keep=keep)


def explain_one(
    bundle: str | Path, data, number: int = 1, *, label=None, read: Mapping[str, Any] | None = None
) -> Explained:
    """Return the explanation of row `number` of `data`, counted from 1, as a table of one row; see `explain`.

    Raises
    ------
    UsageError
        If there is no such row; else as `explain`.
    """
    model, given = load_with_input(bundle, data, read=read)
    if not 1 <= number <= given.table.n_rows:
        raise UsageError(f"There is no row {number}: the table has {format_count(given.table.n_rows)}.")
    at = slice(number - 1, number)
    table = replace(given.table, frame=given.table.frame[at], rejects=())
    return _explain(model, PredictionInput(table, given.frame[at]), label)


def _explain(model: Model, given: PredictionInput, label, *, keep: bool = True) -> Explained:
    answers = answer_table(model, given.table)
    assert answers.checked is not None
    rows = answers.checked.frame
    found = model.explainer.contributions(rows)
    if label is not None:
        found = found.of(_label_named(found.known, label))
    columns = _columns(model, answers, rows, found)
    return Explained(
        add_columns(given, columns, keep=keep),
        found.unit,
        found.method,
        found.note,
        n_failed=int(answers.refused.sum()) + len(rejects_of(given)),
        labels=tuple(v for v in found.known if isinstance(v, str)),
        _answers=pl.DataFrame(columns),
        _contributions=found,
        _model=model,
        _rows=rows,
    )


def importance(
    project, by: str | None = None, *, part: str = "valid", repeats: int | None = None
) -> Importance:
    """Return how much worse a project's model is without each column: see ``Project.importance``.

    Raises
    ------
    UsageError
        If `part` is test, or unknown.
    """
    if part not in PARTS:
        raise UsageError(
            f"Column importance is computed on the part valid or train, not on {part!r}.",
            hint="The test set is used once in a run, to evaluate the model; choices based on it would bias that score.",
        )
    problem, best = project.problem, project.result.best
    if problem.task == "clustering":
        raise UsageError("Segments have no target, and column importance needs one.")
    entry = project.learner(best.learner)
    model = fit(problem, Candidate(entry, best.params), problem.split.train, best.params)
    scoring, rule = problem.scoring, project.result.decision
    if rule is not None and rule.threshold is not None:
        scoring = scoring.with_threshold(rule.threshold)
    decided = replace(problem, scoring=scoring)
    by_metric = _metric_of(scoring, by or best.metric, problem.task)
    return column_importance(decided, model, by_metric, part=part, repeats=repeats)


def _metric_of(scoring: Scoring, name: str, task: str) -> Metric:
    """Return the metric called `name`: one of the run's, which may be a function, or any other of the task."""
    return next((m for m in scoring.metrics if m.name == name), None) or metric(name, task)


def _label_named(labels: tuple, label):
    """Return the label that `label` names, in its own type or as text."""
    if label in labels:
        return label

    named = {as_level(one): one for one in labels}
    if str(label) not in named:
        raise UsageError(
            f"The model has no label {label!r}.{nearest(str(label), named)}",
            hint=f"Its labels are: {', '.join(named)}."
            if named
            else "It predicts a value, which has no labels.",
        )
    return named[str(label)]


def _columns(model: Model, answers: Answers, rows: pl.DataFrame, found: Contributions) -> list[pl.Series]:
    """Return the columns of answers and explanations, the last one the problems."""
    refused = answers.refused
    outputs = np.array([output_of(found, i) for i in range(len(refused))], dtype=np.int64)
    each = np.arange(len(refused))
    base = np.broadcast_to(found.base, found.scores.shape)[each, outputs]
    words: list[str | None] = []
    for i, values in enumerate(rows.iter_rows(named=True)):
        if refused[i]:
            words.append(None)
            continue
        words.append("; ".join(reason.words for reason in reasons(model.explainer, found, i, values).reasons))
    *columns, problems = answer_columns(model, answers)
    n_answers = len(columns)
    if found.labels:
        columns.append(pl.Series(EXPLAINED, [found.labels[k] for k in outputs], strict=False))
    columns += [pl.Series(BASE, base), pl.Series(SCORE, found.scores[each, outputs])]
    columns.append(pl.Series(REASONS, words, dtype=pl.String))
    columns += [
        pl.Series(f"{CONTRIBUTION}{name}", found.values[each, j, outputs])
        for j, name in enumerate(found.columns)
    ]
    if refused.any():  # the columns of answers are empty there already
        columns[n_answers:] = [column.set(pl.Series(refused), None) for column in columns[n_answers:]]
    return [*columns, problems]
