"""The audit: all checks in turn, on the rows of the training set, with accepted findings marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from groundup.engine.rows.threads import one_blas_thread
from groundup.errors import UsageError, nearest
from groundup.tables import Table
from groundup.tables.sources.names import find_name
from groundup.tables.splitting import shuffled
from groundup.text.escaping import value_text
from groundup.workbench.audit.coding import centred, codes_by_appearance, numbers
from groundup.workbench.audit.duplicates import duplicates
from groundup.workbench.audit.explained_share import Target
from groundup.workbench.audit.findings import KINDS, Audit, Finding, Score, ordered
from groundup.workbench.audit.identifiers import identifier, is_subject, subject
from groundup.workbench.audit.other_splits import repeated_keys, score_by_group
from groundup.workbench.audit.proxies import Judged, TargetFolds, judge
from groundup.workbench.audit.repeats import repeats
from groundup.workbench.audit.sums import find_sum
from groundup.workbench.audit.times import times
from groundup.workbench.problem import PARTS, Problem

# This many rows determine a share of the target to less than 1%; more would only take time.
MAX_ROWS = 100_000
N_FOLDS = 5
# With fewer rows, a column may well separate the classes by chance.
MIN_ROWS = 20
# A column that explains this share is mentioned in a note, whatever it is.
STRONG = 0.80


def audit(table: Table, problem: Problem, accept: Sequence[str] = ()) -> Audit:
    """Check for leaks before any model is trained.

    Columns are compared with the target on rows of the training set only, out of fold. Of the other parts only the
    features are used, and whether a row equals another one, target included.

    Parameters
    ----------
    table : Table
    problem : Problem
        The features, the target and the split of the same rows.
    accept : sequence of str
        ``COLUMN``, ``COLUMN:KIND`` or ``KIND`` of findings to accept.

    Raises
    ------
    UsageError
        If `accept` names no column of the table and no kind.
    """
    accepted = [_parse(text, table.columns) for text in accept]
    with one_blas_thread():
        return _audit(table, problem, accepted)


def _audit(table: Table, problem: Problem, accepted: list[tuple[str | None, str | None]]) -> Audit:
    """Return the audit; `accepted` are pairs of a column and a kind, None for any."""
    rows = problem.split.train
    if len(rows) > MAX_ROWS:
        rows = np.sort(rows[shuffled(len(rows), problem.seed)[:MAX_ROWS]])
    frame = problem.frame[rows]
    found = _find_identifiers(table, frame, problem) + _find_subjects(table, problem)
    scores = []
    if problem.y is not None and len(rows) >= MIN_ROWS:
        judged = _judge_columns(frame, rows, problem)
        scores = sorted((j.score for j in judged), key=lambda s: -s.explained)
        found += [j.finding for j in judged if j.finding is not None]
        found += _find_sum(frame, problem, rows, found)
        found += _note_strongest(scores, found, str(problem.contract.target))
    if problem.y is not None:
        parts = {part: getattr(problem.split, part) for part in PARTS}
        found += duplicates(problem.frame, problem.y, parts, table.describe_row)
    found += repeats(frame)
    found += times(table.frame, problem)
    marked = [f.model_copy(update={"accepted": any(_matches(f, *one) for one in accepted)}) for f in found]
    return Audit(
        target=problem.contract.target,
        n_rows=len(rows),
        n_columns=frame.width,
        findings=ordered(marked),
        scores=tuple(scores),
    )


def _parse(text: str, columns: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the column and the kind of findings that one acceptance names; None for any."""
    if (name := find_name(text, columns)) in columns:
        return name, None
    column, _, kind = text.rpartition(":")
    column = find_name(column, columns)
    if kind in KINDS and column in columns:
        return column, kind
    if text in KINDS:
        return None, text
    unknown = column if kind in KINDS and column else text
    raise UsageError(
        f"There is no column {unknown!r} to accept.{nearest(unknown, [*columns, *KINDS])}",
        hint=f"A finding is accepted by COLUMN, COLUMN:KIND or KIND; the kinds are: {', '.join(KINDS)}.",
    )


def _matches(finding: Finding, column: str | None, kind: str | None) -> bool:
    return (column is None or column in finding.columns) and (kind is None or kind == finding.kind)


def _find_identifiers(table: Table, frame: pl.DataFrame, problem: Problem) -> list[Finding]:
    """Return the findings about columns that identify a recurring subject or the row."""
    contract = problem.contract
    names = [c.name for c in contract.columns if c.role == "feature" or c.kind == "identifier"]
    subjects = {name for name in names if is_subject(table.frame[name])}
    found = [identifier(column) for column in frame.iter_columns() if column.name not in subjects]
    return [f for f in found if f is not None]


def _find_subjects(table: Table, problem: Problem) -> list[Finding]:
    """Return the findings that a random split tears apart the rows of one subject, with the scores of both splits."""
    if problem.split.rule in ("grouped", "time"):
        return []
    found = []
    keys = repeated_keys(table.frame, problem)
    named = [c.name for c in problem.contract.columns if c.role == "feature" or c.kind == "identifier"]
    for name in dict.fromkeys([*keys, *(n for n in named if is_subject(table.frame[n]))]):
        scores = None if problem.y is None or name not in keys else score_by_group(table.frame[name], problem)
        is_named = is_subject(table.frame[name])
        if is_named or (scores is not None and scores.is_clear):
            found.append(subject(table.frame[name], scores))
    return found


def _judge_columns(frame: pl.DataFrame, rows: np.ndarray, problem: Problem) -> list[Judged]:
    """Return the score of every feature, and the finding if it reveals the target."""
    values = problem.y[rows]
    if problem.classes is None:
        y = Target(centred(values), 0)
        codes, labels = np.empty(0), []
    else:
        y = Target(np.searchsorted(problem.classes, values), len(problem.classes))
        codes, labels = (
            codes_by_appearance(pl.Series(y.values)),
            [value_text(label) for label in problem.classes],
        )
    position = np.full(problem.frame.height, -1)  # of a row among the audited rows
    position[rows] = np.arange(len(rows))
    folds = []
    for train, test in problem.split.folds(N_FOLDS):
        pair = position[train], position[test]
        folds.append(tuple(p[p >= 0] for p in pair))
    target = TargetFolds(y, str(problem.contract.target), labels, folds, codes)
    return [judge(column, target) for column in frame.iter_columns()]


def _note_strongest(scores: list[Score], found: list[Finding], target: str) -> list[Finding]:
    """Return a note on the strongest column, if it explains much and there is no other finding about it."""
    best = scores[0]
    if best.explained < STRONG or any(best.column in f.columns and f.level != "note" for f in found):
        return []
    message = f"{best.column!r} alone explains {best.explained:.0%} of {target!r}, which may be legitimate"
    return [
        Finding(
            kind="proxy",
            level="note",
            columns=(best.column,),
            message=message,
            remedy="Leave it out unless it is known when you predict.",
            score=best.explained,
        )
    ]


def _find_sum(frame: pl.DataFrame, problem: Problem, rows: np.ndarray, found: list[Finding]) -> list[Finding]:
    """Return the finding that the target is a sum or a product of columns that do not block already."""
    if problem.classes is not None:
        return []
    blocked = {f.columns[0] for f in found if f.level == "block" and f.columns}
    columns = [c for c in frame.iter_columns() if c.dtype.is_numeric() and c.name not in blocked]
    if len(columns) < 2:
        return []
    X = np.column_stack([numbers(c) for c in columns])
    finding = find_sum([c.name for c in columns], X, problem.y[rows], str(problem.contract.target))
    return [] if finding is None else [finding]
