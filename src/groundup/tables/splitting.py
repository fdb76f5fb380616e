"""Split the rows of a table into a training, a validation and a test set, and the training set into folds.

The contract selects one of three rules: with a *time* column, rows in time order are cut at the shares, equal times
together; with a *group* column, each group is assigned as a whole; otherwise rows are split at random, classification
with equal class proportions (stratified). A regression is not stratified: that would make the means of the three sets
more similar than those of new rows, and the test score must hold for new rows.

The random order: row i gets the i-th 64-bit word of PCG64(seed), a stream that NumPy guarantees not to change, and rows
are sorted by word. So a split depends only on the seed, the number of rows, the class labels and the groups. Rows
without a target value are in no set. Cost: a sort of the rows; 0.2 s for a million.

Groups are assigned as in scikit-learn's ``StratifiedGroupKFold`` (largest spread first, each to the set whose classes it
balances best), with a fixed order of ties, so that the result depends on the seed alone.

Rows may also be assigned beforehand, by a column or because they are in a file of their own (`Assignment`). The rule
then only takes the sets that are lacking from the rows of the training set, and makes the folds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError, nearest
from groundup.tables.contract.contract import Contract
from groundup.tables.sources.frames import as_frame
from groundup.tables.table import Note, Table
from groundup.text.numbers import format_percent, pluralize

SHARES = (0.70, 0.15, 0.15)
Shares = Sequence[float | int | None]
#: Returns the folds of the training set as positions among its rows: ``folding(rows, keys, k, seed)``.
Folding = Callable[[np.ndarray, "Keys", int, int], list[tuple[np.ndarray, np.ndarray]]]
#: The parts of a split, and what they are called.
PART_NAMES = {"train": "training set", "valid": "validation set", "test": "test set"}
_NAMES = tuple(PART_NAMES.values())
# Which sets get a row first if there are fewer rows than sets.
_FIRST = {2: (0, 1), 3: (0, 2, 1)}
_NOTHING = np.empty(0, dtype=np.int64)
_MANY_GROUPS = 5000  # with more, groups are assigned in random order by cumulative size: as even, and faster


class Fold(NamedTuple):
    """Row numbers of one fold: fitted on `train`, scored on `valid`, both from the training set."""

    train: np.ndarray
    valid: np.ndarray


class Keys(NamedTuple):
    """The inputs of a split, per row: class codes, group codes, times; empty where the rule does not need them."""

    classes: np.ndarray
    groups: np.ndarray
    times: np.ndarray

    def take(self, rows: np.ndarray) -> Keys:
        """Return the keys of `rows`."""
        return Keys(*(key[rows] if len(key) else key for key in self))


_NO_KEYS = Keys(_NOTHING, _NOTHING, _NOTHING)


class Assignment(NamedTuple):
    """Rows that are assigned beforehand.

    codes: per row of the table, 0 training (from which lacking sets are taken), 1 validation, 2 test, -1 no set.
    origins: set -> where its rows come from, in words. notes: what was decided on the way.
    """

    codes: np.ndarray
    origins: Mapping[str, str]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Row numbers (int64, from 0, ascending; in time order for a split by time) of the three sets.

    Attributes
    ----------
    train, valid, test : ndarray of int64
    rule : str
        random, stratified, grouped or time.
    seed : int
    notes : tuple of Note
    origins : mapping
        Set -> where its rows come from, for sets that were assigned beforehand.
    folding : callable, optional
        Makes the folds of the training set in place of the rule.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    rule: str
    seed: int
    notes: tuple[Note, ...] = ()
    keys: Keys = field(default=_NO_KEYS)
    origins: Mapping[str, str] = field(default_factory=dict)
    folding: Folding | None = field(default=None)

    def __repr__(self) -> str:
        parts = (self.train, self.valid, self.test)
        sizes = ", ".join(
            f"{name} {pluralize(len(part), 'row')}"
            for name, part in zip(PART_NAMES.values(), parts, strict=True)
        )
        return f"Split({self.rule}, seed {self.seed}: {sizes})"

    @property
    def development(self) -> np.ndarray:
        """Rows of the training and validation sets together, in the same order."""
        both = np.concatenate([self.train, self.valid])
        return both if self.rule == "time" else np.sort(both)

    def folds(self, k: int = 5, *, seed: int | None = None) -> list[Fold]:
        """Split the training set into `k` folds by the split's own rule.

        Every row is scored once, except that every class stays in the training rows of each fold: a class with a single
        row is never scored. With a time column the folds expand: fold i trains on the first i of k + 1 periods and is
        scored on the next, so the first period is never scored. Folds with one class in the training rows are omitted.

        Parameters
        ----------
        k : int
            Number of folds; fewer if there are fewer rows or groups.
        seed : int, optional
            For another assignment of the same rows (repeated cross-validation); the split's seed where None.
        """
        keys, seed = self.keys.take(self.train), self.seed if seed is None else seed
        if self.folding is None:
            return folds_of(self.train, keys, self.rule, k, seed)
        pairs = self.folding(self.train, keys, k, seed)
        folds = [Fold(self.train[train], self.train[valid]) for train, valid in pairs]
        return _drop_single_class(folds, self.train, keys.classes)


def split(
    table: Table | pl.DataFrame,
    contract: Contract,
    seed: int = 0,
    shares: Shares = SHARES,
    *,
    assigned: Assignment | None = None,
    by_row_order: bool = False,
    folding: Folding | None = None,
) -> Split:
    """Split the rows of `table` into a training, a validation and a test set.

    Parameters
    ----------
    table : Table or frame
    contract : Contract
        Its task, target, time and group select the rule.
    seed : int
    shares : three numbers
        Of the training, validation and test sets: shares that sum to 1, or None for the training set (the rest) and, for
        the others, shares or whole numbers of rows.
    assigned : Assignment, optional
        Rows whose set is known; shares are those of the rows in its training set.
    by_row_order : bool
        Whether the order of the rows is their order in time.
    folding : callable, optional
        Makes the folds in place of the rule.

    Raises
    ------
    UsageError
        Invalid shares, or a contract with both a time and a group.
    GroundupError
        Fewer than three rows with a target value, or fewer than three groups.
    """
    if len(shares) != 3:
        raise UsageError(f"Shares are three numbers, not {len(shares)}.", hint="Use 0.7, 0.15, 0.15.")
    frame = as_frame(table)
    rule = _choose_rule(contract, by_row_order=by_row_order)
    rows = _find_labelled(frame, contract)
    keys = _read_keys(frame, contract, by_row_order=by_row_order)
    codes = np.zeros(frame.height, dtype=np.int64) if assigned is None else assigned.codes
    given = [part for part in (1, 2) if (codes[rows] == part).any()]
    wanted = [part for part in (0, 1, 2) if part not in given]
    free = rows[codes[rows] == 0]
    notes = list(assigned.notes) if assigned is not None else []
    for part in (1, 2):
        if part not in given and (codes == part).any():
            raise GroundupError(f"No row of the {_NAMES[part]} has a target value.")
    parts = {part: rows[codes[rows] == part] for part in given}
    taken, further = _split_rows(free, keys, rule, [shares[part] for part in wanted], wanted, seed)
    parts |= dict(zip(wanted, taken, strict=True))
    notes += further + _note_overlaps(parts, given, keys, rule, contract)
    n_rows = sum(map(len, parts.values()))
    if n_rows < 50:
        notes.append(
            Note("split", f"the table has {pluralize(n_rows, 'row')} only: all scores will be uncertain")
        )
    train, valid, test = (_ordered(parts[part], keys, rule) for part in range(3))
    origins = {} if assigned is None else assigned.origins
    return Split(train, valid, test, rule, seed, tuple(notes), keys, origins, folding)


def _split_rows(
    rows: np.ndarray, keys: Keys, rule: str, shares: Shares, wanted: Sequence[int], seed: int
) -> tuple[list[np.ndarray], list[Note]]:
    """Split rows into the `wanted` sets by a rule, and return notes."""
    names = [_NAMES[part] for part in wanted]
    if len(rows) < len(wanted):
        needed = {1: "one is", 2: "two are", 3: "three are"}[len(wanted)]
        raise GroundupError(
            f"{pluralize(len(rows), 'row')} cannot be split into {_list_sets(names)}.",
            hint=f"Add rows with a target value: at least {needed} required, and fifty for meaningful scores.",
        )
    if len(wanted) == 1:
        return [rows], []
    exact = _check_shares(shares, len(rows), names)
    split_rows = {
        "time": _split_by_time,
        "grouped": _split_by_group,
        "stratified": _split_by_class,
        "random": _split_at_random,
    }[rule]
    parts, notes = split_rows(rows, keys.take(rows), exact, seed, names)
    for name, found in zip(names, parts, strict=True):
        if len(found) == 0:
            raise GroundupError(
                f"The {name} would be empty: {pluralize(len(rows), 'row')}, rule {rule!r}.",
                hint="Add rows, or choose other shares.",
            )
    return parts, notes


def _list_sets(names: Sequence[str]) -> str:
    """Return the names of sets as an enumeration."""
    first = ", ".join(f"a {name.removesuffix(' set')}" for name in names[:-1])
    return f"{first} and a {names[-1]}"


def _ordered(rows: np.ndarray, keys: Keys, rule: str) -> np.ndarray:
    """Return rows in ascending order, or in time order."""
    rows = np.sort(rows)
    return rows[np.argsort(keys.times[rows], kind="stable")] if rule == "time" else rows


def _note_overlaps(
    parts: Mapping[int, np.ndarray], given: Sequence[int], keys: Keys, rule: str, contract: Contract
) -> list[Note]:
    """Return notes on sets assigned beforehand that a split by the rule would not have made."""
    notes = []
    for part in given:
        before = np.concatenate([parts[other] for other in range(part)])
        name = f"the {_NAMES[part]}"
        if (
            rule == "grouped"
            and (shared := np.intersect1d(keys.groups[parts[part]], keys.groups[before])).size
        ):
            groups = pluralize(shared.size, "group")
            notes.append(
                Note(
                    "split",
                    f"{name} shares {groups} of {contract.group!r} with the rows that models are fitted on, so its "
                    "scores do not hold for new groups",
                )
            )
        if rule == "time" and keys.times[parts[part]].min() < keys.times[before].max():
            notes.append(
                Note("split", f"{name} has rows that are earlier than some that models are fitted on")
            )
    return notes


def shuffled(n_rows: int, seed: int) -> np.ndarray:
    """Return 0 .. n_rows - 1 in an order that depends on `seed` and `n_rows` only."""
    return np.argsort(np.random.PCG64(seed).random_raw(n_rows), kind="stable")


def _check_shares(shares: Shares, n_rows: int, names: Sequence[str]) -> tuple[float, ...]:
    """Return the shares of the sets with these names, which sum to 1."""
    if len(names) < 3 or shares[0] is None:  # the training set gets the rest
        rest = [_as_share(size, n_rows, name) for size, name in zip(shares[1:], names[1:], strict=True)]
        if n_rows * (1 - sum(rest)) < 1 - 1e-9:
            sizes = " and ".join(
                f"{size} for the {name}" for size, name in zip(shares[1:], names[1:], strict=True)
            )
            raise UsageError(
                f"No row would be left for the training set: {sizes}, of {pluralize(n_rows, 'row')}.",
                hint="Give smaller sizes.",
            )
        return (1.0 - sum(rest), *rest)
    exact = tuple(float(s) for s in shares if s is not None)
    if len(exact) != 3 or min(exact) <= 0 or abs(sum(exact) - 1) > 1e-9:
        raise UsageError(
            f"Shares must be three positive numbers that sum to 1, not {tuple(shares)}.",
            hint="Use 0.7, 0.15, 0.15.",
        )
    return exact


def _as_share(size: float | None, n_rows: int, name: str) -> float:
    """Return the size of a set as a share of `n_rows`."""
    if size is None or size <= 0 or (size >= 1 and size != int(size)):
        raise UsageError(
            f"The size of the {name} is {size}.", hint="Give a share like 0.2, or a whole number of rows."
        )
    return size / n_rows if size >= 1 else float(size)


def _choose_rule(contract: Contract, *, by_row_order: bool) -> str:
    """Return time, grouped, stratified or random."""
    by_time = contract.time is not None or by_row_order
    if by_time and contract.group is not None:
        raise UsageError(
            "A split can be by time or by group, not by both.",
            hint="Use --group if subjects have several rows, --time to predict the future.",
        )
    if by_time:
        return "time"
    if contract.group is not None:
        return "grouped"
    return "stratified" if contract.n_labels else "random"


def _find_labelled(frame: pl.DataFrame, contract: Contract) -> np.ndarray:
    """Return the numbers of the rows with a target value."""
    for name in (contract.target, contract.time, contract.group):
        if name is not None and name not in frame.columns:
            raise UsageError(
                f"The table has no column {name!r}, which the contract requires.{nearest(name, frame.columns)}"
            )
    if contract.target is None:
        return np.arange(frame.height)
    return frame[contract.target].is_not_null().arg_true().to_numpy().astype(np.int64)


def _read_keys(frame: pl.DataFrame, contract: Contract, *, by_row_order: bool) -> Keys:
    """Return the inputs of the split for every row."""
    classes = groups = times = _NOTHING
    if contract.n_labels and contract.target is not None:
        target = frame[contract.target]
        classes = np.full(frame.height, -1, dtype=np.int64)
        rows = target.is_not_null().arg_true().to_numpy()
        values = contract.target_values(frame, rows)
        classes[rows] = np.searchsorted(contract.classes, values)
    if contract.group is not None:
        # Codes in order of first appearance; each row without a group is its own group.
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
                f"{pluralize(column.null_count(), 'row has', 'rows have')} no time, so the rows have no time order.",
                hint="Fill in the times, or split without --time.",
                row=row,
                column=contract.time,
            )
        times = column.to_physical().to_numpy()
    elif by_row_order:
        times = np.arange(frame.height)
    return Keys(classes, groups, times)


def counts_of(n: int, shares: Sequence[float], first: Sequence[int]) -> list[int]:
    """Divide `n` by `shares` into whole numbers (largest remainder); small `n` goes to the parts in the order `first`.

    Every part gets one before any gets more.
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
    """Return consecutive parts with the given numbers of rows."""
    return np.split(rows, np.cumsum(counts)[:-1])


