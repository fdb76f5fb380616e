"""Preprocessing: how the columns of a table are prepared for a family of models.

============= ============================= =========================== ==================================
preprocessing numbers                       categories                  for
============= ============================= =========================== ==================================
``linear``    imputed, centred and scaled   one column per level        linear models, networks, distances
``trees``     as they are, missing as NaN   one column of level codes   trees, whose splits need no scale
============= ============================= =========================== ==================================

Clustering uses ``linear``: distances need numbers of one scale, and levels that are all equally far apart.

Why codes for trees: one column each, without looking at the target. A model with categories of its own (boosting) takes
the codes of up to ``plan.NATIVE_LEVELS`` levels as categories, and splits them by sets of levels. The RMSE falls from 609
to 595 on diamonds and from 24,830 to 24,230 on the Ames houses; on adult and telco the ROC AUC stays as it is (mean of
five splits, docs/design/0013). Beyond some dozens of levels such splits fit noise, and codes in order of their frequency
do better (taxi fares by 72 and 83 zones: 4.28 against 4.35).
"""

from __future__ import annotations

from typing import NamedTuple

from groundup.models.estimator import describe


class Preprocessing(NamedTuple):
    """What to do with each kind of column.

    Attributes
    ----------
    fills : bool
        Replace a missing number by the median, and mark in a further column that it was missing.
    scales : bool
        Centre numbers to mean 0 and scale them to standard deviation 1.
    one_hot : bool
        One column per level; else one column of level codes.
    max_levels : int
        Levels of a category that are told apart; the rarest of more levels are treated as one.
    """

    fills: bool
    scales: bool
    one_hot: bool
    max_levels: int


PREPROCESSING = {
    "linear": Preprocessing(fills=True, scales=True, one_hot=True, max_levels=50),
    # Boosting has 255 bins for the values of a column.
    "trees": Preprocessing(fills=False, scales=False, one_hot=False, max_levels=254),
}


def preprocessing_of(learner) -> str:
    """Return the preprocessing for a model (an estimator or its class): the one it describes, or one by its tags.

    A model that describes none and accepts missing values (scikit-learn's tag ``allow_nan``) is prepared for as a tree;
    any other needs complete numbers of one scale.
    """
    described = describe(learner if isinstance(learner, type) else type(learner)).preprocessing
    if described in PREPROCESSING:
        return described
    tags = getattr(learner() if isinstance(learner, type) else learner, "__sklearn_tags__", None)
    return "trees" if tags is not None and tags().input_tags.allow_nan else "linear"
