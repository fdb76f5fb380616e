r"""Deal the rows of a table into train, valid and test, and the train part into folds.

Three rules, by the contract: rows in *time* order are cut at the shares, equal times on one side; *groups* go to one part
as a whole; otherwise rows are dealt at random, classes in equal proportion (stratified). A regression is dealt at random:
strata of the target would narrow the spread of the three means below that of fresh rows, and the test score must be
that of fresh rows.

Random means: row i gets the i-th 64-bit word of PCG64(seed), a stream that NumPy guarantees for ever, and rows are
ordered by word. So a split depends on the seed, the number of rows, the target's labels and the groups, nothing else.
Rows without a target are in no part. Cost: a sort of the rows; 0.2 s for a million.


Cut the rows of one part into folds: by class, by group, or by time.

Groups are dealt as scikit-learn's ``StratifiedGroupKFold`` deals them (largest spread first, each to where it evens out
the classes best), in our own order of ties, so that the deal is a function of the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError
from groundup.tables.contract.contract import Contract
from groundup.tables.sources.frames import as_frame
from groundup.tables.table import Note, Table

SHARES = (0.70, 0.15, 0.15)
_PARTS = ("train", "valid", "test")


class Fold(NamedTuple):
    """Row numbers of one fold: fitted on `train`, judged on `valid`. Both are parts of the split's train part."""

    train: np.ndarray
    valid: np.ndarray


class Keys(NamedTuple):
    """What a deal looks at, for every row: class codes, group codes, times; empty where the rule does not need it."""

    classes: np.ndarray
    groups: np.ndarray
    times: np.ndarray

    def take(self, rows: np.ndarray) -> Keys:
        """Return the keys of `rows`."""
        return Keys(*(key[rows] if len(key) else key for key in self))


_NOTHING = np.empty(0, dtype=np.int64)
_NO_KEYS = Keys(_NOTHING, _NOTHING, _NOTHING)


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers (int64, from 0, ascending; in time order for a split by time) of the three parts.

    Attributes
    ----------
    train, valid, test : ndarray of int64
    rule : str
        random, stratified, grouped or time.
    seed : int
    notes : tuple of Note
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    rule: str
    seed: int
    notes: tuple[Note, ...] = ()
    keys: Keys = field(default=_NO_KEYS, repr=False)

    @property
    def development(self) -> np.ndarray:
        """Rows of train and valid together, ordered as they are."""
        both = np.concatenate([self.train, self.valid])
        return both if self.rule == "time" else np.sort(both)

    def folds(self, k: int = 5, *, seed: int | None = None) -> list[Fold]:
        """Cut the train part into `k` folds by the split's own rule.

        Every train row is judged once, except that a class never leaves the training side of a fold: a class of one
        row is always trained on. By time the folds expand: fold i trains on the first i of k + 1 stretches and is
        judged on the next, so the first stretch is never judged. A fold whose training side has one class only is left
        out.

        Parameters
        ----------
        k : int
            Folds wanted; fewer where the part has fewer rows or groups.
        seed : int, optional
            Another deal of the same rows (repeated cross-validation); the split's seed where None.
        """
        return folds_of(
            self.train, self.keys.take(self.train), self.rule, k, self.seed if seed is None else seed
        )


def split(
    table: Table | pl.DataFrame, contract: Contract, seed: int = 0, shares: Sequence[float] = SHARES
) -> Split:
    """Deal the rows of `table` into train, valid and test as `contract` asks.

    Parameters
    ----------
    table : Table or frame
    contract : Contract
        Its task, target, time and group choose the rule.
    seed : int
    shares : three numbers
        Of train, valid and test; they must sum to 1.

    Raises
    ------
    UsageError
        Shares that are none, or a contract with both a time and a group.
    GroundupError
        Fewer than three rows with a target, or fewer than three groups.
    """
    shares = _checked(shares)
    frame = as_frame(table)
    rule = _rule(contract)
    rows = _labelled(frame, contract)
    if len(rows) < 3:
        raise GroundupError(
            f"{len(rows)} row{'' if len(rows) == 1 else 's'} cannot be dealt into train, valid and test.",
            hint="At least three rows with a target are needed; fifty or more make the scores mean something.",
        )
    keys = _keys(frame, contract)
    deal = {"time": _by_time, "grouped": _by_group, "stratified": _by_class, "random": _at_random}[rule]
    parts, notes = deal(rows, keys.take(rows), shares, seed)
    for name, part in zip(_PARTS, parts, strict=True):
        if len(part) == 0:
            raise GroundupError(
                f"The {name} part would be empty: {len(rows)} rows, rule {rule!r}.",
                hint="Add rows, or choose other shares.",
            )
    if len(rows) < 50:
        notes.append(Note("split", f"{len(rows)} rows in all: every score will be uncertain"))
    train, valid, test = (part if rule == "time" else np.sort(part) for part in parts)
    return Split(train, valid, test, rule, seed, tuple(notes), keys)