def _split_at_random(rows: np.ndarray, keys: Keys, shares, seed: int, names: Sequence[str]):
    return _cut(rows[shuffled(len(rows), seed)], counts_of(len(rows), shares, _FIRST[len(shares)])), []


def _split_by_class(rows: np.ndarray, keys: Keys, shares, seed: int, names: Sequence[str]):
    """Split class by class; a class of one row goes to the training set, of two to the training and test sets."""
    order = shuffled(len(rows), seed)
    by_class = order[np.argsort(keys.classes[order], kind="stable")]
    sizes = np.bincount(keys.classes)
    totals = counts_of(len(rows), shares, _FIRST[len(shares)])
    parts: list[list[np.ndarray]] = [[] for _ in shares]
    notes, start, owed = [], 0, np.zeros(len(shares))
    for size in sizes[sizes > 0]:
        counts = _class_counts(int(size), shares, owed)
        owed += np.array(shares) * size - counts
        for part, taken in zip(parts, _cut(by_class[start : start + size], counts), strict=True):
            part.append(rows[taken])
        start += size
    few = int(np.sum((sizes > 0) & (sizes < len(shares))))
    if few:
        classes = pluralize(few, "class has", "classes have")
        number = {2: "two", 3: "three"}[len(shares)]
        notes.append(Note("split", f"{classes} fewer than {number} rows, so not every set contains them"))
    found = [np.concatenate(part) for part in parts]
    if min(len(part) for part in found) == 0:
        return _cut(rows[order], totals), [Note("split", "too few rows for equal proportions of the classes")]
    return found, notes


