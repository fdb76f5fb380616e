"""The settings of boosting and of decision trees that a comparison tries, and the bounds within which boosting is tuned.

Boosting stops early on a tenth of its training rows. Below ``FEW_ROWS`` such a tenth is too small to stop by, and the
numbers of iterations are fixed.
"""

from __future__ import annotations

from typing import Any

from groundup.models.estimator import Choice, Integer, LogUniform

FEW_ROWS = 1_000

_BOOSTING: tuple[dict[str, Any], ...] = (
    {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20},
    {"learning_rate": 0.05, "max_leaf_nodes": 31, "min_samples_leaf": 20, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 40, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_leaf_nodes": 63, "min_samples_leaf": 10, "l2_regularization": 3.0},
    {"learning_rate": 0.03, "max_leaf_nodes": 31, "min_samples_leaf": 30, "max_features": 0.5},
    {"learning_rate": 0.03, "max_leaf_nodes": 4, "min_samples_leaf": 20, "max_features": 0.5},
)
# (max_iter, learning_rate) in place of stopping early, for each of the above.
_FIXED_ITERATIONS = ((100, 0.1), (100, 0.05), (150, 0.03), (60, 0.1), (200, 0.03), (300, 0.02))

BOOSTING_SPACE = {
    "max_leaf_nodes": Integer(3, 127),
    "learning_rate": LogUniform(0.015, 0.2, factors=(0.6, 0.8, 1.0, 1.25)),
    "min_samples_leaf": Integer(2, 200, factors=(0.4, 0.7, 1.0, 1.5, 2.5)),
    "l2_regularization": Choice((0.0, 0.3, 1.0, 3.0, 10.0), stay=3),
    "max_features": Choice((0.3, 0.5, 0.7, 1.0)),
}

TREE_SPACE = {"min_samples_leaf": Integer(1, 200), "max_leaf_nodes": Integer(4, 512)}
TREE_PORTFOLIO = tuple(
    {"min_samples_leaf": rows, "max_leaf_nodes": leaves}
    for rows, leaves in ((20, 32), (20, 64), (20, 16), (10, 128), (20, 8))
)


def boosting_portfolio(n_rows: int) -> tuple[dict[str, Any], ...]:
    """Return the settings of boosting for so many training rows."""
    if n_rows >= FEW_ROWS:
        stopping = {"early_stopping": True}
        first = {"max_iter": 300, **stopping, "n_iter_no_change": 10}
        others = {"max_iter": 2000, **stopping, "n_iter_no_change": 20}
        return tuple({**(others if i else first), **setting} for i, setting in enumerate(_BOOSTING))
    return tuple(
        {"max_iter": n_iter, "early_stopping": False, **setting, "learning_rate": rate}
        for setting, (n_iter, rate) in zip(_BOOSTING, _FIXED_ITERATIONS, strict=True)
    )
