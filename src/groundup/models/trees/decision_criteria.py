"""Criteria: how mixed a node is, and what a split of it is worth.

A node is summarised by sums over its rows, one vector of ``n_sums`` numbers:

- classification: the weight of each class, output after output;
- regression: the weight, then the weighted sum of each output (squared error: of y minus the node's mean, so that no
  digits are lost to a large mean).

With W the weight, p_c the share of class c, and l, r the two sides, a split's score is, up to a constant of the node,

    gini         sum_c W_l p_lc^2 + sum_c W_r p_rc^2            impurity  1 - sum_c p_c^2
    entropy      -W_l H(p_l) - W_r H(p_r)                       impurity  H(p) = -sum_c p_c log2 p_c
    squared      S_l^2 / W_l + S_r^2 / W_r                      impurity  mean of (y - mean)^2
    poisson      S_l log(S_l / W_l) + S_r log(S_r / W_r)        impurity  mean of y log(y / mean) - y + mean

summed over the outputs: the score less that of the unsplit node is W times the fall of the impurity (times n_outputs).
A split may not leave a side with a Poisson sum of 0, whose mean has no logarithm.
Absolute error: see `decision_absolute`.

Source: Breiman et al., Classification and Regression Trees (1984), chapters 4 and 8.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel

GINI, ENTROPY, SQUARED, POISSON, ABSOLUTE = 0, 1, 2, 3, 4
#: By scikit-learn's names.
CRITERIA = {
    "gini": GINI,
    "entropy": ENTROPY,
    "log_loss": ENTROPY,
    "squared_error": SQUARED,
    "poisson": POISSON,
    "absolute_error": ABSOLUTE,
}


@kernel(borrows=True)
def side_score(sums, offsets, criterion):
    """Score of one side (or of an unsplit node) from its sums; -inf where there is none."""
    score = 0.0
    if criterion == GINI:
        for k in range(offsets.size - 1):
            weight, squares = 0.0, 0.0
            for c in range(offsets[k], offsets[k + 1]):
                weight += sums[c]
                squares += sums[c] * sums[c]
            score += squares / weight
    elif criterion == ENTROPY:
        for k in range(offsets.size - 1):
            weight = 0.0
            for c in range(offsets[k], offsets[k + 1]):
                weight += sums[c]
            for c in range(offsets[k], offsets[k + 1]):
                if sums[c] > 0.0:
                    score += sums[c] * np.log2(sums[c] / weight)
    elif criterion == SQUARED:
        for k in range(1, offsets.size):
            score += sums[k] * sums[k] / sums[0]
    else:
        for k in range(1, offsets.size):
            if sums[k] <= 1e-14 * sums[0]:
                return -np.inf
            score += sums[k] * np.log(sums[k] / sums[0])
    return score


@kernel(borrows=True)
def class_impurity(sums, offsets, criterion):
    """Mean over the outputs of the Gini index or entropy."""
    total = 0.0
    for k in range(offsets.size - 1):
        weight = 0.0
        for c in range(offsets[k], offsets[k + 1]):
            weight += sums[c]
        part = 1.0 if criterion == GINI else 0.0
        for c in range(offsets[k], offsets[k + 1]):
            p = sums[c] / weight
            if criterion == GINI:
                part -= p * p
            elif p > 0.0:
                part -= p * np.log2(p)
        if part < 1e-15:  # one class: the rest is rounding
            part = 0.0
        total += part
    return total / (offsets.size - 1)