def _class_counts(size: int, shares, owed: np.ndarray) -> list[int]:
    """Return how many of `size` rows each set gets: its share plus the rounding errors so far, and at least one."""
    if size < len(shares):
        return counts_of(size, shares, _FIRST[len(shares)])
    exact = size * np.array(shares) + owed
    got = np.maximum(1, np.floor(size * np.array(shares)).astype(int))
    while got.sum() < size:
        got[np.argmax(exact - got)] += 1
    while got.sum() > size:
        got[np.argmax(np.where(got > 1, got - exact, -np.inf))] -= 1
    return got.tolist()


def _split_by_group(rows: np.ndarray, keys: Keys, shares, seed: int, names: Sequence[str]):
    """Assign whole groups, the largest first, each to the set that lacks its rows most."""
    part_of, n_groups = assign_groups(keys.groups, keys.classes, shares, seed)
    if n_groups < len(shares):
        needed = {2: "two", 3: "three"}[len(shares)]
        raise GroundupError(
            f"{pluralize(n_groups, 'group')} cannot be split into {_list_sets(names)}.",
            hint=f"Add rows of further groups: at least {needed} groups are required.",
        )
    parts = [rows[part_of == p] for p in range(len(shares))]
    sizes = ", ".join(
        f"{name} {format_percent(len(part) / len(rows))}" for name, part in zip(names, parts, strict=True)
    )
    off = max(abs(len(part) / len(rows) - share) for part, share in zip(parts, shares, strict=True))
    return parts, [
        Note("split", f"the sets differ from their shares because groups stay whole: {sizes}")
    ] if off > 0.03 else []


