r"""A number that is put together from others: bikes = casual + registered, fare = total - tip - tolls.

The target is fitted by least squares on all number columns of train, as they are and, where every value is above zero,
in logarithms (a product). If at most ``ROUGH`` of its variance is left over, columns are taken away one by one, each
time the one without which least is lost, as long as the rest fits nearly as well. What remains is told if it is ``MOST``
columns or fewer and at most ``EXACT`` is left over; or, where all factors are about 1 or -1, as in a sum in the target's
own unit, at most ``ROUGH``: a column of the sum may be missing from the table, as the surcharges of a taxi fare are.

With the normal equations' inverse :math:`A` and factors :math:`b`, taking column j away costs :math:`b_j^2 / A_{jj}`, and
:math:`A` without it is :math:`A - A_{:j} A_{j:} / A_{jj}`. Cost: rows x columns squared, on at most ``MAX_ROWS`` rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.workbench.audit.coding import centred
from groundup.workbench.audit.findings import Finding

EXACT, ROUGH, ABOUT_ONE = 1e-3, 0.02, 0.2
MOST = 4
NEARLY = 1.3  # what may be left over when columns are taken away, times what all of them leave
JITTER = 1e-10  # columns that are sums of others make the equations singular
RCOND = 1e-9
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
    usable = np.flatnonzero(
        (np.isnan(X).mean(axis=0) <= 0.1) & (np.nanmax(X, axis=0) > np.nanmin(X, axis=0))
    )[:MAX_COLUMNS]
    rows = np.flatnonzero(~np.isnan(X[:, usable]).any(axis=1))[:MAX_ROWS]
    if len(usable) < 2 or len(rows) < 10 * len(usable) + 30:
        return None
    own, goal = X[np.ix_(rows, usable)], y[rows]
    found = _carried(own, goal)
    if found is not None:
        return _finding([names[usable[k]] for k in found.columns], found, target, product=False)
    positive = np.flatnonzero((own > 0).all(axis=0))
    if len(positive) >= 2 and (goal > 0).all():
        found = _carried(np.log(own[:, positive]), np.log(goal))
        if found is not None:
            return _finding([names[usable[positive[k]]] for k in found.columns], found, target, product=True)
    return None


def _carried(X: np.ndarray, y: np.ndarray) -> Fit | None:
    """Return the few columns that y is put together from, or None."""
    unit, size = np.abs(X).max(axis=0), np.abs(y).max()
    X, y = centred(X), centred(y)
    norm, spread = np.sqrt((X**2).sum(axis=0)), np.sqrt(y @ y)
    if not (norm > 0).all() or not spread > 0:
        return None
    X, y = X / norm, y / spread
    left = 1 - float(np.sum(np.linalg.lstsq(X, y, rcond=RCOND)[0] @ (X.T @ y)))
    if left > ROUGH:
        return None
    columns = _thinned(X, y, max(NEARLY * left, EXACT / 2))
    if not 1 < len(columns) <= MOST:
        return None
    factors = np.linalg.lstsq(X[:, columns], y, rcond=RCOND)[0]
    rest = y - X[:, columns] @ factors
    order = np.argsort(-np.abs(factors), kind="stable")
    own = factors * (spread / norm[columns]) * (size / unit[columns])
    fit = Fit([int(columns[k]) for k in order], own[order], float(rest @ rest))
    return fit if _is_close(fit) else None


def _thinned(X: np.ndarray, y: np.ndarray, limit: float) -> np.ndarray:
    """Return the columns that remain when those without which the fit leaves at most `limit` over are taken away."""
    inverse = np.linalg.inv(X.T @ X + JITTER * np.eye(X.shape[1]))
    pull, columns = X.T @ y, np.arange(X.shape[1])
    while len(columns) > 1:
        factors = inverse @ pull
        cost = factors**2 / np.diag(inverse)
        j = int(cost.argmin())
        if 1 - float(factors @ pull) + cost[j] > limit:
            break
        kept = np.arange(len(columns)) != j
        inverse = (inverse - np.outer(inverse[:, j], inverse[j]) / inverse[j, j])[np.ix_(kept, kept)]
        pull, columns = pull[kept], columns[kept]
    return columns


def _is_close(fit: Fit) -> bool:
    own_unit = np.abs(np.abs(fit.factors) - 1).max() <= ABOUT_ONE
    return bool(fit.left <= EXACT or (fit.left <= ROUGH and own_unit))


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
