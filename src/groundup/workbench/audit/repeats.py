"""Columns that repeat each other: equal, recoded one to one, or nearly proportional.

They do not harm a score, but share their importance, and leaving one out changes nothing. Levels are compared by their
codes in order of first appearance (equal codes mean a recoding one to one); numbers by the correlation of the values and
of their ranks. Cost: one product of the numbers' matrix with itself, on at most ``MAX_ROWS`` rows.
"""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from groundup.workbench.audit.coding import centred, codes_by_appearance, numbers, ranks
from groundup.workbench.audit.findings import Finding

MIN_CORRELATION = 0.9995
MAX_ROWS = 20_000
_MAX_FINDINGS = 8


def repeats(frame: pl.DataFrame) -> list[Finding]:
    """Return one finding for each column of `frame` that repeats an earlier one."""
    frame = frame.head(MAX_ROWS)
    found: dict[str, Finding] = {}
    seen: dict[bytes, str] = {}
    for column in frame.iter_columns():
        codes = codes_by_appearance(column)
        if not 1 < codes.max() + 1 <= 0.5 * len(codes):
            continue
        key = hashlib.blake2b(codes.astype(np.int64).tobytes(), digest_size=16).digest()
        if key in seen:
            how = "one to one: every value of one corresponds to one value of the other"
            found[column.name] = _finding(seen[key], column.name, how)
        else:
            seen[key] = column.name
    for first, second, r in _correlated_pairs(frame):
        how = (
            f"almost exactly: the correlation is {r:.4f}"
            if abs(r) < 0.999995
            else "exactly, on another scale or in other units"
        )
        found.setdefault(second, _finding(first, second, how))
    out = list(found.values())
    if len(out) > _MAX_FINDINGS:
        names = ", ".join(repr(f.columns[1]) for f in out[:_MAX_FINDINGS])
        message = f"{len(out)} columns repeat another one: {names}, ..."
        columns = tuple(name for f in out for name in f.columns)
        return [Finding(kind="repeat", level="note", columns=tuple(dict.fromkeys(columns)), message=message)]
    return out


def _finding(first: str, second: str, how: str) -> Finding:
    message = f"{second!r} repeats {first!r} {how}"
    return Finding(kind="repeat", level="note", columns=(first, second), message=message)


def _correlated_pairs(frame: pl.DataFrame) -> list[tuple[str, str, float]]:
    """Return pairs of number columns whose values or ranks are almost perfectly correlated, with the correlation."""
    columns = [c for c in frame.iter_columns() if c.dtype.is_numeric() and c.null_count() < 0.5 * len(c)]
    columns = [c for c in columns if c.n_unique() > 2]
    if len(columns) < 2 or frame.height < 30:
        return []
    X = np.column_stack([numbers(c) for c in columns])
    linear, ranked = _correlation(X), _correlation(np.column_stack([ranks(x) for x in X.T]))
    pairs = np.triu(np.maximum(np.abs(linear), np.abs(ranked)) >= MIN_CORRELATION, 1)
    names = [c.name for c in columns]
    return [
        (names[i], names[j], _larger(linear.item(i, j), ranked.item(i, j))) for i, j in np.argwhere(pairs)
    ]


def _larger(a: float, b: float) -> float:
    return float(a if abs(a) >= abs(b) else b)


def _correlation(X: np.ndarray) -> np.ndarray:
    """Return the correlations; 0 for columns with different missing rows, as missing cells are replaced by the mean."""
    gone = np.isnan(X)
    Z = centred(X)
    size = np.sqrt((Z**2).sum(axis=0))
    Z /= np.where(size > 0, size, 1.0)
    both = gone.astype(np.float32).T @ gone.astype(np.float32)
    misses = gone.sum(axis=0)
    return np.where(2 * both >= 0.98 * (misses[:, None] + misses[None, :]), Z.T @ Z, 0.0)
