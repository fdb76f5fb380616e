r"""Contributions to the answer of any model, by trying: sampled Shapley values against background rows.

For an order of the columns and a background row b, begin with b and put in the row's own values, column after column:
each changes the answer by something, and together they lead from f(b) to f(x). A column's contribution is the mean of
its changes over all background rows, each with one drawn order and its reverse (which takes most of the noise out).

So contributions sum to f(x) minus the mean of f over the background, exactly, however few orders are drawn; each alone
has the standard error that is told. Nothing is assumed about the model; columns are taken as independent, so it may be
asked about rows that cannot exist.

Cost: 2 n_background (n_columns + 1) answers for a row (`answers_of_a_row`).

Source: E. Strumbelj, I. Kononenko, An efficient explanation of individual classifications using game theory (2010);
R. Mitchell et al., Sampling permutations for Shapley value estimation (2022), antithetic sampling.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def answers_of_a_row(n_background: int, n_columns: int) -> int:
    """Return how many answers of the model one row costs."""
    return 2 * n_background * (n_columns + 1)


def sampled_contributions(
    answer: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    background: np.ndarray,
    parts: list[slice],
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return contributions (n_columns, n_outputs), their standard errors, and the base (n_outputs,) for one row.

    Parameters
    ----------
    answer : callable
        From a matrix (n, width) to answers (n, n_outputs).
    x : ndarray of shape (width,)
    background : ndarray of shape (n_background, width)
    parts : list of slice
        The matrix's columns that belong to each column of the table.
    seed : int
        Of the orders; equal seeds give equal values.
    """
    draw = np.random.default_rng(seed)
    n_columns, n_behind = len(parts), len(background)
    orders = [draw.permutation(n_columns) for _ in range(n_behind)]
    asked = np.empty((n_behind, 2, n_columns + 1, len(x)), dtype=background.dtype)
    for b in range(n_behind):
        for way, order in enumerate((orders[b], orders[b][::-1])):
            asked[b, way] = background[b]
            for step, column in enumerate(order):
                asked[b, way, step + 1 :, parts[column]] = x[parts[column]]
    said = answer(asked.reshape(-1, len(x)))
    said = said.reshape(n_behind, 2, n_columns + 1, -1)
    steps = np.diff(said, axis=2)
    changes = np.empty((n_behind, n_columns, said.shape[-1]))
    for b in range(n_behind):
        changes[b, orders[b]] = (steps[b, 0] + steps[b, 1, ::-1]) / 2
    spread = changes.std(axis=0, ddof=1) if n_behind > 1 else np.full(changes.shape[1:], np.nan)
    return changes.mean(axis=0), spread / np.sqrt(n_behind), said[:, 0, 0].mean(axis=0)
