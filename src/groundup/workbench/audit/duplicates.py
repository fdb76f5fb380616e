"""Rows that are in two parts: a model that memorises the training set then scores too well on the test set.

Two rows are equal if all their features and the target are; ignored columns (identifiers) do not count. Rows of equal
hash are compared cell by cell, so the counts are exact. The targets of the test set are only compared with those of
other rows. Cost: a hash of every cell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from groundup.text.numbers import format_count, format_percent, pluralize
from groundup.workbench.audit.findings import Finding, Level

# Share of the test rows that have an equal row in the training or validation set.
WARN, BLOCK = 0.05, 0.50
# Copies agree on the target; rows with equal features by chance often do not.
AGREEMENT = 0.98
FEW_ROWS = 200  # with fewer, nothing blocks
_SHOWN = 5
# The features are renamed to numbers, so that none of them has one of these names.
_TARGET, _ROW, _PART = "target", "row", "part"


def duplicates(
    frame: pl.DataFrame,
    y: np.ndarray,
    parts: dict[str, np.ndarray],
    describe_row: Callable[[int], str] = lambda row: f"row {format_count(row + 1)}",
) -> list[Finding]:
    """Return the findings about rows that are in two parts.

    Parameters
    ----------
    frame : DataFrame
        The features of all rows.
    y : ndarray of shape (n_rows,)
    parts : dict
        train, valid, test -> row numbers.
    describe_row : callable
        Says where a row stands, counted from 0.
    """
    rows = np.concatenate(list(parts.values()))
    part = np.repeat(np.arange(len(parts)), [len(p) for p in parts.values()])
    twins = _equal_features(frame, rows, part)
    if twins is None:
        return []
    table = twins.with_columns(pl.Series(_TARGET, y[twins[_ROW].to_numpy()]))
    last = len(parts) - 1  # test
    groups = table.group_by(
        [c for c in table.columns if c not in (_ROW, _PART, _TARGET)], maintain_order=True
    )
    sides = groups.agg(
        elsewhere=pl.col(_TARGET).filter(pl.col(_PART) < last),
        rows=pl.col(_ROW).filter(pl.col(_PART) < last),
        tested=pl.col(_TARGET).filter(pl.col(_PART) == last),
        test_rows=pl.col(_ROW).filter(pl.col(_PART) == last),
    ).select("elsewhere", "rows", "tested", "test_rows")
    matches = [_match(*group) for group in sides.iter_rows()]
    n_test = len(next(reversed(parts.values())))
    may_block = len(rows) >= FEW_ROWS
    found = _findings(matches, n_test, describe_row, may_block=may_block, coarse=_is_coarse(frame))
    return found + _conflicts(sides, describe_row)


def _is_coarse(frame: pl.DataFrame) -> bool:
    """Return whether there are no more combinations of values than rows, so that some rows must be equal."""
    kinds = np.maximum(frame.select(pl.all().n_unique()).row(0), 1)
    return bool(np.log(kinds).sum() <= np.log(frame.height))


def _equal_features(frame: pl.DataFrame, rows: np.ndarray, part: np.ndarray) -> pl.DataFrame | None:
    """Return the rows whose features equal those of another row, columns "0", "1", ...; None if there are none."""
    hashes = frame.hash_rows(seed=0).to_numpy()[rows]
    _, code, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    again = np.flatnonzero(counts[code] > 1)
    if not len(again):
        return None
    numbered = frame[rows[again]]
    numbered.columns = [str(j) for j in range(frame.width)]
    return numbered.with_columns(pl.Series(_ROW, rows[again]), pl.Series(_PART, part[again]))


def _match(elsewhere, rows, tested, test_rows) -> tuple[int, int, list[tuple[int, int]]]:
    """Return for rows with equal features: test rows equal to another row, all test rows, and the pairs of equal rows."""
    if not elsewhere or not tested:
        return 0, 0, []
    first = dict(zip(reversed(elsewhere), reversed(rows), strict=True))
    pairs = [(row, first[value]) for value, row in zip(tested, test_rows, strict=True) if value in first]
    return len(pairs), len(tested), pairs


def _findings(matches, n_test: int, describe_row, *, may_block: bool, coarse: bool) -> list[Finding]:
    """Return the finding that test rows are also in another part, if there are any."""
    n_equal, n_near = sum(m[0] for m in matches), sum(m[1] for m in matches)
    if not n_equal:
        return []
    share, agreement = n_equal / n_test, n_equal / n_near
    copied = may_block and share >= BLOCK and agreement >= AGREEMENT
    level: Level = "note" if share < WARN or coarse else "block" if copied else "warn"
    pairs = sorted(pair for m in matches for pair in m[2])[:_SHOWN]
    row, twin = pairs[0]
    message = (
        f"{pluralize(n_equal, 'row')} of the test set ({format_percent(share)}) {'is' if n_equal == 1 else 'are'} also "
        f"in the training or validation set, with equal features and target; for example, {describe_row(row)} equals "
        f"{describe_row(twin)}"
    )
    if coarse:
        message += "; there are no more combinations of values than rows, so some rows must be equal"
    elif agreement < AGREEMENT:
        message += (
            f" (of {format_count(n_near)} with equal features, {format_count(n_near - n_equal)} differ in the target, so "
            "some may be equal by chance)"
        )
    return [
        Finding(
            kind="duplicates",
            level=level,
            message=message,
            remedy="Keep the rows of one subject together with --group COLUMN, or remove repeated rows from the file.",
            score=share,
            rows=tuple(row + 1 for row, _ in pairs),
        )
    ]


def _conflicts(sides: pl.DataFrame, describe_row) -> list[Finding]:
    """Return the finding that rows outside the test set have equal features and different targets, if there are any."""
    differ = sides.filter(pl.col("elsewhere").list.n_unique() > 1)
    if not differ.height:
        return []
    n = int(differ["elsewhere"].list.len().sum())
    rows = differ["rows"][0].to_list()[:_SHOWN]
    message = (
        f"{pluralize(n, 'row')} of the training and validation sets have equal features and different targets, in "
        f"{pluralize(differ.height, 'group')}, such as {describe_row(rows[0])} and "
        f"{describe_row(rows[1])}: no model can predict all of them correctly"
    )
    numbers = tuple(row + 1 for row in rows)
    return [Finding(kind="conflicts", level="note", message=message, score=0.0, rows=numbers)]
