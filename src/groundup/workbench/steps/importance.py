"""The importance of the columns to a run's model: one computation for the report and for Python."""

from __future__ import annotations

from groundup.judge.explain import Importance, permutation_importance
from groundup.judge.explain.subject import Subject
from groundup.judge.metrics import Metric
from groundup.workbench.problem import Problem
from groundup.workbench.steps.checkpoints import Fitted

# Importance of up to MAX_COLUMNS columns, with more shuffles on more rows if there are only FEW_COLUMNS.
MAX_COLUMNS, FEW_COLUMNS = 200, 60
MAX_ROWS, FEW_ROWS = 2_000, 500
SHUFFLES, FEW_SHUFFLES = 3, 2


def column_importance(
    problem: Problem,
    model: Fitted,
    metric: Metric,
    *,
    part: str = "valid",
    repeats: int | None = None,
    quick: bool = False,
) -> Importance:
    """Return how much the score of a model fitted on the training set drops when a column is shuffled.

    Parameters
    ----------
    part : {"valid", "train"}
        The rows to score.
    repeats : int, optional
        Shuffles of each column; 3, or 2 of many columns, where None.
    quick : bool
        Take as many rows and shuffles as for many columns.
    """
    frame, y = problem.rows(getattr(problem.split, part))
    names = frame.columns[:MAX_COLUMNS]
    few = len(names) <= FEW_COLUMNS and not quick
    return permutation_importance(
        Subject(model.pipeline),
        frame,
        y,
        metric,
        classes=problem.classes,
        scoring=problem.scoring,
        weight=problem.weight(part),
        columns=names,
        repeats=repeats or (SHUFFLES if few else FEW_SHUFFLES),
        max_rows=MAX_ROWS if few else FEW_ROWS,
        seed=problem.seed,
        part=part,
    )
