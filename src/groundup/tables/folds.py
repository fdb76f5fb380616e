"""Cut the rows of one part into folds: by class, by group, or by time.

Groups are dealt as scikit-learn's ``StratifiedGroupKFold`` deals them (largest spread first, each to where it evens out
the classes best), in our own order of ties, so that the deal is a function of the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groundup.errors import GroundupError, UsageError

_MANY_GROUPS = 5000  # beyond, groups are dealt in random order by running size: as even, and fast


def folds_of(rows: np.ndarray, keys, rule: str, k: int, seed: int) -> list:
    """Return the folds of `rows`; see ``Split.folds``."""
    from groundup.tables.parts import Fold

    if k < 2:
        raise UsageError(f"Cross-validation needs at least 2 folds, not {k}.")
    if rule == "time":
        return _teaching(_expanding(rows, keys.times, k), rows, keys.classes)
    if rule == "grouped":
        fold_of, n_groups = deal_groups(keys.groups, keys.classes, [1 / k] * k, seed)
        if n_groups < 2:
            raise GroundupError("The train part has one group only: it cannot be cut into folds.")
        if len(keys.classes):
            fold_of = _keep_classes(fold_of, keys.classes)
    else:
        fold_of = _dealt(len(rows), keys.classes, k, seed)
    folds = [Fold(rows[fold_of != i], rows[fold_of == i]) for i in range(k)]
    folds = [fold for fold in folds if len(fold.valid) and len(fold.train)]
    return _teaching(folds, rows, keys.classes)


def _teaching(folds: list, rows: np.ndarray, classes: np.ndarray) -> list:
    """Return the folds whose training side has two classes at least: from one class no classifier can learn.

    By time, a class may be late in coming; a group may hold all rows of a class.
    """
    if not len(classes):
        return folds
    order = np.argsort(rows, kind="stable")
    kept = []
    for fold in folds:
        taught = classes[order[np.searchsorted(rows, fold.train, sorter=order)]]
        if taught.min() != taught.max():
            kept.append(fold)
    if folds and not kept:
        raise GroundupError(
            "No fold of the train part has two classes to learn from.",
            hint="Rows of the second class come too late, or in too few groups: add some, or split otherwise.",
        )
    return kept


def _dealt(n_rows: int, classes: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the fold of every row, class by class in turn; -1 for a class of one row, which is always trained on."""
    from groundup.tables.parts import shuffled

    if n_rows < 2:
        raise GroundupError(f"{n_rows} row cannot be cut into folds.")
    order = shuffled(n_rows, seed)
    if len(classes):
        order = order[np.argsort(classes[order], kind="stable")]
    fold_of = np.empty(n_rows, dtype=np.int64)
    fold_of[order] = np.arange(n_rows) % k
    if len(classes):
        fold_of[np.bincount(classes)[classes] == 1] = -1
    return fold_of


def _keep_classes(fold_of: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return `fold_of` with -1 (always trained on) for rows of a class that lives in one fold only."""
    for code in np.unique(classes):
        mine = classes == code
        if len(np.unique(fold_of[mine])) == 1:
            fold_of = np.where(mine, -1, fold_of)
    return fold_of


def _expanding(rows: np.ndarray, times: np.ndarray, k: int) -> list:
    from groundup.tables.parts import Fold, cuts_between_times

    order = np.argsort(times, kind="stable")
    ordered = times[order]
    for stretches in range(min(k, len(np.unique(ordered)) - 1), 0, -1):
        wanted = [round(len(rows) * (i + 1) / (stretches + 1)) for i in range(stretches)]
        cuts = cuts_between_times(ordered, wanted)
        if cuts is not None:
            ends = [*cuts, len(rows)]
            return [
                Fold(rows[order[: ends[i]]], rows[order[ends[i] : ends[i + 1]]]) for i in range(stretches)
            ]
    raise GroundupError("The train part has one time only: it cannot be cut into folds by time.")


def deal_groups(
    groups: np.ndarray, classes: np.ndarray, shares: Sequence[float], seed: int
) -> tuple[np.ndarray, int]:
    """Return the part of every row, groups kept whole, and the number of groups.

    Sizes (and class counts) of the parts come as near to `shares` as whole groups allow; every part gets a group while
    there are enough.
    """
    from groundup.tables.parts import shuffled

    names, codes = np.unique(groups, return_inverse=True)
    order = shuffled(len(names), seed)
    if len(names) > _MANY_GROUPS:
        sizes = np.bincount(codes)[order]
        middle = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
        part = np.empty(len(names), dtype=np.int64)
        part[order] = np.minimum(np.searchsorted(np.cumsum(shares), middle, "right"), len(shares) - 1)
        return part[codes], len(names)
    labels = (
        np.zeros(len(codes), dtype=np.int64)
        if not len(classes)
        else np.unique(classes, return_inverse=True)[1]
    )
    counts = np.zeros((len(names), labels.max() + 1))
    np.add.at(counts, (codes, labels), 1)
    return _greedy(counts, order, np.array(shares))[codes], len(names)


def _greedy(counts: np.ndarray, order: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the part of every group; `counts` (groups, classes) holds its rows by class."""
    totals = counts.sum(axis=0)
    wanted = np.outer(shares, totals)  # rows of each class that each part should get
    held = np.zeros_like(wanted)
    empty = np.ones(len(shares), dtype=bool)
    part = np.empty(len(counts), dtype=np.int64)
    largest_first = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    weight = 1 / np.maximum(totals, 1)
    for left, group in zip(range(len(counts), 0, -1), largest_first, strict=True):
        # What is still wanted after this group is a squared distance per part; take the part that gains most.
        lack = wanted - held
        gain = (((lack**2 - (lack - counts[group]) ** 2) * weight) / np.maximum(wanted, 1e-12)).sum(axis=1)
        if left <= empty.sum():
            gain = np.where(empty, gain, -np.inf)
        part[group] = best = int(np.argmax(gain))
        held[best] += counts[group]
        empty[best] = False
    return part
