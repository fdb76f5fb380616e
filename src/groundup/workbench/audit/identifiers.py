"""Columns that name the row, or the subject it is about.

The contract leaves out what surely names the row (``tables.contract.infer``). Here are the cases in which it kept a
column that may: counters that are out of order or have gaps, codes such as UUIDs and hashes, categories of which most
rows have one of their own. A column that names a *subject* who returns (a patient with ten visits) is another danger:
dealt at random, the same patient is in train and in test.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from groundup.tables.contract.infer import looks_like_id
from groundup.workbench.audit.coding import numbers
from groundup.workbench.audit.findings import Finding, typed

MIN_ROWS = 20
_CODE = r"^(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|[0-9A-HJKMNP-TV-Z]{26})$"
_OUT = "It cannot mean anything for a new row: leave it out."


def identifier(column: pl.Series) -> Finding | None:
    """Return the finding that a feature names the row, or None."""
    present = column.drop_nulls()
    n, n_unique = len(present), present.n_unique()
    if n < MIN_ROWS or column.dtype.is_temporal() or column.dtype == pl.Boolean:
        return None
    told = _number(present, n, n_unique) if column.dtype.is_numeric() else _text(present, n, n_unique)
    if told is None:
        return None
    level, words = told
    remedy = _OUT if level == "warn" else ""
    return Finding(
        kind="identifier",
        level=level,
        columns=(column.name,),
        told=f"{column.name!r} {words}",
        remedy=remedy,
        score=n_unique / n,
    )


def _number(present: pl.Series, n: int, n_unique: int):
    if n_unique < 0.99 * n:
        return None
    values = numbers(present)
    if not (values == np.floor(values)).all():
        return None
    if looks_like_id(present.name):
        return (
            "warn",
            f"is named like an identifier, and {n_unique:,} of {n:,} rows have a number of their own",
        )
    steps = np.diff(values)
    span = values.max() - values.min() + 1
    if (steps > 0).all() or (steps < 0).all():
        return "warn", "counts the rows: it only rises or only falls, row by row"
    if n_unique == n and span <= 1.5 * n:
        return "warn", f"numbers the rows: {n:,} different whole numbers, nearly without a gap"
    return None


def _text(present: pl.Series, n: int, n_unique: int):
    if n_unique > 0.5 * n and present.str.contains(_CODE).sum() > 0.9 * n:
        return "warn", f"holds codes such as {present[0]!r}, {n_unique:,} different ones in {n:,} rows"
    if n_unique > 0.5 * n:
        return "note", f"has {n_unique:,} different values in {n:,} rows: most say nothing of a new row"
    return None


def subject(column: pl.Series, group: str | None) -> Finding | None:
    """Return the finding that a column names subjects who return, while rows are not dealt by subject; or None."""
    present = column.drop_nulls()
    n, n_unique = len(present), present.n_unique()
    if group is not None or n < MIN_ROWS or column.dtype.is_float() or not looks_like_id(column.name):
        return None
    if not 1 < n / n_unique <= n / 10 or n_unique > 0.95 * n:
        return None
    return Finding(
        kind="subject",
        level="warn",
        columns=(column.name,),
        told=f"{column.name!r} names {n_unique:,} subjects in {n:,} rows: rows of one may be in train and in test",
        remedy=f"To predict for new subjects: --group {typed(column.name)} (in Python group={column.name!r}).",
        score=1 - n_unique / n,
    )
