r"""A number that is put together from others: bikes = casual + registered, fare = total - tip - tolls.

The target is fitted by least squares on all number columns of train, as they are and, where every value is above zero,
in logarithms (a product). If the fit is close, the columns that carry it are picked greedily (orthogonal matching
pursuit: the column that takes most of the rest is added, everything is fitted anew), at most ``MOST`` of them. Close
means that at most ``EXACT`` of the variance is left over; where all factors are about 1 or -1, as in a sum in the
target's own unit, as much as ``ROUGH``: a column of the sum may be missing from the table, as the surcharges of a taxi
fare are. Cost: rows x columns squared, on at most ``MAX_ROWS`` rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.workbench.audit.findings import Finding

EXACT, ROUGH, ABOUT_ONE = 1e-3, 0.02, 0.2
MOST = 4
WORTH = 0.7  # a further column must leave less than this share of what is left over
MAX_ROWS, MAX_COLUMNS = 20_000, 300


class Fit(NamedTuple):
    """Columns, their factors, and the share of the target that is left over."""

    columns: list[int]
    factors: np.ndarray
    left: float


def sums(names: list[str], X: np.ndarray, y: np.ndarray, target: str) -> Finding | None:
    """Return the finding that some columns of `X` add (or multiply) up to `y`, or None.

    Parameters
    ----------
    names : list of str
    X : ndarray of shape (n_rows, n_columns)
        Numbers, missing as NaN: such rows are left out, and columns that miss more than one in ten.
    y : ndarray of shape (n_rows,)
    target : str
    """
    usable = np.flatnonzero((np.isnan(X).mean(axis=0) <= 0.1) & (np.nanstd(X, axis=0) > 0))[:MAX_COLUMNS]
    rows = np.flatnonzero(~np.isnan(X[:, usable]).any(axis=1))[:MAX_ROWS]
    if len(usable) < 2 or len(rows) < 10 * len(usable) + 30:
        return None
    own, goal = X[np.ix_(rows, usable)], y[rows]
    found = _pursued(own, goal)
    if found is not None:
        return _finding([names[usable[k]] for k in found.columns], found, target, product=False)
    positive = np.flatnonzero((own > 0).all(axis=0))
    if len(positive) >= 2 and (goal > 0).all():
        found = _pursued(np.log(own[:, positive]), np.log(goal))
        if found is not None:
            return _finding([names[usable[positive[k]]] for k in found.columns], found, target, product=True)
    return None


def _pursued(X: np.ndarray, y: np.ndarray) -> Fit | None:
    """Return the few columns that y is put together from, or None."""
    X, y = X - X.mean(axis=0), y - y.mean()
    norm = np.sqrt((X**2).sum(axis=0))
    if not (norm > 0).all() or not y @ y > 0:
        return None
    unit = X / norm
    whole, *_ = np.linalg.lstsq(unit, y, rcond=None)
    if _left(y - unit @ whole, y) > ROUGH:
        return None
    chosen: list[int] = []
    rest, best = y, None
    while len(chosen) < min(MOST, X.shape[1]):
        pull = np.abs(unit.T @ rest)
        pull[chosen] = -1
        chosen.append(int(pull.argmax()))
        factors, *_ = np.linalg.lstsq(unit[:, chosen], y, rcond=None)
        rest = y - unit[:, chosen] @ factors
        fit = Fit(list(chosen), factors / norm[chosen], _left(rest, y))
        if best is not None and not (_is_close(fit) and fit.left < WORTH * best.left and best.left > EXACT):
            return best
        if len(chosen) > 1 and _is_close(fit):
            best = fit
    return best


def _is_close(fit: Fit) -> bool:
    own_unit = np.abs(np.abs(fit.factors) - 1).max() <= ABOUT_ONE
    return bool(fit.left <= EXACT or (fit.left <= ROUGH and own_unit))


def _left(rest: np.ndarray, y: np.ndarray) -> float:
    return float(rest @ rest) / float(y @ y)


def _finding(names: list[str], fit: Fit, target: str, *, product: bool) -> Finding:
    parts = []
    near = 0.005 if fit.left <= EXACT else ABOUT_ONE
    for name, factor in zip(names, fit.factors, strict=True):
        size = abs(factor)
        plain = abs(size - 1) <= near
        if product:
            sign = " / " if factor < 0 else " * "
            parts.append((sign, repr(name) if plain else f"{name!r}^{size:.3g}"))
        else:
            parts.append((" - " if factor < 0 else " + ", repr(name) if plain else f"{size:.3g} * {name!r}"))
    head = parts[0][1] if parts[0][0] in (" + ", " * ") else f"{parts[0][0].strip()}{parts[0][1]}"
    formula = head + "".join(sign + part for sign, part in parts[1:])
    share = min(1 - fit.left, 0.9999)
    about = "is" if fit.left <= 1e-6 else "is nearly"
    return Finding(
        kind="sum",
        level="block",
        columns=tuple(names),
        told=f"{target!r} {about} put together from other columns: {formula}, which explains {share:.2%} of it",
        remedy="Are they all known when you predict? If not, leave out those that are not.",
        score=1 - fit.left,
    )
