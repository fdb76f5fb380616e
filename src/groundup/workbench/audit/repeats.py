"""Columns that say the same: equal, recoded one to one, or nearly proportional.

They do no harm to a score, but importance is shared between them, and leaving one out changes nothing. Levels are
compared by their codes in order of first appearance (equal codes mean a recoding one to one); numbers by the correlation
of the values and of their ranks. Cost: one product of the numbers' matrix with itself, on at most ``MAX_ROWS`` rows.
"""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from groundup.workbench.audit.coding import by_value, centred, numbers, ranks
from groundup.workbench.audit.findings import Finding

CLOSE = 0.9995
MAX_ROWS = 20_000
_MOST_TOLD = 8


def repeats(frame: pl.DataFrame) -> list[Finding]:
    """Return one finding for each column of `frame` that repeats one before it."""
    frame = frame.head(MAX_ROWS)
    found: dict[str, Finding] = {}
    seen: dict[bytes, str] = {}
    for column in frame.iter_columns():
        codes = by_value(column)
        if not 1 < codes.max() + 1 <= 0.5 * len(codes):
            continue
        key = hashlib.blake2b(codes.astype(np.int64).tobytes(), digest_size=16).digest()
        if key in seen:
            found[column.name] = _finding(
                seen[key], column.name, "one to one: each value of one goes with one of the other"
            )
        else:
            seen[key] = column.name
    for first, second, r in _close(frame):
        told = (
            f"almost exactly: the correlation is {r:.4f}"
            if abs(r) < 0.999995
            else "exactly, on another scale or in other units"
        )
        found.setdefault(second, _finding(first, second, told))
    out = list(found.values())
    if len(out) > _MOST_TOLD:
        names = ", ".join(repr(f.columns[1]) for f in out[:_MOST_TOLD])
        told = f"{len(out)} columns repeat another one: {names}, ..."
        columns = tuple(name for f in out for name in f.columns)
        return [Finding(kind="repeat", level="note", columns=tuple(dict.fromkeys(columns)), told=told)]
    return out


def _finding(first: str, second: str, how: str) -> Finding:
    return Finding(
        kind="repeat", level="note", columns=(first, second), told=f"{second!r} repeats {first!r} {how}"
    )


def _close(frame: pl.DataFrame) -> list[tuple[str, str, float]]:
    """Return pairs of number columns that are nearly proportional, in values or in ranks, the second after the first."""
    columns = [c for c in frame.iter_columns() if c.dtype.is_numeric() and c.null_count() < 0.5 * len(c)]
    columns = [c for c in columns if c.n_unique() > 2]
    if len(columns) < 2 or frame.height < 30:
        return []
    X = np.column_stack([numbers(c) for c in columns])
    straight, ranked = _correlation(X), _correlation(np.column_stack([ranks(x) for x in X.T]))
    near = np.triu(np.maximum(np.abs(straight), np.abs(ranked)) >= CLOSE, 1)
    names = [c.name for c in columns]
    return [
        (names[i], names[j], _strongest(straight.item(i, j), ranked.item(i, j))) for i, j in np.argwhere(near)
    ]


def _strongest(a: float, b: float) -> float:
    return float(a if abs(a) >= abs(b) else b)


def _correlation(X: np.ndarray) -> np.ndarray:
    """Return correlations; 0 for two columns that do not miss the same rows, for missing cells count as the mean."""
    gone = np.isnan(X)
    Z = centred(X)
    size = np.sqrt((Z**2).sum(axis=0))
    Z /= np.where(size > 0, size, 1.0)
    alike = gone.astype(np.float32).T @ gone.astype(np.float32)
    misses = gone.sum(axis=0)
    return np.where(2 * alike >= 0.98 * (misses[:, None] + misses[None, :]), Z.T @ Z, 0.0)