def _split_by_time(rows: np.ndarray, keys: Keys, shares, seed: int, names: Sequence[str]):
    order = np.argsort(keys.times, kind="stable")
    times = keys.times[order]
    ends = np.cumsum(counts_of(len(rows), shares, _FIRST[len(shares)]))[:-1].tolist()
    cuts = cuts_between_times(times, ends)
    if cuts is None:
        n_times = pluralize(len(np.unique(times)), "different value")
        raise GroundupError(
            f"The time column has {n_times}: too few for {_list_sets(names)}.",
            hint="Split without --time, or use a finer time column.",
        )
    moved = int(np.max(np.abs(np.array(cuts) - ends)))
    notes = (
        [
            Note(
                "split",
                f"the sets differ from their shares by up to {pluralize(moved, 'row')} because equal times stay together",
            )
        ]
        if moved
        else []
    )
    return np.split(rows[order], cuts), notes


def cuts_between_times(times: np.ndarray, wanted: Sequence[int]) -> list[int] | None:
    """Return increasing cuts of sorted `times` near `wanted`, never between equal times; None where impossible."""
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


def folds_of(rows: np.ndarray, keys, rule: str, k: int, seed: int) -> list:
    """Return the folds of `rows`; see ``Split.folds``."""
    if k < 2:
        raise UsageError(f"Cross-validation needs at least 2 folds, not {k}.")
    if rule == "time":
        return _drop_single_class(_expanding_folds(rows, keys.times, k), rows, keys.classes)
    if rule == "grouped":
        fold_of, n_groups = assign_groups(keys.groups, keys.classes, [1 / k] * k, seed)
        if n_groups < 2:
            raise GroundupError(
                "The training set has a single group, so it cannot be split into folds.",
                hint="Add rows of further groups.",
            )
        if len(keys.classes):
            fold_of = _keep_rare_classes(fold_of, keys.classes)
    else:
        fold_of = _assign_rows(len(rows), keys.classes, k, seed)
    folds = [Fold(rows[fold_of != i], rows[fold_of == i]) for i in range(k)]
    folds = [fold for fold in folds if len(fold.valid) and len(fold.train)]
    return _drop_single_class(folds, rows, keys.classes)