def shuffled(n_rows: int, seed: int) -> np.ndarray:
    """Return 0 .. n_rows - 1 in an order that depends on `seed` and `n_rows` only."""
    return np.argsort(np.random.PCG64(seed).random_raw(n_rows), kind="stable")


def _checked(shares: Sequence[float]) -> tuple[float, ...]:
    shares = tuple(float(s) for s in shares)
    if len(shares) != 3 or min(shares, default=-1) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise UsageError(f"Shares must be three positive numbers that sum to 1, not {shares}.")
    return shares


def _rule(contract: Contract) -> str:
    if contract.time is not None and contract.group is not None:
        raise UsageError(
            "A split can be by time or by group, not both.",
            hint="Give --group where the same subject returns, --time where the future is to be predicted.",
        )
    if contract.time is not None:
        return "time"
    if contract.group is not None:
        return "grouped"
    return "stratified" if contract.n_labels else "random"


def _labelled(frame: pl.DataFrame, contract: Contract) -> np.ndarray:
    for name in (contract.target, contract.time, contract.group):
        if name is not None and name not in frame.columns:
            raise UsageError(f"The table has no column {name!r}, which the contract names.")
    if contract.target is None:
        return np.arange(frame.height)
    return frame[contract.target].is_not_null().arg_true().to_numpy().astype(np.int64)


def _keys(frame: pl.DataFrame, contract: Contract) -> Keys:
    classes = groups = times = _NOTHING
    if contract.n_labels and contract.target is not None:
        target = frame[contract.target]
        classes = np.full(frame.height, -1, dtype=np.int64)
        rows = target.is_not_null().arg_true().to_numpy()
        values = contract.target_values(frame, rows)
        classes[rows] = np.searchsorted(contract.classes, values)
    if contract.group is not None:
        # Codes by first appearance; rows without a group are one group each: nothing says they belong together.
        column = frame[contract.group]
        first = pl.DataFrame({"g": column, "r": pl.arange(frame.height, eager=True)}).select(
            pl.when(pl.col("g").is_null()).then("r").otherwise(pl.col("r").min().over("g")).alias("c")
        )
        groups = first["c"].to_numpy().astype(np.int64)
    if contract.time is not None:
        column = frame[contract.time]
        if column.null_count():
            row = int(column.is_null().arg_true()[0]) + 1
            raise GroundupError(
                f"{column.null_count():,} rows have no time, so they have no place in time order.",
                hint="Fill the times in, or split without --time.",
                row=row,
                column=contract.time,
            )
        times = column.to_physical().to_numpy()
    return Keys(classes, groups, times)


def counts_of(n: int, shares: Sequence[float], first: Sequence[int]) -> list[int]:
    """Return `n` dealt by `shares` in whole numbers (largest remainder); with few, part by part in the order `first`.

    Every part gets one before any gets its share, as far as `n` reaches.
    """
    if n < len(shares):
        return [int(part in first[:n]) for part in range(len(shares))]
    exact = [n * share for share in shares]
    got = [max(1, int(x)) for x in exact]
    while sum(got) < n:
        got[max(range(len(got)), key=lambda i: (exact[i] - got[i], -i))] += 1
    while sum(got) > n:
        got[max(range(len(got)), key=lambda i: (got[i] > 1, got[i] - exact[i], -i))] -= 1
    return got


