"""The walk over all leaves of a tree, for all rows at once: which conditions of each leaf a row does not fulfil.

The tree is walked depth first. Each level keeps, for the path to the node at hand: its different features (*slots*), the
share z of training rows that satisfy its conditions, and for each row the bits of the slots whose conditions it does
not satisfy. A step down is one comparison for each row and inner node, and one `or` for each row and edge. At a leaf,
rows with equal bits have equal shares: they are computed once for each pattern (`shares`), stored in a small table, and
added up.

At a categorical split, a condition is that the row's code is one of those of this side.

The rows come as columns, ``cells[feature, row]``, so that every inner loop runs along memory; the background
rows, if any, follow the rows to explain.

Cost: for a tree of L leaves with m features on a path, 3 L cheap steps and about L m additions a row; shares for each
leaf and each pattern that occurs in the chunk: at most min(rows, 2^m), in practice a few tens. Memory: the contributions
of a chunk, outputs x features x rows.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.judge.explain.shares import MAX_FEATURES, prepare_shares, shares_by_cover, shares_by_rows

#: Rows of a chunk, at most.
MAX_ROWS = 1024
#: Slots of the hash table of patterns: four times as many as can be occupied.
_PLACES = 4096
_DIRECT = 12
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - _DIRECT)
_MOST = MAX_FEATURES


@kernel
def deepest(starts, left, right):
    """Edges from a root to the deepest node of any tree."""
    most = 0
    depth = np.zeros(left.size, np.int64)
    for t in range(starts.size - 1):
        a = starts[t]
        for i in range(a, starts[t + 1]):
            if left[i]:
                depth[a + left[i]] = depth[i] + 1
                depth[a + right[i]] = depth[i] + 1
                most = max(most, depth[i] + 1)
    return most


@kernel
def expected_values(starts, left, right, cover, value, output, out_base):
    """out_base[k] += the mean of each tree over the rows of its fit."""
    for t in range(starts.size - 1):
        a, z = starts[t], starts[t + 1]
        mean = value[a:z].copy()
        for i in range(z - a - 1, -1, -1):  # children come after their parents
            if left[a + i]:
                share = left_share(cover[a + left[a + i]], cover[a + right[a + i]])
                for k in range(value.shape[1]):
                    mean[i, k] = share * mean[left[a + i], k] + (1.0 - share) * mean[right[a + i], k]
        for k in range(value.shape[1]):
            out_base[output[t] + k] += mean[0, k]


@kernel
def left_share(left, right):
    """Share of a node's rows that go left; a half where it has none."""
    return left / (left + right) if left + right > 0.0 else 0.5


@kernel
def _place(bits, m, keys, number):
    """Return the slot of `bits` in the hash table of patterns."""
    if m <= _DIRECT:
        return np.int64(bits)
    at = np.int64((bits * _SPREAD) >> _SHIFT)
    while number[at] >= 0 and keys[at] != bits:
        at = (at + 1) & (_PLACES - 1)
    return at


@kernel
def _collect(lacking, lo, hi, m, keys, number, out_patterns, out_id):
    """Number the different patterns of rows lo, ..., hi - 1: out_id[i - lo] for each row; return how many there are."""
    n = 0
    for i in range(lo, hi):
        at = _place(lacking[i], m, keys, number)
        if number[at] < 0:
            number[at] = n
            keys[at] = lacking[i]
            out_patterns[n] = lacking[i]
            n += 1
        out_id[i - lo] = number[at]
    taken = out_id[hi - lo :]
    for k in range(n):
        taken[k] = _place(out_patterns[k], m, keys, number)
    for k in range(n):  # only now: a place is found by way of those before it
        number[taken[k]] = -1
    return n


@kernel
def _step(d, feature, share, is_left, n_slots, slot, z, goes_left, lacking):
    """Go down to level d, by a condition that lets `share` of the rows through; False: there are too many slots."""
    m = n_slots[d - 1]
    at = m
    for j in range(m):
        slot[d, j], z[d, j] = slot[d - 1, j], z[d - 1, j]
        if slot[d, j] == feature:
            at = j
    if at == m:
        if m == _MOST:
            return False
        slot[d, m], z[d, m] = feature, 1.0
        m += 1
    n_slots[d] = m
    z[d, at] *= share
    bit, nothing = np.uint64(1) << np.uint64(at), np.uint64(0)
    above, new, side = lacking[d - 1], lacking[d], goes_left[d - 1]
    for r in range(new.size):
        new[r] = above[r] | (nothing if side[r] == is_left else bit)
    return True


