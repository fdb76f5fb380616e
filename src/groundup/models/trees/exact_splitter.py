"""Searching: is a node a leaf, and if not, where is it best split?

The node's rows are gathered (`gather`), summed up by each feature drawn (`decision_runs`), and every place between two
runs is scored (`decision_criteria`), with missing values right and, where there are any, left; all other values left and
the missing ones right is a place too. Of equal scores the feature drawn first wins, then missing right, then the lowest
code; scores within 1e-11 of the node's whole impurity count as equal, so that the order of a sum decides nothing.

Features are drawn without replacement until `max_features` of them have been looked at and one of them is not constant in
the node, as in scikit-learn. A node's draws depend on the seed and on its place in the tree, so trees may be grown in any
order. With `random`, each feature has one place: below a value drawn uniformly between its least and largest.

Cost: see `decision_runs`; a place costs 1 to 3 ns with two classes or one output, and about 2 ns a class otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.models.trees.decision_absolute import rank_targets, side_losses, weighted_median
from groundup.models.trees.decision_criteria import (
    GINI,
    POISSON,
    SQUARED,
    class_impurity,
    side_score,
)
from groundup.models.trees.decision_runs import (
    fill_histograms,
    runs_of_histogram,
    runs_of_sorted,
    sort_codes,
)

#: Features whose histograms are filled in one pass over the rows.
BATCH = 8
#: Rows whose targets are asked for ahead of time.
_AHEAD = 16
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Target(NamedTuple):
    """What is learnt, of all rows.

    slot : int32 (n_rows * n_outputs,): classification: offset of the output plus class; else empty.
    y : float64 (n_rows * n_outputs,): regression; else empty.
    rank : int64 (n_rows * n_outputs,): absolute error: rank of y among all; else empty.
    weight : float64 (n_rows,): of the tree at hand; length 0: all ones.
    offsets : int64 (n_outputs + 1,): first sum of each output; regression: 0, 1, ....
    """

    slot: np.ndarray
    y: np.ndarray
    rank: np.ndarray
    weight: np.ndarray
    offsets: np.ndarray


class Rules(NamedTuple):
    """The parameters of growth: see scikit-learn's of the same names; `n_sums` as in `decision_criteria`."""

    criterion: int
    classes: bool
    n_sums: int
    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    min_weight_leaf: float
    min_decrease: float
    max_features: int
    max_leaf_nodes: int
    random: bool
    seed: int


class Work(NamedTuple):
    """Arrays that a node is worked in, as long as the tree has rows; kept from node to node.

    Beside them kernels take, or None where it is not wanted, so that what would use it is not compiled:

    y : float64 (n_rows * n_outputs,): `Target.y`, in regression.
    hist : float64 (BATCH * 256 * (n_sums + 1)), zeros between nodes: where codes are bins.
    keys : int64 (2, n): where rows are sorted.
    absolute : `Absolute`.
    """

    order: np.ndarray  # int32: the rows, sorted by node
    spare: np.ndarray  # int32
    slot: np.ndarray  # int32 (n_outputs)
    contribution: np.ndarray  # float64: a row's weight, or its sums (n_sums)
    run_code: np.ndarray  # int64
    run_sums: np.ndarray  # float64 (n or 256, n_sums + 1)
    there: np.ndarray  # uint64 (BATCH * 4): see `decision_runs`
    side: np.ndarray  # float64 (2, n_sums + 1)
    features: np.ndarray  # int32 (n_features,): 0, 1, ... between nodes
    swaps: np.ndarray  # int32 (n_features,)
    total: np.ndarray  # float64 (n_sums,): the node's sums
    state: np.ndarray  # uint64 (1,): of the node's random numbers
    split: np.ndarray  # int64 (3,): feature, code (up to which rows go left), missing left
    cut: np.ndarray  # float64 (1,): threshold


class Absolute(NamedTuple):
    """Further arrays for the absolute error."""

    y: np.ndarray  # float64 (n_outputs): targets of the node's rows
    rank: np.ndarray  # int64 (n_outputs): their ranks in the node
    ordered: np.ndarray  # float64 (n_outputs): in increasing order
    losses: np.ndarray  # float64 (3, n): of left sides, of right sides; and the weights


