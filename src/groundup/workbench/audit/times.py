"""Dates: a future that was dealt at random, and moments that come after the one of the prediction."""

from __future__ import annotations

import polars as pl

from groundup.tables import Contract
from groundup.workbench.audit.findings import Finding, typed

LATER = 0.5


def times(table: pl.DataFrame, frame: pl.DataFrame, contract: Contract) -> list[Finding]:
    """Return what is to be said of dates.

    Parameters
    ----------
    table : DataFrame
        As it was read: it has the time column.
    frame : DataFrame
        The features of the same rows.
    contract : Contract
    """
    dates = [c.name for c in contract.feature_columns if c.kind == "datetime"]
    if not dates:
        return []
    if contract.time is None:
        return _at_random(dates, contract) if contract.group is None and contract.target is not None else []
    when = table[contract.time]
    if not when.dtype.is_temporal():
        return []
    out = []
    for name in dates:
        later = (frame[name].cast(pl.Datetime("us")) > when.cast(pl.Datetime("us"))).mean()
        if later is not None and later > LATER:
            told = f"{name!r} is later than {contract.time!r} in {later:.0%} of the rows"
            remedy = "Is it known at that time? If not, leave it out, and all that was written with it."
            out.append(
                Finding(
                    kind="time", level="warn", columns=(name,), told=told, remedy=remedy, score=float(later)
                )
            )
    return out


def _at_random(dates: list[str], contract: Contract) -> list[Finding]:
    column = contract.by_name[dates[0]]
    span = f"{str(column.minimum)[:10]} to {str(column.maximum)[:10]}"
    told = f"rows have dates ({column.name!r}, {span}) and are dealt at random: scores are those of rows of the same time"
    remedy = (
        f"If later rows are to be predicted: --time {typed(column.name)} (in Python time={column.name!r})."
    )
    return [Finding(kind="time", level="note", columns=(column.name,), told=told, remedy=remedy)]
