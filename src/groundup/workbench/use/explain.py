"""Explain a table with a bundle: for each row the strongest reasons in words, and every column's contribution.

A row with a cell that cannot be read has no explanation, as it has no prediction; the rest is explained. Contributions
add up: ``base + sum of contributions = score``, in the unit that is told (see ``judge.explain``). As with predictions,
the input's own columns pass through, and no record of a file is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from groundup.errors import UsageError
from groundup.text.numbers import format_number
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.use.predict import (
    PREDICTION,
    PROBABILITY,
    PROBLEM,
    answers_of,
    asked,
    beside,
    lost_of,
)
from groundup.workbench.use.prediction_input import Given

if TYPE_CHECKING:
    from groundup.judge.explain import Contributions, Explanation, Importance
    from groundup.ship.bundle import Model
    from groundup.tables import Conformed

EXPLAINED, SCORE, BASE, REASONS, CONTRIBUTION = "explained", "score", "base", "reasons", "contribution_"
PARTS = ("valid", "train")


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
    """Why a model said what it said about the rows of a table; it prints as a short text, and shows itself in a notebook.

    Attributes
    ----------
    frame : polars.DataFrame
        Per row: the input's columns as they came, the prediction and its probabilities, ``explained`` (the class that is
        spoken for; none for a value), ``base``, ``score``, ``reasons`` in words, ``contribution_<column>`` of every
        column, and ``problem``. An input column of one of these names gets an underscore.
    unit : str
        Of base, score and contributions: log-odds, score, value, log (of the value) or probability.
    method, note : str
        How they were found.
    n_failed : int
        Rows without an explanation, records of the file that are no rows among them.
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
    _found: Contributions
    _model: Model
    _conformed: Conformed

    def row(self, number: int, top: int = 3) -> Explanation:
        """Return the explanation of one row of the table, counted from 1.

        Raises
        ------
        UsageError
            If there is no such row, or it has no explanation.
        """
        from groundup.judge.explain.reasons import reasons

        if not 1 <= number <= self._answers.height:
            raise UsageError(f"There is no row {number}: the table has {self._answers.height:,}.")
        values = self._conformed.frame.row(number - 1, named=True)
        if self._answers[SCORE][number - 1] is None:
            raise UsageError(f"This row has no explanation: {self._answers[PROBLEM][number - 1]}.")
        return reasons(self._model.explainer, self._found, number - 1, values, top=top)

    def __str__(self) -> str:
        from groundup.workbench.display.explanation import explanation_text

        return explanation_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from groundup.workbench.display.explanation import explanation_html

        return explanation_html(self)

    def lines(self, most: int) -> list[tuple[int, str, list[str]]]:
        """Return number, answer and reasons of the first `most` rows; without an answer, the problem."""
        found = []
        for number in range(1, min(most, self._answers.height) + 1):
            said, why = (self._answers[name][number - 1] for name in (PREDICTION, PROBLEM))
            if self._answers[SCORE][number - 1] is None:
                found.append((number, "no answer", [str(why)]))
                continue
            words = [reason.words for reason in self.row(number).reasons] or ["no column moved it"]
            found.append((number, self.spoken(said), words))
        return found

    def spoken(self, said) -> str:
        """Return an answer in words: a value in about four digits, a segment as such."""
        if self.task == "clustering":
            return f"segment {said}"
        return format_number(said) if isinstance(said, float) else str(said)

    @property
    def task(self) -> str:
        """What the model does: binary, multiclass, regression, clustering."""
        return self._model.target.task

    def problem(self, number: int) -> str:
        """Return what is to be said about the cells of one row of the table, counted from 1; "" for nothing."""
        return self._answers[PROBLEM][number - 1] or ""

    def said(self, number: int) -> dict[str, Any]:
        """Return what the model said about one row of the table: the prediction, and its probabilities."""
        told = (n for n in self._answers.columns if n == PREDICTION or n.startswith(PROBABILITY))
        return {name: self._answers[name][number - 1] for name in told}


def explain(
    bundle: str | Path,
    data,
    *,
    label=None,
    typed: bool = True,
    keep: bool = True,
    read: Mapping[str, Any] | None = None,
) -> Explained:
    """Return the explanations of a bundle's answers to `data`.

    Parameters
    ----------
    bundle : path
        A bundle, or a project's folder.
    data : path, frame, mapping of columns, list of rows; or one row, a mapping from column to value
    label : optional
        The class to speak for, in its own type or as text; where None that of two which is the positive one, or each
        row's likeliest of more.
    typed, keep, read
        As in ``predict``.

    Raises
    ------
    CheckFailed
        If columns are missing, or the bundle is damaged.
    UsageError
        If the model has no such label, or cannot be explained.
    """
    model, given = asked(bundle, data, typed=typed, read=read)
    return _explained(model, given, label, keep=keep)


