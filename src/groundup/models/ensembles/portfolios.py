"""The settings of a forest that a comparison tries.

A forest is the most costly model. Each of its trees draws at most ``MOST_ROWS``, few for the first setting and more for
the second, so that its cost is bounded for long tables, where boosting gains more from further rows in less time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groundup.models.estimator import Choice, Integer
from groundup.models.trees.portfolios import FEW_ROWS

MOST_ROWS = (10_000, 50_000)

FOREST_SPACE = {
    "min_samples_leaf": Integer(1, 100),
    "max_features": Choice(("sqrt", 0.2, 0.35, 0.5, 0.7, 1.0)),
}


def forest_portfolio(
    *settings: dict[str, Any], sampling: dict[str, Any] | None = None
) -> Callable[[int], tuple[dict[str, Any], ...]]:
    """Return the portfolio of a forest, a function of the number of training rows.

    Parameters
    ----------
    *settings : dict
        One for each of ``MOST_ROWS``, larger leaves first; few rows want small leaves, so they are swapped there.
    sampling : dict, optional
        Parameters besides ``max_samples`` that make the trees draw rows.
    """

    def portfolio(n_rows: int) -> tuple[dict[str, Any], ...]:
        ordered = settings[::-1] if n_rows < FEW_ROWS else settings
        return tuple(
            {
                **({"max_samples": round(most / n_rows, 4), **(sampling or {})} if n_rows > most else {}),
                **setting,
            }
            for most, setting in zip(MOST_ROWS, ordered, strict=True)
        )

    return portfolio