@kernel(borrows=True)
def next_random(state):
    """Advance the generator (splitmix64) in state[0]; return 64 random bits."""
    state[0] += _MIX
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel(borrows=True)
def uniform(state):
    """Return a number in [0, 1) of 53 random bits."""
    return np.float64(next_random(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel(inline=True)
def gather(rows, target, rules, work, y, keys, absolute, out_value):
    """Copy what is learnt of a node's rows side by side, and sum it up.

    work.slot, work.contribution: of the i-th row; classification: its weight, regression: its sums.
    work.total: the sums, as the search wants them.  out_value: sums of classes, or the prediction of each output.
    Returns (weight, impurity).
    """
    all_slots = target.slot
    weights = target.weight
    contribution = work.contribution
    slot = work.slot
    total = work.total
    n, n_outputs = rows.size, target.offsets.size - 1
    weighted = weights.size > 0
    for s in range(rules.n_sums):
        total[s] = 0.0
    weight, impurity = 0.0, 0.0
    if y is not None:
        weight, impurity = _gather_numbers(rows, target, rules, work, y, keys, absolute, out_value)
    else:
        for i in range(n):
            r = np.int64(rows[i])
            ahead = np.int64(rows[min(i + _AHEAD, n - 1)])
            prefetch(all_slots, ahead * n_outputs)
            w = 1.0
            if weighted:
                prefetch(weights, ahead)
                w = weights[r]
            weight += w
            contribution[i] = w
            for k in range(n_outputs):
                s = all_slots[r * n_outputs + k]
                slot[i * n_outputs + k] = s
                total[s] += w
        for s in range(rules.n_sums):
            out_value[s] = total[s]
        impurity = class_impurity(total, target.offsets, rules.criterion)
    return weight, impurity


@kernel(borrows=True)
def _gather_numbers(rows, target, rules, work, all_y, keys, absolute, out_value):
    weights = target.weight
    contribution = work.contribution
    total = work.total
    n, n_outputs, n_sums = rows.size, target.offsets.size - 1, rules.n_sums
    weighted = weights.size > 0
    weight = 0.0
    for k in range(n_outputs):
        out_value[k] = 0.0
    for i in range(n):
        r = np.int64(rows[i])
        w = weights[r] if weighted else 1.0
        weight += w
        contribution[i * n_sums] = w
        for k in range(n_outputs):
            y = all_y[r * n_outputs + k]
            contribution[i * n_sums + 1 + k] = y
            out_value[k] += w * y
    for k in range(n_outputs):
        out_value[k] /= weight
    spread = 0.0
    for i in range(n):
        w = contribution[i * n_sums]
        total[0] += w
        for k in range(n_outputs):
            y = contribution[i * n_sums + 1 + k]
            gap = y - out_value[k]
            if rules.criterion == SQUARED:
                spread += w * gap * gap
                y = gap
            elif rules.criterion == POISSON and y > 0.0:
                spread += w * (y * np.log(y / out_value[k]) - gap)
            elif rules.criterion == POISSON:
                spread -= w * gap
            contribution[i * n_sums + 1 + k] = w * y
            total[1 + k] += w * y
    if absolute is not None:
        spread = _medians(rows, target, n_sums, weight, work, keys, absolute, out_value)
    spread = max(spread, 0.0)
    return weight, spread / (weight * n_outputs)


@kernel
def _medians(rows, target, n_sums, weight, work, keys, absolute, out_value):
    """out_value[k] = weighted median of output k; return the loss around them."""
    contribution = work.contribution
    own_y = absolute.y
    rank = absolute.rank
    ordered = absolute.ordered
    all_y = target.y
    ranks = target.rank
    n, n_outputs = rows.size, target.offsets.size - 1
    for i in range(n):
        for k in range(n_outputs):
            at = np.int64(rows[i]) * n_outputs + k
            own_y[i * n_outputs + k], rank[i * n_outputs + k] = all_y[at], ranks[at]
    rank_targets(own_y, n, n_outputs, keys, rank, ordered)
    loss = 0.0
    own = np.empty(n)
    for k in range(n_outputs):
        for i in range(n):
            own[rank[i * n_outputs + k]] = contribution[i * n_sums]
        out_value[k] = weighted_median(ordered[k * n : (k + 1) * n], own, weight)
        for i in range(n):
            loss += contribution[i * n_sums] * abs(own_y[i * n_outputs + k] - out_value[k])
    return loss


@kernel(inline=True)
def search(rows, coded, target, rules, work, y, hist, keys, absolute, impurity, key):
    """Find the best split of a node whose rows are gathered: work.split, work.cut.

    Returns the fall of the impurity's sum, -1 where there is no split.
    """
    features = work.features
    swaps = work.swaps
    codes = coded.codes
    slot = work.slot
    contribution = work.contribution
    run_code = work.run_code
    run_sums = work.run_sums
    there, total, state = work.there, work.total, work.state
    n = rows.size
    state[0] = np.uint64(rules.seed) ^ (key * _MIX)
    n_features = coded.n_features
    counted = rules.min_samples_leaf > 1 or rules.min_weight_leaf > 0.0 or not rules.classes
    weight = 0.0
    for s in range(target.offsets[0], target.offsets[1] if rules.classes else 1):
        weight += total[s]
    base = -weight * impurity * (target.offsets.size - 1)
    if absolute is None:
        base = side_score(total, target.offsets, rules.criterion)
    tolerance = 1e-11 * weight * impurity
    best = -np.inf
    drawn, varied = 0, 0
    while drawn < n_features and (drawn < rules.max_features or varied == 0):
        batch = 1
        if hist is not None:
            batch = min(BATCH, max(1, rules.max_features - drawn))
        for j in range(drawn, drawn + batch):
            other = j + np.int64(next_random(state) % np.uint64(n_features - j))
            swaps[j] = other
            features[j], features[other] = features[other], features[j]
        if hist is not None:
            fill_histograms(
                codes, coded.stride, features[drawn : drawn + batch], batch, rows, slot,
                contribution, rules.n_sums, target.offsets.size - 1, rules.classes, counted, hist,
                there,
            )  # fmt: skip
        for j in range(drawn, drawn + batch):
            f = np.int64(features[j])
            n_runs = 0
            if hist is not None:
                first = target.offsets[1] if rules.classes else 1
                n_runs = runs_of_histogram(
                    hist, there, j - drawn, rules.n_sums, first, counted, run_code, run_sums
                )
            if keys is not None:
                sort_codes(codes, coded.stride, f, rows, keys[0], keys[1])
                n_runs = runs_of_sorted(
                    keys[0], n, slot, contribution, rules.n_sums, target.offsets.size - 1,
                    rules.classes, run_code, run_sums,
                )  # fmt: skip
            if n_runs < 2:
                continue
            varied += 1
            least = best + tolerance
            score = _best_place(f, n, n_runs, coded, target, rules, work, y, keys, absolute, least)
            best = max(best, score)
        drawn += batch
    for j in range(drawn - 1, -1, -1):
        other = swaps[j]
        features[j], features[other] = features[other], features[j]
    return max(0.0, best - base) if best > -np.inf else -1.0


@kernel(inline=True)
def _best_place(f, n, n_runs, coded, target, rules, work, y, keys, absolute, least):
    """Best place of one feature if its score is above `least`: its score, and work.split, work.cut; else -inf."""
    run_code = work.run_code
    missing = np.int64(run_code[n_runs - 1] == coded.missing)
    some = n_runs - missing
    top, at, way = least, np.int64(-1), np.int64(0)
    place, only, cut = np.int64(-1), np.int64(0), 0.0
    if rules.random:
        place, only, cut = _random_place(f, some, missing, coded.values, coded.edges, run_code, work.state)
    for side in range(1 + missing):
        if place >= 0 and side != only:
            continue
        first = max(place, 0)
        last = some - 1 if side or not missing else some
        if place >= 0:
            last = place + 1
        if absolute is not None:
            score, found = _absolute_places(
                first, last, side, some, missing, n, target, rules, work, keys, absolute, top
            )
        elif rules.criterion == GINI and rules.n_sums == 2 and target.offsets.size == 2:
            score, found = _gini_of_two(
                first, last, side, some, n, rules.min_samples_leaf, rules.min_weight_leaf, work.run_sums,
                work.total, top,
            )  # fmt: skip
        else:
            score, found = _places(
                first, last, side, some, n, target.offsets, rules, work.run_sums, work.side, work.total, top
            )
        if score > top:
            top, at, way = score, found, side
    if at >= 0:
        split = work.split
        split[0], split[2] = f, way
        _cut(f, at, some, coded.values, coded.edges, run_code, split, work.cut)
        if place >= 0:
            split[1], work.cut[0] = run_code[at], cut
    return top if at >= 0 else -np.inf


@kernel(borrows=True)
def _cut(f, place, some, values, edges, run_code, out_split, out_cut):
    """Put the threshold between run `place` and the next one."""
    low = run_code[place]
    if place == some - 1:  # all values left, missing ones right
        out_split[1], out_cut[0] = low, np.inf
        return
    high = run_code[place + 1]
    if edges.shape[1]:
        middle = (low + high - 1) // 2
        out_split[1], out_cut[0] = middle, edges[f, middle]
        return
    a, b = values[f, low], values[f, high]
    cut = a / 2.0 + b / 2.0
    out_split[1], out_cut[0] = low, a if cut >= b else cut


@kernel(borrows=True)
def _allowed(few, n, weight, rest, least_rows, least_weight):
    """Tell whether both sides have rows and weight enough."""
    return min(few, n - few) >= least_rows and min(weight, rest) >= least_weight


@kernel(borrows=True)
def _side_weight(sums, offsets, rules):
    weight = 0.0
    for s in range(offsets[0], offsets[1] if rules.classes else 1):
        weight += sums[s]
    return weight


@kernel(borrows=True)
def _places(first, last, side, some, n, offsets, rules, run_sums, sides, total, least):
    """Best score above `least` of the places first, ..., last - 1, and its place."""
    left, right = sides[0], sides[1]
    for s in range(rules.n_sums + 1):
        left[s] = run_sums[some, s] if side else 0.0
    at = np.int64(-1)
    plain = rules.min_samples_leaf <= 1 and rules.min_weight_leaf <= 0.0
    squared = rules.criterion == SQUARED and rules.n_sums == 2
    for r in range(last):
        for s in range(rules.n_sums + 1):
            left[s] += run_sums[r, s]
        if r < first:
            continue
        for s in range(rules.n_sums):
            right[s] = total[s] - left[s]
        if not plain:
            few = np.int64(left[rules.n_sums])
            a, b = _side_weight(left, offsets, rules), _side_weight(right, offsets, rules)
            if not _allowed(few, n, a, b, rules.min_samples_leaf, rules.min_weight_leaf):
                continue
        if squared:
            score = left[1] * left[1] / left[0] + right[1] * right[1] / right[0]
        else:
            score = side_score(left, offsets, rules.criterion)
            score += side_score(right, offsets, rules.criterion)
        if score > least:
            least, at = score, r
    return (least if at >= 0 else -np.inf), at


@kernel(borrows=True)
def _gini_of_two(first, last, side, some, n, least_rows, least_weight, run_sums, total, least):
    """`_places` for two classes and Gini's index: both sides over one denominator."""
    a, b, few = 0.0, 0.0, 0.0
    if side:
        a, b, few = run_sums[some, 0], run_sums[some, 1], run_sums[some, 2]
    at = np.int64(-1)
    plain = least_rows <= 1 and least_weight <= 0.0
    for r in range(last):
        a += run_sums[r, 0]
        b += run_sums[r, 1]
        few += run_sums[r, 2]
        c, d = total[0] - a, total[1] - b
        left, right = a + b, c + d
        if r < first or (not plain and not _allowed(np.int64(few), n, left, right, least_rows, least_weight)):
            continue
        score = ((a * a + b * b) * right + (c * c + d * d) * left) / (left * right)
        if score > least:
            least, at = score, r
    return (least if at >= 0 else -np.inf), at


@kernel
def _absolute_places(first, last, side, some, missing, n, target, rules, work, both, absolute, least):
    """`_places` for the absolute error: minus the losses of both sides."""
    contribution = work.contribution
    run_sums = work.run_sums
    losses = absolute.losses
    n_outputs = target.offsets.size - 1
    keys = both[0]
    n_missing = np.int64(run_sums[some, rules.n_sums]) if missing else 0
    weights = losses[2]
    for i in range(n):
        weights[i] = contribution[i * rules.n_sums]
    if side:  # the missing rows, which are last, come first
        keys = both[1]
        for i in range(n):
            keys[i] = both[0, (i + n - n_missing) % n]
    for backward in range(2):
        side_losses(
            keys, n, weights, absolute.y, absolute.rank, absolute.ordered, n_outputs, backward == 1,
            losses[backward],
        )  # fmt: skip
    upto = n_missing if side else 0
    weight, whole = 0.0, 0.0
    for i in range(n):
        whole += weights[i]
    for i in range(upto):
        weight += weights[keys[i] & np.int64(0xFFFFFFFF)]
    at = np.int64(-1)
    for r in range(last):
        for i in range(upto, upto + np.int64(run_sums[r, rules.n_sums])):
            weight += weights[keys[i] & np.int64(0xFFFFFFFF)]
        upto += np.int64(run_sums[r, rules.n_sums])
        if (
            r < first
            or upto == n
            or not _allowed(upto, n, weight, whole - weight, rules.min_samples_leaf, rules.min_weight_leaf)
        ):
            continue
        score = -losses[0, upto - 1] - losses[1, upto]
        if score > least:
            least, at = score, r
    return (least if at >= 0 else -np.inf), at


@kernel(borrows=True)
def _random_place(f, some, missing, values, edges, run_code, state):
    """Draw a place and the side of missing values; return both, and the threshold."""
    side = np.int64(next_random(state) & np.uint64(1)) if missing else np.int64(0)
    if some == 1 or (missing and side == 0 and next_random(state) % np.uint64(16) == np.uint64(0)):
        return some - 1, np.int64(0), np.inf
    low, high = values[f, run_code[0]], values[f, run_code[some - 1]]
    u = uniform(state)
    cut = low * (1.0 - u) + high * u
    place = np.int64(0)
    while place < some - 2 and values[f, run_code[place + 1]] <= cut:
        place += 1
    if edges.shape[1]:
        return place, side, edges[f, run_code[place]]
    below = values[f, run_code[place]]
    return place, side, cut if below <= cut < values[f, run_code[place + 1]] else below
