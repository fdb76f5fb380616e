"""Predicting: the raw scores of rows, tree by tree.

    score(x)_k = baseline_k + sum over trees t of output k of value_t(leaf of x in t)

A row finds its leaves by itself and their values are added in the order of the trees, so its score has the same bits
alone and among others. An infinite value makes the row's scores NaN, and so is found.

There are two ways to the leaves. Fewer than 64 rows are walked down, node by node (`walking`). Of more, all conditions of
a tree are looked at (`conditions`): several times as much to do, but for eight rows at once and without waiting for
memory, as long as the tree has no more leaves than a word has bits and no category decides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.models.trees.boosted import Trees
from groundup.models.trees.conditions import Conditions, add_by_conditions, conditions_of
from groundup.models.trees.walking import Walk, walk_of, walk_trees

_MANY = 64


class Ready(NamedTuple):
    """Trees ready to predict: to be walked, and by their conditions, where they have any (see `conditions_of`)."""

    walk: Walk
    conditions: Conditions | None


def ready_of(trees: Trees) -> Ready:
    """Return the trees ready to predict."""
    return Ready(walk_of(trees), conditions_of(trees))


def add_trees(X: np.ndarray, ready: Ready, baseline: np.ndarray, out_score: np.ndarray) -> None:
    """Set out_score (n_rows, n_outputs) to the baseline plus the trees' values; NaN for rows with an infinity."""
    if len(X) < _MANY or ready.conditions is None:
        walk_trees(X, *ready.walk, baseline, out_score)
    else:
        add_by_conditions(X, *ready.conditions, baseline, out_score)