def explain_one(
    bundle: str | Path, data, number: int = 1, *, label=None, read: Mapping[str, Any] | None = None
) -> Explained:
    """Return the explanation of row `number` of `data`, counted from 1, as a table of this row alone; see `explain`.

    Raises
    ------
    UsageError
        If there is no such row; else as `explain`.
    """
    model, given = asked(bundle, data, read=read)
    if not 1 <= number <= given.table.n_rows:
        raise UsageError(f"There is no row {number}: the table has {given.table.n_rows:,}.")
    at = slice(number - 1, number)
    table = replace(given.table, frame=given.table.frame[at], rejects=())
    return _explained(model, Given(table, given.frame[at]), label)


def _explained(model: Model, given: Given, label, *, keep: bool = True) -> Explained:
    conformed = model.contract.conform(given.table)
    found = model.explainer.contributions(conformed.frame)
    if label is not None:
        found = found.of(_known(found.known, label))
    columns, n_bad = _columns(model, conformed, found)
    texts = tuple(v for v in found.known if isinstance(v, str))
    n_failed = n_bad + len(lost_of(given))
    frame, answers = beside(given, columns, keep=keep), pl.DataFrame(columns)
    return Explained(
        frame, found.unit, found.method, found.note, n_failed, texts, answers, found, model, conformed
    )


def importance(project, by: str | None = None, *, part: str = "valid", repeats: int = 5) -> Importance:
    """Return how much worse a project's model is without each column: see ``Project.importance``.

    Raises
    ------
    UsageError
        If the rows of test are asked for, or those of no part.
    """
    from sklearn.pipeline import Pipeline

    from groundup.judge.explain import permutation_importance
    from groundup.workbench.steps.finalize import fit
    from groundup.workbench.steps.learners import learners_of

    if part not in PARTS:
        raise UsageError(
            f"The importance of columns is found on valid or train, not on {part!r}.",
            hint="Test is opened once in a run, to judge the model: what is chosen by it, it can no longer judge.",
        )
    problem, best = project.problem, project.result.best
    if problem.task == "clustering":
        raise UsageError("Segments have no score on valid to lose: importance is for a target.")
    (entry,) = learners_of(problem.task, [best.learner]).entries
    model = fit(problem, Candidate(entry, best.params), problem.split.train, best.params)
    frame, y = problem.rows(getattr(problem.split, part))
    return permutation_importance(
        Pipeline([("prepare", model.preparer), ("learn", model.learner)]),
        frame,
        y,
        by or best.metric,
        classes=problem.classes,
        repeats=repeats,
        seed=problem.seed,
        part=part,
    )


def _known(labels: tuple, label):
    """Return the label that is meant, given in its own type or as text."""
    if label in labels:
        return label
    from groundup.errors import nearest
    from groundup.tables.contract.column import as_level

    named = {as_level(one): one for one in labels}
    if str(label) not in named:
        raise UsageError(
            f"The model does not explain a label {label!r}.{nearest(str(label), named)}",
            hint=f"It explains: {', '.join(named)}."
            if named
            else "It predicts a value, which has no labels.",
        )
    return named[str(label)]


def _columns(model: Model, conformed: Conformed, found: Contributions) -> tuple[list[pl.Series], int]:
    """Return the columns of answers and explanations, the last one says the problems; and how many rows have none."""
    from groundup.judge.explain.reasons import output_of, reasons

    answers, bad = answers_of(model, conformed)
    n_rows = len(bad)
    outputs = np.array([output_of(found, i) for i in range(n_rows)], dtype=np.int64)
    each = np.arange(n_rows)
    base = np.broadcast_to(found.base, found.scores.shape)[each, outputs]
    said: list[str | None] = []
    for i, values in enumerate(conformed.frame.iter_rows(named=True)):
        if bad[i]:
            said.append(None)
            continue
        told = reasons(model.explainer, found, i, values)
        said.append("; ".join(reason.words for reason in told.reasons))
    columns = answers[:-1]
    if found.labels:
        columns.append(pl.Series(EXPLAINED, [found.labels[k] for k in outputs], strict=False))
    columns += [pl.Series(BASE, base), pl.Series(SCORE, found.scores[each, outputs])]
    columns.append(pl.Series(REASONS, said, dtype=pl.String))
    columns += [
        pl.Series(f"{CONTRIBUTION}{name}", found.values[each, j, outputs])
        for j, name in enumerate(found.columns)
    ]
    if bad.any():
        n_answers = len(answers) - 1  # these are empty already
        columns[n_answers:] = [column.set(pl.Series(bad), None) for column in columns[n_answers:]]
    return [*columns, answers[-1]], int(bad.sum())
