r"""A target that is computed from other columns: bikes = casual + registered, fare = total - tip - tolls.

The target is fitted by least squares on all number columns of the training set, as they are and, if all values are
positive, in logarithms (a product). If at most ``ROUGH`` of its variance is unexplained, columns are removed one by one,
each time the one whose removal costs least, as long as the rest fits nearly as well. The remaining columns are reported
if there are at most ``MAX_TERMS`` of them and they leave at most ``EXACT`` unexplained; or at most ``ROUGH`` if all
coefficients are about 1 or -1, as in a sum in the target's own unit: a term of the sum may be missing from the table, as
the surcharges of a taxi fare are.

With the normal equations' inverse :math:`A` and coefficients :math:`b`, removing column j costs :math:`b_j^2 / A_{jj}`,
and :math:`A` without it is :math:`A - A_{:j} A_{j:} / A_{jj}`. Cost: rows x columns squared, on at most ``MAX_ROWS``
rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.workbench.audit.coding import centred
from groundup.workbench.audit.findings import Finding

EXACT, ROUGH, ABOUT_ONE = 1e-3, 0.02, 0.2
MAX_TERMS = 4
SLACK = 1.3  # unexplained share that is allowed after removing columns, relative to that of all columns
JITTER = 1e-10  # columns that are sums of others make the equations singular
RCOND = 1e-9
MAX_ROWS, MAX_COLUMNS = 20_000, 300


class Fit(NamedTuple):
    """Columns, their coefficients, and the share of the target that they leave unexplained."""

    columns: list[int]
    coef: np.ndarray
    unexplained: float


def find_sum(names: list[str], X: np.ndarray, y: np.ndarray, target: str) -> Finding | None:
    """Return the finding that some columns of `X` add up (or multiply) to `y`, or None.

    Parameters
    ----------
    names : list of str
    X : ndarray of shape (n_rows, n_columns)
        Numbers, missing as NaN: such rows are ignored, and columns with more than 10% missing.
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
    found = _fit_terms(own, goal)
    if found is not None:
        return _finding([names[usable[k]] for k in found.columns], found, target, product=False)
    positive = np.flatnonzero((own > 0).all(axis=0))
    if len(positive) >= 2 and (goal > 0).all():
        found = _fit_terms(np.log(own[:, positive]), np.log(goal))
        if found is not None:
            return _finding([names[usable[positive[k]]] for k in found.columns], found, target, product=True)
    return None


def _fit_terms(X: np.ndarray, y: np.ndarray) -> Fit | None:
    """Return the few columns whose weighted sum is y, or None."""
    unit, size = np.abs(X).max(axis=0), np.abs(y).max()
    X, y = centred(X), centred(y)
    norm, spread = np.sqrt((X**2).sum(axis=0)), np.sqrt(y @ y)
    if not (norm > 0).all() or not spread > 0:
        return None
    X, y = X / norm, y / spread
    unexplained = 1 - float(np.sum(np.linalg.lstsq(X, y, rcond=RCOND)[0] @ (X.T @ y)))
    if unexplained > ROUGH:
        return None
    columns = _eliminate(X, y, max(SLACK * unexplained, EXACT / 2))
    if not 1 < len(columns) <= MAX_TERMS:
        return None
    coef = np.linalg.lstsq(X[:, columns], y, rcond=RCOND)[0]
    residual = y - X[:, columns] @ coef
    order = np.argsort(-np.abs(coef), kind="stable")
    in_units = coef * (spread / norm[columns]) * (size / unit[columns])
    fit = Fit([int(columns[k]) for k in order], in_units[order], float(residual @ residual))
    return fit if _is_close(fit) else None


def _eliminate(X: np.ndarray, y: np.ndarray, limit: float) -> np.ndarray:
    """Return the columns that remain after removing columns as long as at most `limit` is unexplained."""
    inverse = np.linalg.inv(X.T @ X + JITTER * np.eye(X.shape[1]))
    Xty, columns = X.T @ y, np.arange(X.shape[1])
    while len(columns) > 1:
        coef = inverse @ Xty
        cost = coef**2 / np.diag(inverse)
        j = int(cost.argmin())
        if 1 - float(coef @ Xty) + cost[j] > limit:
            break
        kept = np.arange(len(columns)) != j
        inverse = (inverse - np.outer(inverse[:, j], inverse[j]) / inverse[j, j])[np.ix_(kept, kept)]
        Xty, columns = Xty[kept], columns[kept]
    return columns


def _is_close(fit: Fit) -> bool:
    own_unit = np.abs(np.abs(fit.coef) - 1).max() <= ABOUT_ONE
    return bool(fit.unexplained <= EXACT or (fit.unexplained <= ROUGH and own_unit))


def _finding(names: list[str], fit: Fit, target: str, *, product: bool) -> Finding:
    parts = []
    tolerance = 0.005 if fit.unexplained <= EXACT else ABOUT_ONE
    for name, coef in zip(names, fit.coef, strict=True):
        size = abs(coef)
        is_one = abs(size - 1) <= tolerance
        if product:
            sign = " / " if coef < 0 else " * "
            parts.append((sign, repr(name) if is_one else f"{name!r}^{size:.3g}"))
        else:
            parts.append((" - " if coef < 0 else " + ", repr(name) if is_one else f"{size:.3g} * {name!r}"))
    head = parts[0][1] if parts[0][0] in (" + ", " * ") else f"{parts[0][0].strip()}{parts[0][1]}"
    formula = head + "".join(sign + part for sign, part in parts[1:])
    share = min(1 - fit.unexplained, 0.9999)
    nearly = "" if fit.unexplained <= 1e-6 else "nearly "
    return Finding(
        kind="sum",
        level="block",
        columns=tuple(names),
        message=f"{target!r} is {nearly}computed from other columns: {formula} explains {share:.2%} of it",
        remedy="Leave out those that are not known when you predict.",
        score=1 - fit.unexplained,
    )