def _cut(rows: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    return np.split(rows, np.cumsum(counts)[:-1])


def _at_random(rows: np.ndarray, keys: Keys, shares, seed: int):
    return _cut(rows[shuffled(len(rows), seed)], counts_of(len(rows), shares, (0, 2, 1))), []


def _by_class(rows: np.ndarray, keys: Keys, shares, seed: int):
    """Deal class by class; a class of one row goes to train, of two to train and test."""
    order = shuffled(len(rows), seed)
    by_class = order[np.argsort(keys.classes[order], kind="stable")]
    sizes = np.bincount(keys.classes)
    totals = counts_of(len(rows), shares, (0, 2, 1))
    parts: list[list[np.ndarray]] = [[], [], []]
    notes, start, owed = [], 0, np.zeros(3)
    for size in sizes[sizes > 0]:
        counts = _class_counts(int(size), shares, owed)
        owed += np.array(shares) * size - counts
        for part, taken in zip(parts, _cut(by_class[start : start + size], counts), strict=True):
            part.append(rows[taken])
        start += size
    few = int(np.sum((sizes > 0) & (sizes < 3)))
    if few:
        notes.append(Note("split", f"{few} classes have fewer than three rows, so not every part has them"))
    dealt = [np.concatenate(part) for part in parts]
    if min(len(part) for part in dealt) == 0:
        return _cut(rows[order], totals), [Note("split", "too few rows for equal proportions of the classes")]
    return dealt, notes


def _class_counts(size: int, shares, owed: np.ndarray) -> list[int]:
    """Return how many of `size` rows each part gets: its share, what rounding owes it from the classes before, and one
    at the least.
    """
    if size < 3:
        return counts_of(size, shares, (0, 2, 1))
    exact = size * np.array(shares) + owed
    got = np.maximum(1, np.floor(size * np.array(shares)).astype(int))
    while got.sum() < size:
        got[np.argmax(exact - got)] += 1
    while got.sum() > size:
        got[np.argmax(np.where(got > 1, got - exact, -np.inf))] -= 1
    return got.tolist()


def _by_group(rows: np.ndarray, keys: Keys, shares, seed: int):
    """Deal whole groups, the largest first, each to the part that lacks most of what it brings."""
    part_of, n_groups = deal_groups(keys.groups, keys.classes, shares, seed)
    if n_groups < 3:
        raise GroundupError(
            f"{n_groups} group{'' if n_groups == 1 else 's'} cannot be dealt into train, valid and test.",
            hint="At least three groups are needed.",
        )
    parts = [rows[part_of == p] for p in range(3)]
    told = ", ".join(f"{name} {len(part) / len(rows):.1%}" for name, part in zip(_PARTS, parts, strict=True))
    off = max(abs(len(part) / len(rows) - share) for part, share in zip(parts, shares, strict=True))
    return parts, [Note("split", f"groups are uneven: {told}")] if off > 0.03 else []


def _by_time(rows: np.ndarray, keys: Keys, shares, seed: int):
    order = np.argsort(keys.times, kind="stable")
    times = keys.times[order]
    ends = np.cumsum(counts_of(len(rows), shares, (0, 2, 1)))[:-1].tolist()
    cuts = cuts_between_times(times, ends)
    if cuts is None:
        raise GroundupError(
            f"The times take {len(np.unique(times))} different values: too few to cut them into three parts.",
            hint="Split without --time, or give a finer time column.",
        )
    moved = int(np.max(np.abs(np.array(cuts) - ends)))
    notes = (
        [Note("split", f"cuts moved by up to {moved:,} rows so that equal times stay together")]
        if moved
        else []
    )
    return np.split(rows[order], cuts), notes


def cuts_between_times(times: np.ndarray, wanted: Sequence[int]) -> list[int] | None:
    """Return cuts of sorted `times` near `wanted`, never between equal times, strictly rising; None where impossible."""
    changes = np.flatnonzero(times[1:] != times[:-1]) + 1
    if len(changes) < len(wanted):
        return None
    cuts: list[int] = []
    for k, want in enumerate(wanted):
        free = changes[
            len(cuts) and np.searchsorted(changes, cuts[-1], "right") : len(changes) - (len(wanted) - 1 - k)
        ]
        if len(free) == 0:
            return None
        cuts.append(int(free[np.argmin(np.abs(free - want))]))
    return cuts


_MANY_GROUPS = 5000  # beyond, groups are dealt in random order by running size: as even, and fast


def folds_of(rows: np.ndarray, keys, rule: str, k: int, seed: int) -> list:
    """Return the folds of `rows`; see ``Split.folds``."""
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
