r"""Contributions to the output of any model: sampled Shapley values with background rows.

For an order of the columns and a background row b, start from b and replace its values by the row's own, column after
column: each replacement changes the output, and together they lead from f(b) to f(x). A column's contribution is the mean
of its changes over all background rows, each with one random order and its reverse (which removes most of the noise).

So contributions sum exactly to f(x) minus the mean of f over the background, for any number of orders; each has a
standard error. Nothing is assumed about the model; columns are treated as independent, so the model may have to predict
rows that cannot occur.

Cost: 2 n_background (n_columns + 1) predictions for a row (`n_predictions_per_row`).

Source: E. Strumbelj, I. Kononenko, An efficient explanation of individual classifications using game theory (2010);
R. Mitchell et al., Sampling permutations for Shapley value estimation (2022), antithetic sampling.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def n_predictions_per_row(n_background: int, n_columns: int) -> int:
    """Return how many predictions the explanation of one row needs."""
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
        From a matrix (n, width) to outputs (n, n_outputs).
    x : ndarray of shape (width,)
    background : ndarray of shape (n_background, width)
    parts : list of slice
        The matrix's columns that belong to each column of the table.
    seed : int
        Of the random orders.
    """
    draw = np.random.default_rng(seed)
    n_columns, n_background = len(parts), len(background)
    orders = [draw.permutation(n_columns) for _ in range(n_background)]
    inputs = np.empty((n_background, 2, n_columns + 1, len(x)), dtype=background.dtype)
    for b in range(n_background):
        for direction, order in enumerate((orders[b], orders[b][::-1])):
            inputs[b, direction] = background[b]
            for step, column in enumerate(order):
                inputs[b, direction, step + 1 :, parts[column]] = x[parts[column]]
    output = answer(inputs.reshape(-1, len(x)))
    output = output.reshape(n_background, 2, n_columns + 1, -1)
    steps = np.diff(output, axis=2)
    changes = np.empty((n_background, n_columns, output.shape[-1]))
    for b in range(n_background):
        changes[b, orders[b]] = (steps[b, 0] + steps[b, 1, ::-1]) / 2
    spread = changes.std(axis=0, ddof=1) if n_background > 1 else np.full(changes.shape[1:], np.nan)
    return changes.mean(axis=0), spread / np.sqrt(n_background), output[:, 0, 0].mean(axis=0)
