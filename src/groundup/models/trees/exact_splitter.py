"""Exact splitting: whether a node is a leaf, and its best split if it is not.

The node's rows are gathered (`gather`), grouped by each drawn feature (`exact_runs`), and every position between two runs
is scored (`exact_criteria`), with missing values right and, where there are any, left; all other values left and the
missing ones right is a candidate too. Of equal scores the feature drawn first wins, then missing right, then the lowest
code; scores within 1e-11 of the node's whole impurity count as equal, so that the order of a sum does not matter.

Features are drawn without replacement until `max_features` of them have been searched and one of them is not constant in
the node, as in scikit-learn. A node's draws depend on the seed and on its path in the tree, so trees may be grown in any
order. With `random`, each feature has one candidate: below a value drawn uniformly between its smallest and largest.

Cost: see `exact_runs`; a candidate costs 1 to 3 ns with two classes or one output, and about 2 ns a class otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.prefetch import prefetch
from groundup.models.trees.exact_codes import Codes
from groundup.models.trees.exact_criteria import (
    GINI,
    POISSON,
    SQUARED,
    class_impurity,
    rank_targets,
    side_losses,
    side_score,
    weighted_median,
)
from groundup.models.trees.exact_runs import (
    fill_histograms,
    runs_of_histogram,
    runs_of_sorted,
    sort_codes,
)

#: Features whose histograms are filled in one pass over the rows.
BATCH = 8
#: Prefetch distance in rows.
_AHEAD = 16
_MIX = np.uint64(0x9E3779B97F4A7C15)


#: The split of a node: feature, code (up to which rows go left), 1 if missing values go left, threshold.
EXACT_SPLIT = np.dtype(
    [("feature", "i8"), ("code", "i8"), ("missing_left", "i8"), ("threshold", "f8")], align=True
)


class Target(NamedTuple):
    """The targets of all rows.

    slot : int32 (n_rows * n_outputs,): classification: index of the sum of its class; else empty.
    y : float64 (n_rows * n_outputs,): regression; else empty.
    rank : int64 (n_rows * n_outputs,): absolute error: rank of y among all; else empty.
    weight : float64 (n_rows,): for the current tree; length 0: all ones.
    offsets : int64 (n_outputs + 1,): first sum of each output; regression: 0, 1, ....
    """

    slot: np.ndarray
    y: np.ndarray
    rank: np.ndarray
    weight: np.ndarray
    offsets: np.ndarray


class Rules(NamedTuple):
    """The parameters of growth: see scikit-learn's of the same names; `n_sums` as in `exact_criteria`.

    counted : whether the rows of a run are counted, because a parameter or the criterion needs the number.
    """

    criterion: int
    is_classification: bool
    n_outputs: int
    n_sums: int
    counted: bool
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
    """Scratch arrays for one node, one entry per row of the tree; reused from node to node."""

    order: np.ndarray  # int32: the rows, sorted by node
    spare: np.ndarray  # int32
    slot: np.ndarray  # int32 (n_outputs)
    contribution: np.ndarray  # float64: a row's weight, or its sums (n_sums)
    run_code: np.ndarray  # int64
    run_sums: np.ndarray  # float64 (n or 256, n_sums + 1)
    present: np.ndarray  # uint64 (BATCH * 4): see `exact_runs`
    side: np.ndarray  # float64 (2, n_sums + 1)
    features: np.ndarray  # int32 (n_features,): 0, 1, ... between nodes
    swaps: np.ndarray  # int32 (n_features,)
    total: np.ndarray  # float64 (n_sums,): the node's sums
    random: np.ndarray  # uint64 (1,): state of the node's random numbers
    split: np.ndarray  # EXACT_SPLIT (1,)


class Task(NamedTuple):
    """The growth of one tree: its rows, targets, rules and scratch arrays.

    Beside it kernels take the following, or None if it is not needed, so that code that would use it is not compiled:

    y : float64 (n_rows * n_outputs,): `Target.y`, in regression.
    hist : float64 (BATCH * 256 * (n_sums + 1)), zeros between nodes: where codes are bins.
    keys : int64 (2, n): for sorting rows.
    absolute : `Absolute`.
    """

    codes: Codes
    target: Target
    rules: Rules
    work: Work


class Candidates(NamedTuple):
    """The positions first, ..., last - 1 between the runs of a feature, where position r is behind run r.

    missing_left : 1 if missing values go left.  n_valued : runs of values that are not missing.  n_rows : of the node.
    """

    first: int | np.int64
    last: int | np.int64
    missing_left: int
    n_valued: int
    n_rows: int


class Absolute(NamedTuple):
    """Further scratch arrays for the absolute error."""

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
def gather(rows, task, y, keys, absolute, out_value):
    """Copy the targets of a node's rows into adjacent memory, and sum them up.

    work.slot, work.contribution: of the i-th row; classification: its weight, regression: its sums.
    work.total: the sums for the search.  out_value: sums of classes, or the prediction of each output.
    Returns (weight, impurity).
    """
    target, rules, work = task.target, task.rules, task.work
    all_slots, weights = target.slot, target.weight
    contribution, slot, total = work.contribution, work.slot, work.total
    n, n_outputs = rows.size, rules.n_outputs
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
    """Gather the rows of a regression: set the sums and predictions; return (weight, impurity)."""
    weights, contribution, total = target.weight, work.contribution, work.total
    n, n_outputs, n_sums = rows.size, rules.n_outputs, rules.n_sums
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
    loss = 0.0
    for i in range(n):
        w = contribution[i * n_sums]
        total[0] += w
        for k in range(n_outputs):
            y = contribution[i * n_sums + 1 + k]
            residual = y - out_value[k]
            if rules.criterion == SQUARED:
                loss += w * residual * residual
                y = residual
            elif rules.criterion == POISSON and y > 0.0:
                loss += w * (y * np.log(y / out_value[k]) - residual)
            elif rules.criterion == POISSON:
                loss -= w * residual
            contribution[i * n_sums + 1 + k] = w * y
            total[1 + k] += w * y
    if absolute is not None:
        loss = _medians(rows, target, n_sums, weight, work, keys, absolute, out_value)
    loss = max(loss, 0.0)
    return weight, loss / (weight * n_outputs)


@kernel
def _medians(rows, target, n_sums, weight, work, keys, absolute, out_value):
    """out_value[k] = weighted median of output k; return the loss around them."""
    contribution = work.contribution
    own_y, rank, ordered = absolute.y, absolute.rank, absolute.ordered
    all_y, all_ranks = target.y, target.rank
    n, n_outputs = rows.size, target.offsets.size - 1
    for i in range(n):
        for k in range(n_outputs):
            at = np.int64(rows[i]) * n_outputs + k
            own_y[i * n_outputs + k], rank[i * n_outputs + k] = all_y[at], all_ranks[at]
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
def search(rows, task, hist, keys, absolute, impurity, key):
    """Find the best split of a node whose rows are gathered, and set work.split.

    Returns the decrease of the impurity's sum, -1 if there is no split.
    """
    coded, target, rules, work = task.codes, task.target, task.rules, task.work
    features, swaps, codes = work.features, work.swaps, coded.codes
    slot, contribution, total = work.slot, work.contribution, work.total
    run_code, run_sums = work.run_code, work.run_sums
    present, random = work.present, work.random
    n = rows.size
    random[0] = np.uint64(rules.seed) ^ (key * _MIX)
    n_features = coded.n_features
    n_first = target.offsets[1] if rules.is_classification else 1  # the sums of the first output
    weight = 0.0
    for s in range(target.offsets[0], n_first):
        weight += total[s]
    base = -weight * impurity * rules.n_outputs
    if absolute is None:
        base = side_score(total, target.offsets, rules.criterion)
    tolerance = 1e-11 * weight * impurity
    best = -np.inf
    drawn, n_varied = 0, 0
    while drawn < n_features and (drawn < rules.max_features or n_varied == 0):
        batch = 1
        if hist is not None:
            batch = min(BATCH, max(1, rules.max_features - drawn))
        for j in range(drawn, drawn + batch):
            other = j + np.int64(next_random(random) % np.uint64(n_features - j))
            swaps[j] = other
            features[j], features[other] = features[other], features[j]
        if hist is not None:
            drawn_features = features[drawn : drawn + batch]
            fill_histograms(
                codes, coded.stride, drawn_features, rows, slot, contribution, rules, hist, present
            )  # fmt: skip
        for j in range(drawn, drawn + batch):
            f = np.int64(features[j])
            n_runs = 0
            if hist is not None:
                n_runs = runs_of_histogram(hist, present, j - drawn, n_first, rules, run_code, run_sums)
            if keys is not None:
                sort_codes(codes, coded.stride, f, rows, keys[0], keys[1])
                n_runs = runs_of_sorted(keys[0], n, slot, contribution, rules, run_code, run_sums)
            if n_runs < 2:
                continue
            n_varied += 1
            to_beat = best + tolerance
            score = _best_position(f, n, n_runs, task, keys, absolute, to_beat)
            best = max(best, score)
        drawn += batch
    for j in range(drawn - 1, -1, -1):
        other = swaps[j]
        features[j], features[other] = features[other], features[j]
    return max(0.0, best - base) if best > -np.inf else -1.0


@kernel(inline=True)
def _best_position(f, n, n_runs, task, keys, absolute, to_beat):
    """Find the best split by one feature; if its score is above `to_beat`, set work.split and return it, else -inf."""
    coded, target, rules, work = task.codes, task.target, task.rules, task.work
    run_code = work.run_code
    has_missing = np.int64(run_code[n_runs - 1] == coded.missing)
    n_valued = n_runs - has_missing
    top, best_position, best_side = to_beat, np.int64(-1), np.int64(0)
    drawn, drawn_side, threshold = np.int64(-1), np.int64(0), 0.0
    if rules.random:
        drawn, drawn_side, threshold = _random_position(
            f, n_valued, has_missing, coded.values, coded.edges, run_code, work.random
        )
    for side in range(1 + has_missing):  # 1: missing values go left
        if drawn >= 0 and side != drawn_side:
            continue
        first = max(drawn, 0)
        last = n_valued - 1 if side or not has_missing else n_valued
        if drawn >= 0:
            last = drawn + 1
        candidates = Candidates(first, last, side, n_valued, n)
        if absolute is not None:
            score, found = _best_absolute(candidates, has_missing, rules, work, keys, absolute, top)
        elif rules.criterion == GINI and rules.n_sums == 2 and rules.n_outputs == 1:
            score, found = _best_gini_of_two(
                candidates, rules.min_samples_leaf, rules.min_weight_leaf, work.run_sums, work.total, top
            )
        else:
            score, found = _best_by_sums(
                candidates, target.offsets, rules, work.run_sums, work.side, work.total, top
            )
        if score > top:
            top, best_position, best_side = score, found, side
    if best_position >= 0:
        split = work.split[0]
        split["feature"], split["missing_left"] = f, best_side
        _set_threshold(f, best_position, n_valued, coded.values, coded.edges, run_code, work.split)
        if drawn >= 0:
            split["code"], split["threshold"] = run_code[best_position], threshold
    return top if best_position >= 0 else -np.inf


@kernel(borrows=True)
def _set_threshold(f, position, n_valued, values, edges, run_code, out_split):
    """Put the threshold between the run at `position` and the next one."""
    split = out_split[0]
    low = run_code[position]
    if position == n_valued - 1:  # all values left, missing ones right
        split["code"], split["threshold"] = low, np.inf
        return
    high = run_code[position + 1]
    if edges.shape[1]:
        middle = (low + high - 1) // 2
        split["code"], split["threshold"] = middle, edges[f, middle]
        return
    a, b = values[f, low], values[f, high]
    middle_value = a / 2.0 + b / 2.0
    split["code"], split["threshold"] = low, a if middle_value >= b else middle_value


@kernel(borrows=True)
def _allowed(n_left, n, left, right, min_rows, min_weight):
    """Return whether both sides have enough rows and weight."""
    return min(n_left, n - n_left) >= min_rows and min(left, right) >= min_weight


@kernel(borrows=True)
def _side_weight(sums, offsets, rules):
    """Return the weight of one side from its sums."""
    weight = 0.0
    for s in range(offsets[0], offsets[1] if rules.is_classification else 1):
        weight += sums[s]
    return weight


@kernel(borrows=True)
def _best_by_sums(candidates, offsets, rules, run_sums, sides, total, to_beat):
    """Return the best score above `to_beat` of the candidates (else -inf), and its position."""
    left, right = sides[0], sides[1]
    for s in range(rules.n_sums + 1):
        left[s] = run_sums[candidates.n_valued, s] if candidates.missing_left else 0.0
    best = np.int64(-1)
    unlimited = rules.min_samples_leaf <= 1 and rules.min_weight_leaf <= 0.0
    squared = rules.criterion == SQUARED and rules.n_sums == 2
    for r in range(candidates.last):
        for s in range(rules.n_sums + 1):
            left[s] += run_sums[r, s]
        if r < candidates.first:
            continue
        for s in range(rules.n_sums):
            right[s] = total[s] - left[s]
        if not unlimited:
            n_left = np.int64(left[rules.n_sums])
            a, b = _side_weight(left, offsets, rules), _side_weight(right, offsets, rules)
            if not _allowed(n_left, candidates.n_rows, a, b, rules.min_samples_leaf, rules.min_weight_leaf):
                continue
        if squared:
            score = left[1] * left[1] / left[0] + right[1] * right[1] / right[0]
        else:
            score = side_score(left, offsets, rules.criterion)
            score += side_score(right, offsets, rules.criterion)
        if score > to_beat:
            to_beat, best = score, r
    return (to_beat if best >= 0 else -np.inf), best


@kernel(borrows=True)
def _best_gini_of_two(candidates, min_rows, min_weight, run_sums, total, to_beat):
    """Do the same as `_best_by_sums` for the Gini index of two classes: both sides over one denominator."""
    n, n_valued = candidates.n_rows, candidates.n_valued
    a, b, n_left = 0.0, 0.0, 0.0
    if candidates.missing_left:
        a, b, n_left = run_sums[n_valued, 0], run_sums[n_valued, 1], run_sums[n_valued, 2]
    best = np.int64(-1)
    unlimited = min_rows <= 1 and min_weight <= 0.0
    for r in range(candidates.last):
        a += run_sums[r, 0]
        b += run_sums[r, 1]
        n_left += run_sums[r, 2]
        c, d = total[0] - a, total[1] - b
        left, right = a + b, c + d
        if r < candidates.first:
            continue
        if not unlimited and not _allowed(np.int64(n_left), n, left, right, min_rows, min_weight):
            continue
        score = ((a * a + b * b) * right + (c * c + d * d) * left) / (left * right)
        if score > to_beat:
            to_beat, best = score, r
    return (to_beat if best >= 0 else -np.inf), best


@kernel
def _best_absolute(candidates, has_missing, rules, work, both_keys, absolute, to_beat):
    """Do the same as `_best_by_sums` for the absolute error: minus the losses of both sides."""
    contribution, run_sums, losses = work.contribution, work.run_sums, absolute.losses
    n, n_outputs = candidates.n_rows, rules.n_outputs
    keys = both_keys[0]
    n_missing = np.int64(run_sums[candidates.n_valued, rules.n_sums]) if has_missing else 0
    weights = losses[2]
    for i in range(n):
        weights[i] = contribution[i * rules.n_sums]
    if candidates.missing_left:  # move the missing rows, which are last, to the front
        keys = both_keys[1]
        for i in range(n):
            keys[i] = both_keys[0, (i + n - n_missing) % n]
    for backward in range(2):
        side_losses(
            keys, n, weights, absolute.y, absolute.rank, absolute.ordered, n_outputs, backward == 1,
            losses[backward],
        )  # fmt: skip
    n_left = n_missing if candidates.missing_left else 0
    weight, whole = 0.0, 0.0
    for i in range(n):
        whole += weights[i]
    for i in range(n_left):
        weight += weights[keys[i] & np.int64(0xFFFFFFFF)]
    best = np.int64(-1)
    for r in range(candidates.last):
        for i in range(n_left, n_left + np.int64(run_sums[r, rules.n_sums])):
            weight += weights[keys[i] & np.int64(0xFFFFFFFF)]
        n_left += np.int64(run_sums[r, rules.n_sums])
        if (
            r < candidates.first
            or n_left == n
            or not _allowed(n_left, n, weight, whole - weight, rules.min_samples_leaf, rules.min_weight_leaf)
        ):
            continue
        score = -losses[0, n_left - 1] - losses[1, n_left]
        if score > to_beat:
            to_beat, best = score, r
    return (to_beat if best >= 0 else -np.inf), best


@kernel(borrows=True)
def _random_position(f, n_valued, has_missing, values, edges, run_code, random):
    """Draw a position and the side of missing values; return both, and the threshold."""
    side = np.int64(next_random(random) & np.uint64(1)) if has_missing else np.int64(0)
    if n_valued == 1 or (has_missing and side == 0 and next_random(random) % np.uint64(16) == np.uint64(0)):
        return n_valued - 1, np.int64(0), np.inf
    low, high = values[f, run_code[0]], values[f, run_code[n_valued - 1]]
    u = uniform(random)
    threshold = low * (1.0 - u) + high * u
    position = np.int64(0)
    while position < n_valued - 2 and values[f, run_code[position + 1]] <= threshold:
        position += 1
    if edges.shape[1]:
        return position, side, edges[f, run_code[position]]
    below = values[f, run_code[position]]
    return position, side, threshold if below <= threshold < values[f, run_code[position + 1]] else below
