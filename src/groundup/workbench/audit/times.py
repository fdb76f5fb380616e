"""Dates: a random split of rows that have a date, and dates that are later than the time of the prediction."""

from __future__ import annotations

import polars as pl

from groundup.workbench.audit.findings import Finding, quote_for_shell
from groundup.workbench.audit.other_splits import score_by_time
from groundup.workbench.problem import Problem

# Share of the rows in which a date must be later than the time column.
MIN_LATER = 0.5


def times(table: pl.DataFrame, problem: Problem) -> list[Finding]:
    """Return the findings about dates.

    Parameters
    ----------
    table : DataFrame
        As it was read, with the time column.
    problem : Problem
        The features and the split of the same rows.
    """
    contract, frame = problem.contract, problem.frame
    dates = [c.name for c in contract.feature_columns if c.kind == "datetime"]
    if not dates:
        return []
    if contract.time is None:
        at_random = problem.split.rule not in ("grouped", "time") and "test" not in problem.split.origins
        return _warn_of_random_split(dates, problem) if at_random and contract.target is not None else []
    when = table[contract.time]
    if not when.dtype.is_temporal():
        return []
    out = []
    for name in dates:
        later = (frame[name].cast(pl.Datetime("us")) > when.cast(pl.Datetime("us"))).mean()
        if later is not None and later > MIN_LATER:
            message = f"{name!r} is later than {contract.time!r} in {later:.0%} of the rows"
            remedy = "Leave it out, and all that was recorded with it, unless it is known at that time."
            out.append(
                Finding(
                    kind="time",
                    level="warn",
                    columns=(name,),
                    message=message,
                    remedy=remedy,
                    score=float(later),
                )
            )
    return out


def _warn_of_random_split(dates: list[str], problem: Problem) -> list[Finding]:
    column = problem.contract.by_name[dates[0]]
    span = f"{str(column.minimum)[:10]} to {str(column.maximum)[:10]}"
    message = (
        f"the rows have dates ({column.name!r}, {span}) but are split at random, so the scores hold for rows of the same "
        "period"
    )
    scores = score_by_time(problem.frame[column.name], problem)
    is_clear = scores is not None and scores.is_clear
    if scores is not None and is_clear:
        message += f"; {scores.describe('the latest rows')}"
    remedy = (
        f"To predict later rows, use --time {quote_for_shell(column.name)} (in Python time={column.name!r})."
    )
    level = "warn" if is_clear else "note"
    return [Finding(kind="time", level=level, columns=(column.name,), message=message, remedy=remedy)]
