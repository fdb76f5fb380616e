"""Examine: what a report shows beyond the result, taken while the model and the rows are at hand.

Curves are those of test, which was opened for the scores: the same look. What a reader could act on (worst rows, what
the model relies on) is taken from valid by the recipe fitted on train, so that test stays out of every decision.
Whatever cannot be examined is left out, with the reason: an examination never fails a run, and nothing of it is in the
bundle.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from groundup import charts
from groundup.charts import Chart
from groundup.judge.explain import Subject, partial_dependence, permutation_importance
from groundup.judge.metrics import metrics_of
from groundup.judge.uncertainty import interval
from groundup.tables import Table
from groundup.text.escaping import printable
from groundup.workbench.record import Examination, Importance, WorstRow
from groundup.workbench.result import Result
from groundup.workbench.run.checkpoints import Fitted
from groundup.workbench.steps.candidate import told_error
from groundup.workbench.steps.finalize import Final
from groundup.workbench.steps.learners import OURS
from groundup.workbench.steps.problem import Problem

PARTS = ("train", "valid", "test")
MOST_DEPENDENCES = 6
MOST_WRONG = 10
MOST_CELLS = 4
MOST_COLUMNS, FEW_COLUMNS = 200, 60
MOST_ROWS, FEW_ROWS, GRID_ROWS = 2_000, 500, 200
SHUFFLES = 3
PACKAGES = ("groundup", "numpy", "numba", "scikit-learn", "polars")


def examine(problem: Problem, final: Final, result: Result, table: Table) -> Examination:
    """Return what a report shows beyond the result of a run with a target.

    Parameters
    ----------
    problem : Problem
    final : Final
    result : Result
    table : Table
        As it was read: its identifiers name the worst rows.
    """
    import sklearn

    out = _Examiner(problem, final, result, table)
    # Scores are asked hundreds of times of rows that were checked long ago: half of the time would go into checks.
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        out.intervals()
        out.worst()
        out.reliance()
    out.draw("target", out.target)
    if problem.classes is None:
        out.draw("residuals", out.residuals)
    else:
        out.draw("confusion", out.confusion)
        for name in ("roc", "precision_recall", "calibration"):
            out.draw(name, getattr(out, name))
    out.draw("learning_curve", out.learning_curve)
    return out.found


def examine_segments(problem: Problem, model: Fitted, result: Result) -> Examination:
    """Return what a report shows beyond the result of a run without a target."""
    from groundup.workbench.steps.segment_charts import segment_map

    out = _Examiner(problem, None, result, None)
    out.draw("map", lambda: segment_map(problem, model, result))
    return out.found


class _Examiner:
    """Collects what is found; see `examine`."""

    def __init__(self, problem: Problem, final: Final | None, result: Result, table: Table | None):
        self.problem, self.final, self.result, self.table = problem, final, result, table
        versions = {name: version(name) for name in PACKAGES}
        self.found = Examination(
            versions={"Python": platform.python_version(), **versions, "machine": platform.platform()}
        )

    def draw(self, name: str, make: Callable[[], Chart | None]) -> None:
        """Keep the picture that `make` returns, or the reason why there is none."""
        with self._attempt(name.replace("_", " ")):
            chart = make()
            if chart is not None:
                self.found.figures[name] = chart.to_object()

    @contextmanager
    def _attempt(self, what: str):
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a report that lacks a picture is better than a run that fails)
            self.found.omitted.append(f"{what}: {told_error(error)}")

    def _truth(self, part: str) -> np.ndarray:
        return self.problem.y[getattr(self.problem.split, part)]

    @property
    def _final(self) -> Final:
        assert self.final is not None
        return self.final

    # ------------------------------------------------------------------ the target, the scores

    def target(self) -> Chart:
        """Draw how the target is distributed over the rows that were learnt from and tested."""
        contract = self.problem.contract
        name = contract.target or ""
        if self.problem.classes is not None:
            return charts.category_distribution(
                [(level.value, level.count) for level in contract.labels], name=name
            )
        unit = contract.by_name[name].unit or ""
        return charts.numeric_distribution(
            np.concatenate([self._truth(part) for part in PARTS]), name=name, unit=unit
        )

    def intervals(self) -> None:
        """Find the interval of every score on every part."""
        with self._attempt("intervals"):
            for part in PARTS:
                truth, said = self._truth(part), self._final.said[part]
                of_part = {m.name: interval(m, truth, said) for m in metrics_of(self.problem.task)}
                self.found.intervals[part] = {
                    name: (v.low, v.high) for name, v in of_part.items() if v is not None
                }

    # ------------------------------------------------------------------ curves of test

    def _codes(self, part: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the truth as positions among the classes, and what was said of each class."""
        return np.searchsorted(self.problem.classes, self._truth(part)), self._final.said[part].probabilities

    def confusion(self) -> Chart | None:
        """Draw which labels of test are taken for which."""
        found = self.result.confusion
        if found is None:
            return None
        return charts.confusion_matrix(found["counts"], found["labels"], title="Mistakes on test")

    def roc(self) -> Chart | None:
        """Draw the ROC curve of test."""
        return self._ranked(charts.roc)

    def precision_recall(self) -> Chart | None:
        """Draw precision over recall of test."""
        return self._ranked(charts.precision_recall)

    def _ranked(self, make: Callable[..., Chart]) -> Chart | None:
        codes, p = self._codes("test")
        if p is None:
            return None
        labels, classes = list(self.problem.classes), np.unique(codes)
        if len(labels) == 2:
            if len(classes) < 2:
                raise ValueError("test holds one class only")
            more: dict[str, Any] = {"threshold": 0.5} if make is charts.roc else {}
            return make(codes, p[:, 1], labels=labels, **more)
        if len(classes) < len(labels):
            raise ValueError("test does not hold every class")
        return make(codes, p, labels=labels)

    def calibration(self) -> Chart | None:
        """Draw how far the probabilities said on test can be taken at their word."""
        codes, p = self._codes("test")
        if p is None:
            return None
        if p.shape[1] == 2:
            return charts.calibration(codes == 1, p[:, 1], label=str(self.problem.classes[-1]))
        return charts.calibration(p.argmax(axis=1) == codes, p.max(axis=1), label="the label that was said")

    def residuals(self) -> Chart:
        """Draw what the predictions of test miss."""
        name = self.problem.contract.target or ""
        unit = self.problem.contract.by_name[name].unit or ""
        return charts.residuals(self._truth("test"), self._final.said["test"].values, target=name, unit=unit)

    def learning_curve(self) -> Chart | None:
        """Draw the course of the fit that valid stopped."""
        paths = self._final.candidate.paths
        if "valid" not in paths or len(paths["valid"]) < 3:
            return None
        series = {f"{part} (unseen)" if part == "valid" else part: v[1:] for part, v in paths.items()}
        is_loss = all(max(v) <= 0 for v in series.values())
        named = "loss" if is_loss else "score"
        if is_loss:
            series = {name: [-v for v in values] for name, values in series.items()}
        if (
            is_loss and self._final.candidate.entry.name in OURS
        ):  # their losses: the log loss, half of the MSE
            named = "log_loss"
            if self.problem.classes is None:
                named, series = "rmse", {k: [math.sqrt(2 * v) for v in vs] for k, vs in series.items()}
        kept = int(self._final.model.params.get("max_iter") or 0)
        n = len(paths["valid"]) - 1
        return charts.learning_curve(
            series,
            metric=named,
            best=kept if 1 <= kept <= n else None,
            greater_is_better=not is_loss,
        )

    # ------------------------------------------------------------------ what valid shows

    def worst(self) -> None:
        """List the rows of valid that the recipe got wrong most."""
        with self._attempt("worst rows"):
            rows, said = self.problem.split.valid, self._final.said["valid"]
            if self.problem.classes is None:
                by = np.asarray(said.values, dtype=float) - self._truth("valid")
                order = np.argsort(-np.abs(by), kind="stable")[:MOST_WRONG]
            else:
                codes, p = self._codes("valid")
                if p is None:
                    return
                by = p[np.arange(len(codes)), codes]
                order = np.argsort(by, kind="stable")[:MOST_WRONG]
                order = order[np.asarray(said.values)[order] != self._truth("valid")[order]]
            self.found.worst_rows += [
                self._wrong(int(rows[i]), i, said.values[i], float(by[i])) for i in order
            ]

    def _wrong(self, row: int, i: int, said, by: float) -> WorstRow:
        plain = lambda v: v.item() if isinstance(v, np.generic) else v  # noqa: E731
        return WorstRow(
            row=row + 1,
            actual=plain(self._truth("valid")[i]),
            predicted=plain(said),
            error=by,
            cells=self._named(row),
        )

    def _named(self, row: int) -> dict[str, str | None]:
        """Return the cells that name a row: its identifiers."""
        if self.table is None:
            return {}
        columns = [c.name for c in self.problem.contract.columns if c.kind == "identifier"][:1]
        return {name: _text(self.table.frame[name][row]) for name in columns}

    def reliance(self) -> None:
        """Find what the model relies on, how its answer moves with it, and add these cells to the worst rows."""
        problem, final = self.problem, self._final
        frame, y = problem.rows(problem.split.valid)
        names = frame.columns[:MOST_COLUMNS]
        with self._attempt("importance"):
            found = permutation_importance(
                Subject(_pipeline(final.taught)),
                frame,
                y,
                self.result.best.metric,
                classes=problem.classes,
                columns=names,
                repeats=SHUFFLES if len(names) <= FEW_COLUMNS else 2,
                max_rows=MOST_ROWS if len(names) <= FEW_COLUMNS else FEW_ROWS,
                seed=problem.seed,
                part="valid",
            )
            kept = ("column", "mean", "low", "high")
            self.found.importance += [Importance(**{k: one[k] for k in kept}) for one in found.ranked()]
            title = f"{found.metric} lost when a column is shuffled"
            self.draw("importance", lambda: replace(found.chart(), title=title))
        if len(frame.columns) > len(names):
            self.found.omitted.append(
                f"importance: only of the first {len(names)} of {len(frame.columns)} columns"
            )
        top = [one.column for one in self.found.importance]
        model = Subject(_pipeline(final.model))
        for i, one in enumerate(self.found.importance[:MOST_DEPENDENCES]):
            if one.mean > 0:
                self.draw(f"dependence_{i + 1}", lambda name=one.column: self._dependence(model, frame, name))
        for wrong in self.found.worst_rows:
            wrong.cells.update({name: _text(problem.frame[name][wrong.row - 1]) for name in top[:MOST_CELLS]})

    def _dependence(self, model: Subject, frame: pl.DataFrame, name: str) -> Chart:
        found = partial_dependence(model, frame, name, contract=self.problem.contract, max_rows=GRID_ROWS)
        return replace(found.chart(), title=f"By {printable(found.column)}")


def _pipeline(model: Fitted):
    from sklearn.pipeline import Pipeline

    return Pipeline([("prepare", model.preparer), ("learn", model.learner)])


def _text(value) -> str | None:
    """Return a cell as text."""
    if value is None:
        return None
    return f"{value:.6g}" if isinstance(value, float) else str(value)
