"""Columns that identify the row, or the subject it is about.

The contract ignores a column that certainly identifies the row (``tables.contract.infer``). This module reports the
doubtful cases: counters that are out of order or have gaps, codes such as UUIDs and hashes, categories with a level for
most rows. A column that identifies a recurring *subject* (a patient with ten visits) is another risk: with a random
split, the same patient is in the training and in the test set.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from groundup.tables.contract.infer import looks_like_id
from groundup.text.numbers import format_count, pluralize
from groundup.workbench.audit.coding import numbers
from groundup.workbench.audit.findings import Finding, quote_for_shell
from groundup.workbench.audit.other_splits import BothScores

MIN_ROWS = 20
_CODE = r"^(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|[0-9A-HJKMNP-TV-Z]{26})$"
_REMEDY = "Leave it out: it carries no information about a new row."


def identifier(column: pl.Series) -> Finding | None:
    """Return the finding that a feature identifies the row, or None."""
    present = column.drop_nulls()
    n, n_unique = len(present), present.n_unique()
    if n < MIN_ROWS or column.dtype.is_temporal() or column.dtype == pl.Boolean:
        return None
    check = _check_numbers if column.dtype.is_numeric() else _check_texts
    found = check(present, n, n_unique)
    if found is None:
        return None
    level, words = found
    remedy = _REMEDY if level == "warn" else ""
    return Finding(
        kind="identifier",
        level=level,
        columns=(column.name,),
        message=f"{column.name!r} {words}",
        remedy=remedy,
        score=n_unique / n,
    )


def _check_numbers(present: pl.Series, n: int, n_unique: int):
    """Return the level and the words of a number column that identifies the row, or None."""
    if n_unique < 0.99 * n:
        return None
    values = numbers(present)
    if not (values == np.floor(values)).all():
        return None
    values_in_rows = _count_values(n_unique, n)
    if looks_like_id(present.name):
        return "warn", f"is named like an identifier and has {values_in_rows}"
    steps = np.diff(values)
    span = values.max() - values.min() + 1
    if (steps > 0).all() or (steps < 0).all():
        return "warn", "looks like a row counter: its values only rise or only fall"
    if n_unique == n and span <= 1.5 * n:
        return (
            "warn",
            f"looks like a row number: {format_count(n)} different whole numbers with almost no gaps",
        )
    return None


def _count_values(n_unique: int, n: int) -> str:
    return f"{pluralize(n_unique, 'different value')} in {pluralize(n, 'row')}"


def _check_texts(present: pl.Series, n: int, n_unique: int):
    """Return the level and the words of a text column that identifies the row, or None."""
    values_in_rows = _count_values(n_unique, n)
    if n_unique > 0.5 * n and present.str.contains(_CODE).sum() > 0.9 * n:
        return "warn", f"contains codes such as {present[0]!r}, {values_in_rows}"
    if n_unique > 0.5 * n:
        return "note", f"has {values_in_rows}, most of which will not occur in new rows"
    return None


def is_subject(column: pl.Series) -> bool:
    """Return whether a column is named like an identifier and its values recur: it identifies subjects, not rows."""
    present = column.drop_nulls()
    n, n_unique = len(present), present.n_unique()
    if n < MIN_ROWS or column.dtype.is_float() or not looks_like_id(column.name):
        return False
    return 1 < n / n_unique <= n / 10 and n_unique <= 0.95 * n


def subject(column: pl.Series, scores: BothScores | None = None) -> Finding:
    """Return the finding that a column identifies recurring subjects, which a random split tears apart."""
    present = column.drop_nulls()
    n, n_unique = len(present), present.n_unique()
    message = (
        f"{column.name!r} identifies {pluralize(n_unique, 'subject')} in {pluralize(n, 'row')}: rows of one subject may "
        "be in both the training and the test set"
    )
    if scores is not None:
        message += f"; {scores.describe(f'rows of new values of {column.name}')}"
    return Finding(
        kind="subject",
        level="warn",
        columns=(column.name,),
        message=message,
        remedy=f"To predict for new subjects, use --group {quote_for_shell(column.name)} (in Python "
        f"group={column.name!r}).",
        score=1 - n_unique / n,
    )