def _drop_single_class(folds: list, rows: np.ndarray, classes: np.ndarray) -> list:
    """Return the folds with at least two classes in the training rows.

    A class may occur late in time, or in one group only.
    """
    if not len(classes):
        return folds
    order = np.argsort(rows, kind="stable")
    usable = []
    for fold in folds:
        trained = classes[order[np.searchsorted(rows, fold.train, sorter=order)]]
        if trained.min() != trained.max():
            usable.append(fold)
    if folds and not usable:
        raise GroundupError(
            "No fold of the training set has two classes in its training rows.",
            hint="Add earlier rows or further groups of the second class, or split without --time and --group.",
        )
    return usable


def _assign_rows(n_rows: int, classes: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return the fold of every row, class by class in turn; -1 for a class of one row, which is never scored."""
    if n_rows < 2:
        raise GroundupError(f"{pluralize(n_rows, 'row')} cannot be split into folds.", hint="Add rows.")
    order = shuffled(n_rows, seed)
    if len(classes):
        order = order[np.argsort(classes[order], kind="stable")]
    fold_of = np.empty(n_rows, dtype=np.int64)
    fold_of[order] = np.arange(n_rows) % k
    if len(classes):
        fold_of[np.bincount(classes)[classes] == 1] = -1
    return fold_of


def _keep_rare_classes(fold_of: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return `fold_of` with -1 (never scored) for rows of a class that occurs in one fold only."""
    for code in np.unique(classes):
        mine = classes == code
        if len(np.unique(fold_of[mine])) == 1:
            fold_of = np.where(mine, -1, fold_of)
    return fold_of


def _expanding_folds(rows: np.ndarray, times: np.ndarray, k: int) -> list:
    """Return folds that train on the first periods and are scored on the next."""
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    for n_periods in range(min(k, len(np.unique(ordered)) - 1), 0, -1):
        wanted = [round(len(rows) * (i + 1) / (n_periods + 1)) for i in range(n_periods)]
        cuts = cuts_between_times(ordered, wanted)
        if cuts is not None:
            ends = [*cuts, len(rows)]
            return [
                Fold(rows[order[: ends[i]]], rows[order[ends[i] : ends[i + 1]]]) for i in range(n_periods)
            ]
    raise GroundupError(
        "The training set has a single time, so it cannot be split into folds by time.",
        hint="Split without --time.",
    )


def assign_groups(
    groups: np.ndarray, classes: np.ndarray, shares: Sequence[float], seed: int
) -> tuple[np.ndarray, int]:
    """Return the part of every row, with groups kept whole, and the number of groups.

    Sizes and class counts of the parts are as close to `shares` as whole groups allow; every part gets a group if there
    are enough.
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
    """Return the part of every group; `counts` (groups, classes) are its rows per class."""
    totals = counts.sum(axis=0)
    wanted = np.outer(shares, totals)  # rows of each class for each part
    held = np.zeros_like(wanted)
    empty = np.ones(len(shares), dtype=bool)
    part = np.empty(len(counts), dtype=np.int64)
    largest_first = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    weight = 1 / np.maximum(totals, 1)
    for left, group in zip(range(len(counts), 0, -1), largest_first, strict=True):
        # Choose the part whose squared distance to its target decreases most.
        lack = wanted - held
        gain = (((lack**2 - (lack - counts[group]) ** 2) * weight) / np.maximum(wanted, 1e-12)).sum(axis=1)
        if left <= empty.sum():
            gain = np.where(empty, gain, -np.inf)
        part[group] = best = int(np.argmax(gain))
        held[best] += counts[group]
        empty[best] = False
    return part
