"""The value of a leaf and the gain of a split: the formulas of second-order boosting.

With the sums G, H of the gradients and hessians of a node's rows (see `gradients`) and the penalty lambda t^2 / 2, a leaf
that adds t to the scores of its rows changes the expanded loss by

    G t + (H + lambda) t^2 / 2

This is least at the leaf's value t = -G / (H + lambda), where it is -G^2 / (2 (H + lambda)). Twice the decrease is the
node's score; the gain of a split is the amount by which its children's scores exceed the parent's:

    value(G, H) = -G / (H + lambda)
    score(G, H) = -G value(G, H) = G^2 / (H + lambda)
    gain        = score(G_l, H_l) + score(G_r, H_r) - score(G_l + G_r, H_l + H_r)

In a tree with monotonic constraints, values are clipped to the node's bounds before they enter the score. Where a bound
is active, the score is no longer twice the decrease of the loss; it still orders the candidates.

Who uses what: `splitting` searches by `split_score` and `node_score`, or by `bounded_gain` under monotonic constraints,
all in integer units (see `quantising`); `leaves` computes the final values by `leaf_value`.

Source: Chen and Guestrin, XGBoost (KDD 2016), equations 5 to 7.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel

#: A gain below this share of its terms is due to rounding, and counts as none.
ROUNDING = 1e-11
#: Keeps the value of a node without hessian finite.
_TINY = 1e-300


class Bounds(NamedTuple):
    """Interval for the values of a node and of its descendants, in units; unbounded by default.

    lower, upper : float.
    """

    lower: float = -np.inf
    upper: float = np.inf


UNBOUNDED = Bounds()


@kernel(inline=True)
def leaf_value(gradient, hessian, penalty, tiny):
    """Return -G / (H + penalty + tiny); `tiny` keeps it finite where both are 0."""
    return -gradient / (hessian + penalty + tiny)


@kernel(inline=True)
def node_score(gradient, hessian, penalty):
    """Return the score of one node: G^2 / (H + penalty)."""
    return gradient * gradient / (hessian + penalty + _TINY)


@kernel(inline=True)
def split_score(left_g, left_h, right_g, right_h, penalty, allowed):
    """Return the sum of the `node_score` of both children, with one division; 0 if the split is not allowed."""
    left, right = left_h + penalty, right_h + penalty
    score = (left_g * left_g * right + right_g * right_g * left) / (left * right if allowed else 1.0)
    return score if allowed else 0.0


@kernel(inline=True)
def bounded_value(gradient, hessian, penalty, bounds):
    """Return the value of a node, clipped to its bounds."""
    value = leaf_value(np.float64(gradient), np.float64(hessian), penalty, _TINY)
    return min(max(value, bounds.lower), bounds.upper)


@kernel(borrows=True)
def bounded_gain(gradient, hessian, total_gradient, total_hessian, direction, penalty, bounds):
    """Return the gain of a split whose left side has the sums (G, H), with values clipped to the bounds.

    direction : 1, -1 or 0: the left value must not exceed the right one, not be below it, or is free. The gain is 0 where
    the values are in the wrong order.
    """
    rest_g, rest_h = total_gradient - gradient, total_hessian - hessian
    left = bounded_value(gradient, hessian, penalty, bounds)
    right = bounded_value(rest_g, rest_h, penalty, bounds)
    if direction * left > direction * right:
        return 0.0
    own = np.float64(total_gradient) * bounded_value(total_gradient, total_hessian, penalty, bounds)
    a, b = np.float64(gradient) * left, np.float64(rest_g) * right
    gain = own - (a + b)
    return gain if gain > ROUNDING * (abs(a) + abs(b) + abs(own)) else 0.0
