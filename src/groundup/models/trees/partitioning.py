"""Partitioning: passes over the rows of a run of blocks, one kernel call each, without the GIL.

In block b (rows lo, ..., hi - 1 of the run, m of them), node q has the rows ``lo + order[lo + i]``, start <= i < stop,
with (start, stop) = ranges[b, q]. Splitting q keeps the order of its rows: left rows first, then right ones.

- `start_tree`: quantise, set every permutation to 0, ..., m - 1 (node 0), and add up the root's histogram;
- `split_nodes`: for each job, partition a node and add up the histogram of one child, while its rows are still in the
  cache;
- `count_nodes`: histograms of the number of rows, for nodes where the packed words cannot tell.

Histograms are added to ``out_hist`` of shape (jobs, 1 or 2, n_features * 256).

What the kernels read, flat: ``bounds``, the edges of the run's blocks; ``words`` and ``planes``, the rows' bins, row by
row, and a block at a time feature by feature (see `binning` and `engine.statistics.histogram`); ``first`` and ``second``,
the rows' gradients and hessians as integers (see `quantising`, which calls these words too; second only if wide).

Next: `engine.statistics.histogram`, the addition itself; then `splitting`.

Cost: partition about 1 ns a row (AVX-512; with AVX2 2 to 3); histograms as in `engine.statistics.histogram`.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.statistics.histogram import add_indexed, add_range
from groundup.models.trees.quantising import quantise

#: A job: node, feature, bin, missing left, left child, right child, the child whose histogram is added up, whether the
#: split is by categories, and then the four words of those that go left.
JOB_WIDTH = 12
LEFT, RIGHT, NEITHER = 0, 1, 2
_CHUNK = 2048
_U = np.uint64


@kernel
def start_tree(
    bounds, gradient, hessian, weight, output, n_outputs, count_bits, scale_g, scale_h, planes, n_features,
    out_first, out_second, out_order, out_ranges, out_hist,
):  # fmt: skip
    """Quantised gradients, permutation and root histogram of one output's tree, 2048 rows at a time."""
    wide = out_hist.shape[1] == 2
    for b in range(bounds.size - 1):
        block, end = bounds[b], bounds[b + 1]
        slopes = block * n_outputs + output * (end - block)
        own_planes = planes[block * n_features : end * n_features]
        for lo in range(block, end, _CHUNK):
            hi = min(lo + _CHUNK, end)
            at = slopes + lo - block
            own = weight[lo:hi] if weight.size else weight
            second = out_second[lo:hi] if wide else out_second
            quantise(
                gradient[at : at + hi - lo], hessian[at : at + hi - lo], own, wide, count_bits, scale_g, scale_h,
                out_first[lo:hi], second,
            )  # fmt: skip
            for w in range(out_hist.shape[1]):  # one call in the text: two are compiled twice
                values = (out_second if w else out_first)[block:end]
                add_range(own_planes, n_features, values, lo - block, hi - block, out_hist[0, w])
        order = out_order[block:end]
        for i in range(order.size):
            order[i] = np.uint16(i)
        out_ranges[b, 0, 0], out_ranges[b, 0, 1] = 0, end - block


@kernel
def split_nodes(bounds, jobs, words, planes, n_features, first, second, out_order, out_ranges, out_hist):
    """Partition the node of each job in each block, and add up the histogram of the child that the job names."""
    # No longer than it must be: from 128 kB on, memory is fetched from the system, page by page, at every call.
    to_right = np.empty(bounds[1] - bounds[0], np.uint16)  # the first block is the longest
    n_words = words.size // bounds[-1]
    goes_left = np.empty(256, np.uint8)
    for j in range(jobs.shape[0]):
        node, f, left, right = jobs[j, 0], jobs[j, 1], jobs[j, 4], jobs[j, 5]
        for q in range(256 if jobs[j, 7] else 0):
            goes_left[q] = (_U(jobs[j, 8 + (q >> 6)]) >> _U(q & 63)) & _U(1)
        for b in range(bounds.size - 1):
            block, end = bounds[b], bounds[b + 1]
            order, own_planes = out_order[block:end], planes[block * n_features : end * n_features]
            start, stop = np.int64(out_ranges[b, node, 0]), np.int64(out_ranges[b, node, 1])
            plane = own_planes[f * (end - block) : (f + 1) * (end - block)]
            if jobs[j, 7]:
                cut = start + _partition_levels(plane, order, start, stop, goes_left, to_right)
            else:
                cut = start + _partition(plane, order, start, stop, jobs[j, 2], jobs[j, 3], to_right)
            out_ranges[b, left, 0], out_ranges[b, left, 1] = start, cut
            out_ranges[b, right, 0], out_ranges[b, right, 1] = cut, stop
            lo = start if jobs[j, 6] == LEFT else cut
            hi = cut if jobs[j, 6] == LEFT else stop
            own_words = words[block * n_words : end * n_words]
            if jobs[j, 6] != NEITHER:
                for w in range(out_hist.shape[1]):
                    values = (second if w else first)[block:end]
                    add_indexed(own_words, own_planes, n_features, values, order, lo, hi, out_hist[j, w])


@kernel(borrows=True)
def _partition(plane, order, start, stop, split_bin, missing_left, to_right):
    """Move the rows that go left to the front of order[start:stop], keeping both sides' order; return how many."""
    # With missing values (bin 255) left, bins are shifted by one: 255 + 1 is 0 in a byte, and below every bin.
    shift = np.uint32(missing_left)
    last = np.uint32(split_bin + missing_left)
    left = _U(start)
    for i in range(_U(start), _U(stop)):
        row = order[i]
        order[left] = row
        to_right[i - left] = row
        left += _U(((np.uint32(plane[_U(row)]) + shift) & np.uint32(255)) <= last)
    for i in range(_U(stop) - left):
        order[left + i] = to_right[i]
    return np.int64(left) - start


@kernel(borrows=True)
def _partition_levels(plane, order, start, stop, goes_left, to_right):
    """As `_partition`, for a split by categories: goes_left[bin] is 1 or 0."""
    left = _U(start)
    for i in range(_U(start), _U(stop)):
        row = order[i]
        order[left] = row
        to_right[i - left] = row
        left += _U(goes_left[plane[_U(row)]])
    for i in range(_U(stop) - left):
        order[left + i] = to_right[i]
    return np.int64(left) - start


@kernel
def count_nodes(bounds, nodes, words, planes, n_features, weight, order, ranges, out_hist):
    """Histograms of the number of rows that count (of positive weight, or all) for each of the nodes."""
    counts = np.ones(bounds[1] - bounds[0], np.int64)  # the first block is the longest
    n_words = words.size // bounds[-1]
    for b in range(bounds.size - 1):
        block, end = bounds[b], bounds[b + 1]
        own_words = words[block * n_words : end * n_words]
        own_planes = planes[block * n_features : end * n_features]
        rows, own = order[block:end], counts[: end - block]
        for j in range(nodes.size):
            start, stop = np.int64(ranges[b, nodes[j], 0]), np.int64(ranges[b, nodes[j], 1])
            for i in range(start, stop if weight.size else start):
                r = np.int64(rows[i])
                own[r] = weight[block + r] > 0.0
            add_indexed(own_words, own_planes, n_features, own, rows, start, stop, out_hist[j, 0])
