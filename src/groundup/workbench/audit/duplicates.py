"""Rows that are in two parts: what was learnt by heart in train is then asked again in test.

Two rows are equal if all their features and the target are; columns that are left out (identifiers) do not count. Rows
of equal hash are compared cell by cell, so the counts are exact. Of test's targets this looks at nothing but whether
they are equal to another row's. Cost: a hash of every cell.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from groundup.text.numbers import format_percent, pluralize
from groundup.workbench.audit.findings import Finding, Level

# Share of the rows of test that have a twin in train or valid.
WARN, BLOCK = 0.05, 0.50
# Copies agree on the target; rows that are equal because the features are few and coarse often do not.
AGREEMENT = 0.98
FEW_ROWS = 200  # with fewer, nothing blocks
_SHOWN = 5
# Features are numbered meanwhile, so that no name of theirs is like one of these.
_TARGET, _ROW, _PART = "target", "row", "part"


def duplicates(frame: pl.DataFrame, y: np.ndarray, parts: dict[str, np.ndarray]) -> list[Finding]:
    """Return what is to be said of rows that are in two parts.

    Parameters
    ----------
    frame : DataFrame
        The features of all rows.
    y : ndarray of shape (n_rows,)
    parts : dict
        train, valid, test -> row numbers.
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
    met = [_met(*group) for group in sides.iter_rows()]
    n_test = len(next(reversed(parts.values())))
    may_block = len(rows) >= FEW_ROWS
    return _findings(met, n_test, may_block=may_block, coarse=_is_coarse(frame)) + _conflicts(sides)


def _is_coarse(frame: pl.DataFrame) -> bool:
    """Tell whether there are no more combinations of values than rows, so that rows must coincide, copied or not."""
    kinds = np.maximum(frame.select(pl.all().n_unique()).row(0), 1)
    return bool(np.log(kinds).sum() <= np.log(frame.height))


def _equal_features(frame: pl.DataFrame, rows: np.ndarray, part: np.ndarray) -> pl.DataFrame | None:
    """Return the rows whose features are equal to those of another row, columns "0", "1", ...; None where none is."""
    hashes = frame.hash_rows(seed=0).to_numpy()[rows]
    _, code, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    again = np.flatnonzero(counts[code] > 1)
    if not len(again):
        return None
    numbered = frame[rows[again]]
    numbered.columns = [str(j) for j in range(frame.width)]
    return numbered.with_columns(pl.Series(_ROW, rows[again]), pl.Series(_PART, part[again]))


def _met(elsewhere, rows, tested, test_rows) -> tuple[int, int, list[tuple[int, int]]]:
    """Return of one group: test rows with an equal row elsewhere, those with equal features, and the pairs."""
    if not elsewhere or not tested:
        return 0, 0, []
    first = dict(zip(reversed(elsewhere), reversed(rows), strict=True))
    pairs = [(row, first[value]) for value, row in zip(tested, test_rows, strict=True) if value in first]
    return len(pairs), len(tested), pairs


def _findings(met, n_test: int, *, may_block: bool, coarse: bool) -> list[Finding]:
    n_equal, n_near = sum(m[0] for m in met), sum(m[1] for m in met)
    if not n_equal:
        return []
    share, agreement = n_equal / n_test, n_equal / n_near
    copied = may_block and share >= BLOCK and agreement >= AGREEMENT
    level: Level = "note" if share < WARN or coarse else "block" if copied else "warn"
    pairs = sorted(pair for m in met for pair in m[2])[:_SHOWN]
    row, twin = pairs[0]
    told = (
        f"{pluralize(n_equal, 'row')} of test ({format_percent(share)}) "
        f"{'is' if n_equal == 1 else 'are'} also in train or valid, "
        f"features and target alike; row {row + 1:,} is row {twin + 1:,} again"
    )
    if coarse:
        told += "; there are no more combinations of values than rows, so that rows must be alike"
    elif agreement < AGREEMENT:
        told += f" (of {n_near:,} with equal features, {n_near - n_equal:,} differ in the target: some may be chance)"
    return [
        Finding(
            kind="duplicates",
            level=level,
            told=told,
            remedy="Keep the rows of one subject together with --group COLUMN, or leave repeated rows out of the file.",
            score=share,
            rows=tuple(row + 1 for row, _ in pairs),
        )
    ]


def _conflicts(sides: pl.DataFrame) -> list[Finding]:
    """Return the finding that rows of train and valid with equal features differ in the target: no model can get both."""
    differ = sides.filter(pl.col("elsewhere").list.n_unique() > 1)
    if not differ.height:
        return []
    n = int(differ["elsewhere"].list.len().sum())
    rows = differ["rows"][0].to_list()[:_SHOWN]
    told = (
        f"{n:,} rows of train and valid have equal features and different targets, in "
        f"{pluralize(differ.height, 'group')}, "
        f"as rows {rows[0] + 1:,} and {rows[1] + 1:,}: no model can be right on all of them"
    )
    return [
        Finding(kind="conflicts", level="note", told=told, score=0.0, rows=tuple(row + 1 for row in rows))
    ]
