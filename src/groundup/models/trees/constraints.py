"""Constraints on features: which are categorical, which are monotonic, which may interact."""

from __future__ import annotations

import itertools
from numbers import Integral

import numpy as np


def categorical_mask(
    wanted, by_dtype: np.ndarray | None, names: list | None, n_features: int
) -> np.ndarray | None:
    """Return a mask of the categorical features (None: there are none), from the parameter ``categorical_features``.

    Parameters
    ----------
    wanted : None, 'from_dtype', or an array of a mask, indices or names
    by_dtype : ndarray of bool or None
        Which columns of a table have a categorical type.
    names : list of str or None
    """
    if wanted is None or (isinstance(wanted, str) and by_dtype is None):
        return None
    wanted = np.asarray(by_dtype if isinstance(wanted, str) else wanted)
    if not wanted.size:
        return None
    texts = wanted.dtype.kind == "U" or (wanted.dtype.kind == "O" and all(isinstance(w, str) for w in wanted))
    if wanted.dtype.kind not in "ib" and not texts:
        raise ValueError(
            f"categorical_features must be an array-like of bool, int or str, got: {wanted.dtype.name}."
        )
    mask = np.zeros(n_features, bool)
    if wanted.dtype.kind == "b":
        if wanted.shape != (n_features,):
            raise ValueError(
                f"categorical_features set as a boolean mask must have shape (n_features,), got: {wanted.shape}"
            )
        mask = wanted
    elif texts:
        if names is None:
            raise ValueError(
                "categorical_features should be passed as an array of integers or as a boolean mask when the model is "
                "fitted on data without feature names."
            )
        for name in wanted:
            if name not in names:
                raise ValueError(
                    f"categorical_features has an item value '{name}' which is not a valid feature name of the training "
                    f"data. Observed feature names: {names}"
                )
            mask[names.index(name)] = True
    else:
        if wanted.max() >= n_features or wanted.min() < 0:
            raise ValueError("categorical_features set as integer indices must be in [0, n_features - 1]")
        mask[wanted] = True
    return mask if mask.any() else None


def monotonic_signs(
    wanted, names: list | None, n_features: int, categorical: np.ndarray | None
) -> np.ndarray:
    """Return int8 (n_features,) of 1, -1 and 0 from ``monotonic_cst``, of length 0 if nothing is constrained."""
    if wanted is None:
        return np.zeros(0, np.int8)
    if isinstance(wanted, dict):
        if names is None:
            raise ValueError("The fit has no feature names: pass monotonic_cst as an integer array instead.")
        unknown = sorted(set(wanted) - set(names))
        if unknown:
            raise ValueError(
                f"monotonic_cst contains {len(unknown)} unexpected feature names: {unknown[:5]}."
            )
        wanted = [wanted.get(name, 0) for name in names]
    wanted = np.asarray(wanted)
    if wanted.shape != (n_features,):
        raise ValueError(
            f"monotonic_cst has shape {wanted.shape} but the input data X has {n_features} features."
        )
    if not np.isin(wanted, (-1, 0, 1)).all():
        raise ValueError("monotonic_cst must be an array-like of -1, 0 or 1.")
    if categorical is not None and (wanted[categorical] != 0).any():
        raise ValueError("Categorical features cannot have monotonic constraints.")
    return wanted.astype(np.int8) if wanted.any() else np.zeros(0, np.int8)


def interaction_groups(wanted, n_features: int) -> tuple[frozenset[int], ...] | None:
    """Return the groups of features that may occur on one path, from ``interaction_cst``; other features form a group."""
    if wanted is None:
        return None
    if wanted == "no_interactions":
        wanted = [[f] for f in range(n_features)]
    elif wanted == "pairwise":
        wanted = itertools.combinations(range(n_features), 2) if n_features > 1 else [[0]]
    try:
        groups = [frozenset(group) for group in wanted]
    except TypeError:
        raise ValueError(
            f"Interaction constraints must be a sequence of tuples or lists, got: {wanted!r}."
        ) from None
    for group in groups:
        if not all(isinstance(f, Integral) and 0 <= f < n_features for f in group):
            raise ValueError(
                "Interaction constraints must consist of integer indices in [0, n_features - 1] = "
                f"[0, {n_features - 1}], specifying the position of features, got invalid indices: {set(group)!r}"
            )
    rest = frozenset(range(n_features)).difference(*groups)
    return (*groups, rest) if rest else tuple(groups)
