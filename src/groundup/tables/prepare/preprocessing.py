"""Flavours: what a family of learners wants of its matrix.

=========== ============================= =========================== ==================================
flavour     numbers                       categories                  for
=========== ============================= =========================== ==================================
``linear``  imputed, centred and scaled   one column per level        linear models, networks, distances
``trees``   as they are, missing as NaN   one column of level codes   trees, whose splits need no scale
=========== ============================= =========================== ==================================

Clustering takes ``linear``: distances need numbers of one scale, and levels that are all equally far apart.

Why codes for trees: with codes in order of the levels' values, boosting does as well as with one column per level or
with levels ordered by the mean of the target (diamonds RMSE 539 against 546 and 542, california 46,100 against 46,200
and 45,900, telco ROC AUC 0.842 each; mean of three splits), with the fewest columns and without looking at the target.
Where levels are many, their frequency says more than their spelling (taxi fares by zones: 3.76 against 3.87).
"""

from __future__ import annotations

from typing import NamedTuple


class Flavour(NamedTuple):
    """What to do with each kind of column.

    Attributes
    ----------
    fills : bool
        Put the median in place of a missing number, and say in a column of its own that it was missing.
    scales : bool
        Centre numbers to mean 0 and scale them to standard deviation 1.
    one_hot : bool
        One column per level; else one column of level codes.
    max_levels : int
        Levels of a category that keep a place of their own; the rarest beyond share one.
    """

    fills: bool
    scales: bool
    one_hot: bool
    max_levels: int


FLAVOURS = {
    "linear": Flavour(fills=True, scales=True, one_hot=True, max_levels=50),
    # Boosting has 255 bins for the values of a column.
    "trees": Flavour(fills=False, scales=False, one_hot=False, max_levels=254),
}


def flavour_of(learner) -> str:
    """Return the flavour that suits `learner` (an estimator or a class of one).

    A learner may say so itself by a class attribute ``flavour``. Else one that takes missing values as they are (the
    ``allow_nan`` input tag) is a tree; any other needs complete numbers of one scale.
    """
    from groundup.errors import UsageError, nearest

    said = getattr(learner, "flavour", None)
    if isinstance(said, str):
        if said not in FLAVOURS:
            raise UsageError(f"{learner!r} asks for the flavour {said!r}.{nearest(said, FLAVOURS)}")
        return said
    tags = getattr(learner() if isinstance(learner, type) else learner, "__sklearn_tags__", None)
    return "trees" if tags is not None and tags().input_tags.allow_nan else "linear"
