"""Examine: what a report shows beyond the result, computed while the model and the rows are in memory.

The curves are those of the test set, from the predictions that were made for the scores, so they are no further look at
it. What a reader could act on (worst rows, importance of columns) comes from the validation set and the model fitted on
the training set alone, so that the test set stays out of every decision. A part that fails is left out with the reason:
an examination never fails a run, and nothing of it is in the bundle.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl
import sklearn

from groundup import charts
from groundup.charts import Chart
from groundup.charts.plane import clusters_map
from groundup.judge.explain import Subject, partial_dependence
from groundup.judge.metrics import Metric
from groundup.judge.uncertainty import interval
from groundup.judge.validation import Folds, PreparedFold, judge_fold
from groundup.tables import Table
from groundup.text.escaping import printable, value_text
from groundup.text.numbers import format_datetime, pluralize
from groundup.workbench.problem import PARTS, Problem
from groundup.workbench.record import Examination, FewerColumns, Importance, WorstRow
from groundup.workbench.result import Result
from groundup.workbench.steps.candidate import Candidate, format_error
from groundup.workbench.steps.checkpoints import Fitted
from groundup.workbench.steps.choose import allowance
from groundup.workbench.steps.comparison import Comparison
from groundup.workbench.steps.finalize import Final
from groundup.workbench.steps.importance import MAX_COLUMNS, column_importance

MAX_DEPENDENCE_CHARTS = 6
MAX_WORST_ROWS = 10
MAX_CELLS = 4  # of a worst row
DEPENDENCE_ROWS, MAP_ROWS = 200, 20_000
# Seconds left from which on importance is computed on fewer rows, and those that a trial may take without a budget.
HURRY_S, TRIAL_S = 10.0, 5.0
PACKAGES = ("groundup", "numpy", "numba", "scikit-learn", "polars")


def examine(
    problem: Problem,
    comparison: Comparison,
    final: Final,
    result: Result,
    table: Table,
    left_s: float = math.inf,
) -> Examination:
    """Return what a report shows beyond the result of a run with a target.

    Parameters
    ----------
    problem : Problem
    comparison : Comparison
    final : Final
    result : Result
    table : Table
        As it was read: its identifiers label the worst rows.
    left_s : float
        Seconds of the time budget that are left: with few, importance is computed on fewer rows.
    """
    out = _Examiner(problem, final, result, table)
    out.end_s = time.monotonic() + left_s
    # Scores are computed hundreds of times for rows that were validated before; validation would take half of the time.
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        out.intervals()
        out.worst_rows()
        out.importance()
    out.try_fewer_columns(comparison)
    out.draw("target", out.target)
    if problem.classes is None:
        out.draw("residuals", out.residuals)
    else:
        out.draw("confusion", out.confusion)
        out.draw("roc", lambda: out.ranking_curve(charts.roc, threshold=out.threshold))
        out.draw("precision_recall", lambda: out.ranking_curve(charts.precision_recall))
        out.draw("threshold", out.threshold_curve)
        out.draw("calibration", out.calibration)
    out.draw("learning_curve", out.learning_curve)
    return out.found


def examine_segments(problem: Problem, model: Fitted, result: Result) -> Examination:
    """Return what a report shows beyond the result of a run without a target."""
    out = _Examiner(problem, None, result, None)
    out.draw("map", lambda: _segment_map(problem, model, result))
    return out.found


def _segment_map(problem: Problem, model: Fitted, result: Result) -> Chart | None:
    """Return the map of the segments on the first two principal components; None if rows differ in one direction only.

    The components are singular vectors of the centred, prepared rows. Cost: one thin SVD of at most ``MAP_ROWS`` rows.
    """
    rows = problem.split.development
    if len(rows) > MAP_ROWS:
        rows = np.sort(np.random.default_rng(problem.seed).choice(rows, MAP_ROWS, replace=False))
    points = np.asarray(model.preparer.transform(problem.frame[rows]), dtype=float)
    numbers = model.learner.predict(points)
    points -= points.mean(axis=0)
    if points.shape[1] < 2:
        return None
    _, size, directions = np.linalg.svd(points, full_matrices=False)
    signs = np.where(directions[:2].sum(axis=1) < 0, -1.0, 1.0)  # an SVD leaves the signs open
    plane = points @ (directions[:2] * signs[:, None]).T
    share = float((size[:2] ** 2).sum() / max((size**2).sum(), 1e-300))
    order = {segment.number: i for i, segment in enumerate(result.segments)}
    group = np.array([order[int(number)] for number in numbers])
    names = [str(segment.number) for segment in result.segments]
    return clusters_map(plane[:, 0], plane[:, 1], group, names, shown_share=share, seed=problem.seed)


class _Examiner:
    """Collect the parts of an examination; see `examine`."""

    def __init__(self, problem: Problem, final: Final | None, result: Result, table: Table | None):
        self.problem, self.final, self.result, self.table = problem, final, result, table
        self.end_s = math.inf
        versions = {name: version(name) for name in PACKAGES}
        self.found = Examination(
            versions={"Python": platform.python_version(), **versions, "machine": platform.platform()}
        )

    def draw(self, name: str, make: Callable[[], Chart | None]) -> None:
        """Add the chart that `make` returns, or the reason why there is none."""
        with self._attempt(name.replace("_", " ")):
            chart = make()
            if chart is not None:
                self.found.figures[name] = chart.to_object()

    @contextmanager
    def _attempt(self, what: str):
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a report without a chart is better than a run that fails)
            self.found.omitted.append(f"{what}: {format_error(error)}")

    @property
    def _final(self) -> Final:
        assert self.final is not None
        return self.final

    # ------------------------------------------------------------------ the target, the scores

    def target(self) -> Chart:
        """Draw the distribution of the target in the training and validation sets."""
        contract = self.problem.contract
        name = contract.target or ""
        if self.problem.classes is not None:
            return charts.category_distribution(
                [(level.value, level.count) for level in contract.labels], name=name
            )
        unit = contract.by_name[name].unit or ""
        return charts.numeric_distribution(self.problem.target("development"), name=name, unit=unit)

    def intervals(self) -> None:
        """Compute the interval of every score on every part."""
        with self._attempt("intervals"):
            for part in PARTS:
                y_true, predicted = self.problem.target(part), self._final.predicted[part]
                of_part = {m.name: interval(m, y_true, predicted) for m in self.problem.scoring.metrics}
                known = {name: v for name, v in of_part.items() if v is not None}
                self.found.intervals[part] = {name: (v.low, v.high) for name, v in known.items()}
                self.found.narrow[part] = [name for name, v in known.items() if v.is_too_narrow]

    def metric(self, name: str) -> Metric:
        """Return one of the metrics of the run."""
        return next(m for m in self.problem.scoring.metrics if m.name == name)

    # ------------------------------------------------------------------ curves of the test set

    def _codes(self, part: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the actual classes as indices, and the probability of each class."""
        codes = np.searchsorted(self.problem.classes, self.problem.target(part))
        return codes, self._final.predicted[part].probabilities

    def confusion(self) -> Chart | None:
        """Draw the confusion matrix of the test set."""
        matrix = self.result.confusion
        if matrix is None:
            return None
        return charts.confusion_matrix(matrix["counts"], matrix["labels"], title="Mistakes on the test set")

    def ranking_curve(self, make: Callable[..., Chart], **binary_options: Any) -> Chart | None:
        """Draw the ROC or the precision-recall curve of the test set."""
        codes, p = self._codes("test")
        if p is None:
            return None
        labels = list(self.problem.classes)
        if len(np.unique(codes)) < len(labels):
            raise ValueError("the test set does not have every class")
        if len(labels) == 2:
            k = self._positive
            return make(codes == k, p[:, k], labels=[labels[1 - k], labels[k]], **binary_options)
        return make(codes, p, labels=labels)

    @property
    def _positive(self) -> int:
        return self.problem.scoring.positive_code

    @property
    def threshold(self) -> float:
        """The probability from which the positive class of two is predicted."""
        decision = self.problem.scoring.decision
        return 0.5 if decision is None or decision.threshold is None else decision.threshold

    def threshold_curve(self) -> Chart | None:
        """Draw precision and recall against the threshold, on the validation set: a reader may choose by it."""
        codes, p = self._codes("valid")
        if p is None or p.shape[1] != 2:
            return None
        k = self._positive
        return charts.threshold_curve(
            codes == k,
            p[:, k],
            threshold=self.threshold,
            label=str(self.problem.classes[k]),
            part="the validation set",
        )

    def calibration(self) -> Chart | None:
        """Draw the calibration of the probabilities on the test set."""
        codes, p = self._codes("test")
        if p is None:
            return None
        if p.shape[1] == 2:
            k = self._positive
            return charts.calibration(codes == k, p[:, k], label=value_text(self.problem.classes[k]))
        return charts.calibration(p.argmax(axis=1) == codes, p.max(axis=1), label="the predicted label")

    def residuals(self) -> Chart:
        """Draw the residuals of the test set."""
        name = self.problem.contract.target or ""
        unit = self.problem.contract.by_name[name].unit or ""
        return charts.residuals(
            self.problem.target("test"), self._final.predicted["test"].values, target=name, unit=unit
        )

    def learning_curve(self) -> Chart | None:
        """Draw the scores after each iteration of the fit that was stopped by the validation set."""
        candidate = self._final.checked.candidate
        if len(candidate.paths.get("valid", ())) < 3:
            return None
        series = {
            f"{part} (unseen)" if part == "valid" else part: v[1:] for part, v in candidate.paths.items()
        }
        is_loss, named = all(max(v) <= 0 for v in series.values()), "score"
        if is_loss:
            series, named = {name: [-v for v in values] for name, values in series.items()}, "loss"
        loss = candidate.entry.description.iteration_loss
        if is_loss and loss == "half_squared_error":
            named, series = "rmse", {k: [math.sqrt(2 * v) for v in vs] for k, vs in series.items()}
        elif is_loss and loss:
            named = loss
        best = int(self._final.model.params.get("max_iter") or 0)
        n_iterations = len(candidate.paths["valid"]) - 1
        return charts.learning_curve(
            series,
            metric=named,
            best=best if 1 <= best <= n_iterations else None,
            greater_is_better=not is_loss,
        )

    # ------------------------------------------------------------------ the validation set

    def worst_rows(self) -> None:
        """List the rows of the validation set with the worst predictions of the model fitted on the training set."""
        with self._attempt("worst rows"):
            rows, y_true = self.problem.split.valid, self.problem.target("valid")
            predicted = np.asarray(self._final.predicted["valid"].values)
            if self.problem.classes is None:
                by = y_true - predicted.astype(float)
                order = np.argsort(-np.abs(by), kind="stable")[:MAX_WORST_ROWS]
            else:
                codes, p = self._codes("valid")
                if p is None:
                    return
                by = p[np.arange(len(codes)), codes]
                order = np.argsort(by, kind="stable")[:MAX_WORST_ROWS]
                order = order[predicted[order] != y_true[order]]
            for i in order:
                row = int(rows[i])
                self.found.worst_rows.append(
                    WorstRow(
                        row=self._number(row),
                        actual=_to_python(y_true[i]),
                        predicted=_to_python(predicted[i]),
                        error=float(by[i]),
                        cells=self._identifier(row),
                    )
                )

    def _number(self, row: int) -> int:
        """Return the number of a validation row, from 1 in its file."""
        files = () if self.table is None else self.table.part_files
        return row + 1 - next((file.start for file in files if file.part == "valid"), 0)

    def _identifier(self, row: int) -> dict[str, str | None]:
        """Return the cell of a row that identifies it, if the table has an identifier."""
        if self.table is None:
            return {}
        columns = [c.name for c in self.problem.contract.columns if c.kind == "identifier"][:1]
        return {name: _format_cell(self.table.frame[name][row]) for name in columns}

    def importance(self) -> None:
        """Compute the importance of the columns, draw the most important ones, and add their cells to the worst rows."""
        problem, final = self.problem, self._final
        frame = problem.features("valid")
        quick = self.end_s - time.monotonic() <= HURRY_S
        with self._attempt("importance"):
            found = column_importance(
                problem, final.checked.train_model, self.metric(self.result.best.metric), quick=quick
            )
            fields = ("column", "mean", "low", "high")
            self.found.importance += [Importance(**{k: one[k] for k in fields}) for one in found.ranked()]
            title = f"{found.metric} lost when a column is shuffled"
            if quick:
                title += f" (little time was left: {pluralize(found.n_rows, 'row')})"
            self.draw("importance", lambda: replace(found.chart(), title=title))
        if len(frame.columns) > MAX_COLUMNS:
            self.found.omitted.append(
                f"importance: only the first {MAX_COLUMNS} of {len(frame.columns)} columns"
            )
        model = Subject(final.model.pipeline)
        for i, one in enumerate(self.found.importance[:MAX_DEPENDENCE_CHARTS]):
            if one.mean > 0:
                self.draw(f"dependence_{i + 1}", lambda name=one.column: self._dependence(model, frame, name))
        top = [one.column for one in self.found.importance[:MAX_CELLS]]
        for wrong in self.found.worst_rows:
            wrong.cells.update({name: _format_cell(problem.frame[name][wrong.row - 1]) for name in top})

    def try_fewer_columns(self, comparison: Comparison) -> None:
        """Cross-validate the chosen model without the columns that are not important, if there is time.

        The columns are found on the validation set, and tried on the folds of the training set.
        """
        ranked, candidate = self.found.importance, self._final.checked.candidate
        dropped = [one.column for one in ranked if one.low <= 0]
        folds, name = self.problem.split.folds(self.problem.n_folds), comparison.metric.name
        values = [v for v in candidate.validation.values(name) if v is not None]
        needed_s = candidate.validation.fit_s * len(folds)
        if not 2 <= len(dropped) < len(ranked) or len(values) < len(folds):
            return
        if len(ranked) < len(self.problem.frame.columns):
            return  # not all columns were examined
        left_s = self.end_s - time.monotonic()
        if needed_s > (TRIAL_S if math.isinf(left_s) else left_s / 2):
            return
        names = {one.column for one in ranked} - set(dropped)
        with self._attempt("fewer columns"):
            trial = Folds(
                self.problem.frame,
                self.problem.y,
                folds,
                lambda kind: self.problem.preparer(kind, names),
                self.problem.weights,
            )
            found = [self._score_fold(candidate, fold, name) for fold in trial.each(candidate.preprocessing)]
            scored = [v for v in found if v is not None]
            if len(scored) < len(folds):
                return
            with_all, without = float(np.mean(values)), float(np.mean(scored))
            oriented = comparison.metric.oriented
            self.found.fewer_columns = FewerColumns(
                dropped=dropped,
                folds=len(folds),
                with_all=with_all,
                without=without,
                is_as_good=oriented(with_all) - oriented(without) <= allowance(comparison, with_all),
            )

    def _score_fold(self, candidate: Candidate, fold: PreparedFold, name: str) -> float | None:
        def make():
            return candidate.entry.make(candidate.params, fold.preparer)

        judged = judge_fold(make, fold, self.problem.scoring)
        return judged.result.scores[name].value

    def _dependence(self, model: Subject, frame: pl.DataFrame, name: str) -> Chart:
        found = partial_dependence(
            model,
            frame,
            name,
            contract=self.problem.contract,
            label=self.problem.contract.positive_class,
            max_rows=DEPENDENCE_ROWS,
        )
        return replace(found.chart(), title=f"By {printable(found.column)}")


def _to_python(value):
    return value.item() if isinstance(value, np.generic) else value


def _format_cell(value) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return f"{value:.6g}"
    return format_datetime(value) if isinstance(value, datetime) else value_text(value)