@kernel
def _decide(column, threshold, missing_left, out_goes_left):
    """Whether each row goes left at a node."""
    for r in range(column.size):
        x = column[r]
        out_goes_left[r] = (x <= threshold) | (missing_left & (x != x))  # noqa: PLR0124 (x != x: missing)


@kernel
def _decide_by_levels(column, levels, missing_left, out_goes_left):
    """Whether each row goes left at a categorical split: by the bit of its code."""
    for r in range(column.size):
        x = column[r]
        if x == x:  # noqa: PLR0124
            code = np.uint64(np.int64(x)) & np.uint64(255)
            out_goes_left[r] = (
                (levels[code >> np.uint64(6)] >> (code & np.uint64(63))) & np.uint64(1)
            ) != np.uint64(0)
        else:
            out_goes_left[r] = missing_left


@kernel
def _add(share, row_id, value, slots, m, out):
    """out[slots[j], r] += share[j, row_id[r]] * value, for the m slots of a leaf."""
    for j in range(m):
        own_out, own_share = out[slots[j]], share[j]
        for r in range(own_out.size):
            own_out[r] += own_share[row_id[r]] * value


@kernel
def add_shapley(
    cells, n_rows, starts, left, right, feature, threshold, missing_left, cover, value, output, levels, depth,
    nodes, weights, order, out_contribution,
):  # fmt: skip
    """Add the trees' contributions to out_contribution (n_outputs, n_features, n_rows).

    cells : (n_features, n_rows + n_background), in the dtype of the thresholds; without background rows the
    contributions are path-dependent.  levels : uint64 (n_nodes, 4), or (0, 4) where no category decides.
    depth : of the deepest tree.
    Returns False, with some trees added, if a path has more than MAX_FEATURES different features.
    """
    n_all = cells.shape[1]
    n_behind = n_all - n_rows
    lacking, goes_left = np.zeros((depth + 1, n_all), np.uint64), np.empty((depth + 1, n_all), np.bool_)
    n_slots = np.zeros(depth + 1, np.int64)
    slot, z = np.empty((depth + 1, _MOST), np.int32), np.empty((depth + 1, _MOST))
    # Node, its parent, its level: one for each level, and the current one.
    waiting = np.zeros((depth + 2, 3), np.int64)
    keys, number = np.empty(_PLACES, np.uint64), np.full(_PLACES, -1, np.int64)
    patterns, theirs = np.empty(n_rows, np.uint64), np.empty(n_behind, np.uint64)
    frequency = np.empty(n_behind)
    row_id = np.empty(2 * max(n_rows, n_behind), np.int64)
    gain, share = np.empty((_MOST, (_MOST + 1) // 2)), np.empty((_MOST, n_rows))
    for t in range(starts.size - 1):
        a = starts[t]
        top = 0
        waiting[0, :] = 0
        while top >= 0:
            i, above, d = a + waiting[top, 0], a + waiting[top, 1], waiting[top, 2]
            top -= 1
            if d > 0:
                is_left = a + left[above] == i
                part = left_share(cover[a + left[above]], cover[a + right[above]])
                part = part if is_left else 1.0 - part
                if not _step(d, feature[above], part, is_left, n_slots, slot, z, goes_left, lacking):
                    return False
            if left[i]:
                if levels.size and (levels[i, 0] | levels[i, 1] | levels[i, 2] | levels[i, 3]):
                    _decide_by_levels(cells[feature[i]], levels[i], missing_left[i], goes_left[d])
                else:
                    _decide(cells[feature[i]], threshold[i], missing_left[i], goes_left[d])
                for kid in (right[i], left[i]):
                    top += 1
                    waiting[top, 0], waiting[top, 1], waiting[top, 2] = kid, i - a, d + 1
                continue
            m = n_slots[d]
            if n_behind:
                n_theirs = _collect(lacking[d], n_rows, n_all, m, keys, number, theirs, row_id)
                frequency[:n_theirs] = 0.0
                for r in range(n_behind):
                    frequency[row_id[r]] += 1.0 / n_behind
                n_patterns = _collect(lacking[d], 0, n_rows, m, keys, number, patterns, row_id)
                for k in range(n_patterns):
                    shares_by_rows(patterns[k], m, n_theirs, theirs, frequency, order, k, share)
            else:
                prepare_shares(m, z[d], nodes, gain)
                n_patterns = _collect(lacking[d], 0, n_rows, m, keys, number, patterns, row_id)
                for k in range(n_patterns):
                    shares_by_cover(patterns[k], m, z[d], gain, nodes, weights, k, share)
            for k in range(value.shape[1]):
                _add(share, row_id, value[i, k], slot[d], m, out_contribution[output[t] + k])
    return True
