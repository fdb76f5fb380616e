"""The audit: every check in turn, on the rows of train; what was accepted is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from groundup.engine.rows.threads import one_blas_thread
from groundup.errors import UsageError, nearest
from groundup.tables.splitting import shuffled
from groundup.workbench.audit.alone import Target
from groundup.workbench.audit.coding import by_value, centred, numbers
from groundup.workbench.audit.duplicates import duplicates
from groundup.workbench.audit.findings import KINDS, Audit, Finding, Score, ordered
from groundup.workbench.audit.identifiers import identifier, subject
from groundup.workbench.audit.proxies import Question, judge
from groundup.workbench.audit.repeats import repeats
from groundup.workbench.audit.sums import sums
from groundup.workbench.audit.times import times

if TYPE_CHECKING:
    from groundup.tables import Table
    from groundup.workbench.steps.problem import Problem

# Shares of the target are known to less than 1 % from so many rows; more would only take time.
MAX_ROWS = 100_000
N_FOLDS = 5
# Fewer rows say nothing of a column: two of three classes may well be told apart by chance.
MIN_ROWS = 20
# A column that explains so much is worth a question, whatever it is.
STRONG = 0.80


def audit(table: Table, problem: Problem, accept: Sequence[str] = ()) -> Audit:
    """Look for leaks before any learner is trained.

    Columns are held against the target on rows of train only, out of fold. Of valid and test only features are looked
    at, and whether rows are equal to others, target included.

    Parameters
    ----------
    table : Table
    problem : Problem
        The features, the target and the split of the same rows.
    accept : sequence of str
        ``COLUMN``, ``COLUMN:KIND`` or ``KIND`` of findings that are known and kept.

    Raises
    ------
    UsageError
        If `accept` names no column of the table and no kind.
    """
    agreed = [_read(one, table.columns) for one in accept]
    with one_blas_thread():
        return _audited(table, problem, agreed)


def _audited(table: Table, problem: Problem, agreed: list) -> Audit:
    rows = problem.split.train
    if len(rows) > MAX_ROWS:
        rows = np.sort(rows[shuffled(len(rows), problem.seed)[:MAX_ROWS]])
    frame = problem.frame[rows]
    found = _about_names(table, frame, problem)
    scores = []
    if problem.y is not None and len(rows) >= MIN_ROWS:
        judged = _judged(frame, rows, problem)
        scores = sorted((j.score for j in judged), key=lambda s: -s.explained)
        found += [j.finding for j in judged if j.finding is not None]
        found += _put_together(frame, problem, rows, found)
        found += _strong(scores, found, str(problem.contract.target))
    if problem.y is not None:
        split = problem.split
        parts = {"train": split.train, "valid": split.valid, "test": split.test}
        found += duplicates(problem.frame, problem.y, parts)
    found += repeats(frame)
    found += times(table.frame, problem.frame, problem.contract)
    marked = [f.model_copy(update={"accepted": any(_agrees(f, *one) for one in agreed)}) for f in found]
    return Audit(
        target=problem.contract.target,
        n_rows=len(rows),
        n_columns=frame.width,
        findings=ordered(marked),
        scores=tuple(scores),
    )


def _read(text: str, columns: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the column and the kind that one acceptance names; None for any."""
    if text in columns:
        return text, None
    column, _, kind = text.rpartition(":")
    if kind in KINDS and column in columns:
        return column, kind
    if text in KINDS:
        return None, text
    wrong = column if kind in KINDS and column else text
    raise UsageError(
        f"There is no column {wrong!r} to accept.{nearest(wrong, [*columns, *KINDS])}",
        hint=f"Accept takes COLUMN, COLUMN:KIND or KIND; kinds are: {', '.join(KINDS)}.",
    )


def _agrees(finding: Finding, column: str | None, kind: str | None) -> bool:
    return (column is None or column in finding.columns) and (kind is None or kind == finding.kind)


def _about_names(table: Table, frame: pl.DataFrame, problem: Problem) -> list[Finding]:
    contract = problem.contract
    asked = [c.name for c in contract.columns if c.role == "feature" or c.kind == "identifier"]
    found = [subject(table.frame[name], contract.group or contract.time) for name in asked]
    told = {f.columns[0] for f in found if f is not None}
    found += [identifier(column) for column in frame.iter_columns() if column.name not in told]
    return [f for f in found if f is not None]


def _judged(frame: pl.DataFrame, rows: np.ndarray, problem: Problem) -> list:
    values = problem.y[rows]
    if problem.classes is None:
        target = Target(centred(values), 0)
        first, labels = np.empty(0), []
    else:
        target = Target(np.searchsorted(problem.classes, values), len(problem.classes))
        first, labels = by_value(pl.Series(target.values)), [str(label) for label in problem.classes]
    place = np.full(problem.frame.height, -1)
    place[rows] = np.arange(len(rows))
    folds = []
    for train, judged in problem.split.folds(N_FOLDS):
        pair = place[train], place[judged]
        folds.append(tuple(p[p >= 0] for p in pair))
    asked = Question(target, str(problem.contract.target), labels, folds, first)
    return [judge(column, asked) for column in frame.iter_columns()]


def _strong(scores: list[Score], found: list[Finding], target: str) -> list[Finding]:
    """Return a note on the strongest column, where it says much and nothing was found against it."""
    best = scores[0]
    if best.explained < STRONG or any(best.column in f.columns and f.level != "note" for f in found):
        return []
    told = f"{best.column!r} alone explains {best.explained:.0%} of {target!r}, which may well be right"
    return [
        Finding(
            kind="proxy",
            level="note",
            columns=(best.column,),
            told=told,
            remedy="Is it known when you predict? If not, leave it out.",
            score=best.explained,
        )
    ]


def _put_together(
    frame: pl.DataFrame, problem: Problem, rows: np.ndarray, found: list[Finding]
) -> list[Finding]:
    """Return the finding that the target is a sum or a product of columns none of which is found already."""
    if problem.classes is not None:
        return []
    known = {f.columns[0] for f in found if f.level == "block" and f.columns}
    columns = [c for c in frame.iter_columns() if c.dtype.is_numeric() and c.name not in known]
    if len(columns) < 2:
        return []
    X = np.column_stack([numbers(c) for c in columns])
    one = sums([c.name for c in columns], X, problem.y[rows], str(problem.contract.target))
    return [] if one is None else [one]
