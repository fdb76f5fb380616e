"""Partitioning: passes over the rows of a run of blocks, one kernel call each, without the GIL.

In block b (rows lo, ..., hi - 1 of the run, m of them), node q has the rows ``lo + order[lo + i]``, start <= i < stop,
with (start, stop) = ranges[b, q]. Splitting q keeps the order of its rows: left rows first, then right ones.

- `start_tree`: quantise, set every permutation to 0, ..., m - 1 (node 0), and add up the root's histogram;
- `split_nodes`: for each job, partition a node and add up the histogram of one child, while its rows are still in the
  cache;
- `count_nodes`: histograms of the number of rows, for nodes where the packed words do not determine it.

Histograms are added to ``out_hist`` of shape (jobs, 1 or 2, n_features * 256).

Next: `engine.statistics.histogram`, the addition itself; then `splitting`.

Cost: partition about 1 ns a row (AVX-512; with AVX2 2 to 3); histograms as in `engine.statistics.histogram`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.statistics.histogram import add_indexed, add_range
from groundup.models.trees.quantising import quantise

LEFT, RIGHT, NEITHER = 0, 1, 2
_CHUNK = 2048
_U = np.uint64

_INTEGERS = ("node", "feature", "bin", "missing_left", "left", "right", "summed", "by_category")
#: How to split a node: its number, the split, the numbers of its children, the child whose histogram is added up (LEFT,
#: RIGHT or NEITHER), 1 if categories decide, and then the bits of those that go left.
JOB = np.dtype([*((name, "i8") for name in _INTEGERS), ("levels", "u8", 4)], align=True)


class RunBins(NamedTuple):
    """The bins of the rows in a run, flat.

    bounds : int64: the edges of the run's blocks.  row_major : uint64.  feature_major : uint8, block after block.
    """

    bounds: np.ndarray
    row_major: np.ndarray
    feature_major: np.ndarray
    n_features: int


class RunGradients(NamedTuple):
    """The gradients of the rows in a run, flat, in each block output after output; weight: length 0 if all are one."""

    gradient: np.ndarray
    hessian: np.ndarray
    weight: np.ndarray
    output: int
    n_outputs: int


class RunWords(NamedTuple):
    """The quantised gradients of the rows in a run (see `quantising`); `second` is read only if they are wide."""

    first: np.ndarray
    second: np.ndarray


class RunPartition(NamedTuple):
    """Which rows of a run each node has: order, uint16 (n_rows,), and ranges, int32 (n_blocks, n_nodes, 2)."""

    order: np.ndarray
    ranges: np.ndarray


@kernel
def start_tree(bins, gradients, units, out_words, out_partition, out_hist):
    """Set the words, permutation and root histogram of one output's tree, 2048 rows at a time."""
    # Arrays are taken out of the tuples once: in the loops, each access would count a reference to every one of them.
    bounds, _, feature_major, n_features = bins
    gradient, hessian, weight, output, n_outputs = gradients
    first, second = out_words
    all_order, ranges = out_partition
    wide = out_hist.shape[1] == 2
    for b in range(bounds.size - 1):
        block, end = bounds[b], bounds[b + 1]
        first_gradient = block * n_outputs + output * (end - block)
        own_bins = feature_major[block * n_features : end * n_features]
        for lo in range(block, end, _CHUNK):
            hi = min(lo + _CHUNK, end)
            at = first_gradient + lo - block
            own_weight = weight[lo:hi] if weight.size else weight
            own_second = second[lo:hi] if wide else second
            quantise(
                gradient[at : at + hi - lo], hessian[at : at + hi - lo], own_weight, units, first[lo:hi], own_second
            )  # fmt: skip
            for w in range(out_hist.shape[1]):  # one call site: two would be compiled twice
                values = (second if w else first)[block:end]
                add_range(own_bins, n_features, values, lo - block, hi - block, out_hist[0, w])
        order = all_order[block:end]
        for i in range(order.size):
            order[i] = np.uint16(i)
        ranges[b, 0, 0], ranges[b, 0, 1] = 0, end - block


@kernel
def split_nodes(bins, jobs, words, out_partition, out_hist):
    """Partition the node of each job in each block, and add up the histogram of the child that the job names."""
    bounds, row_major, feature_major, n_features = bins
    first, second = words
    all_order, ranges = out_partition
    # No longer than it must be: from 128 kB on, the allocator maps memory anew, page by page, at every call.
    to_right = np.empty(bounds[1] - bounds[0], np.uint16)  # the first block is the longest
    n_words = row_major.size // bounds[-1]
    goes_left = np.empty(256, np.uint8)
    for j in range(jobs.size):
        job = jobs[j]
        node, f, by_category, summed = job["node"], job["feature"], job["by_category"], job["summed"]
        split_bin, missing_left, left, right = job["bin"], job["missing_left"], job["left"], job["right"]
        for q in range(256 if by_category else 0):
            goes_left[q] = (job["levels"][q >> 6] >> _U(q & 63)) & _U(1)
        for b in range(bounds.size - 1):
            block, end = bounds[b], bounds[b + 1]
            order = all_order[block:end]
            own_bins = feature_major[block * n_features : end * n_features]
            start, stop = np.int64(ranges[b, node, 0]), np.int64(ranges[b, node, 1])
            feature_bins = own_bins[f * (end - block) : (f + 1) * (end - block)]
            if by_category:
                cut = start + _partition_levels(feature_bins, order, start, stop, goes_left, to_right)
            else:
                cut = start + _partition(feature_bins, order, start, stop, split_bin, missing_left, to_right)
            ranges[b, left, 0], ranges[b, left, 1] = start, cut
            ranges[b, right, 0], ranges[b, right, 1] = cut, stop
            lo = start if summed == LEFT else cut
            hi = cut if summed == LEFT else stop
            own_rows = row_major[block * n_words : end * n_words]
            if summed != NEITHER:
                for w in range(out_hist.shape[1]):
                    values = (second if w else first)[block:end]
                    add_indexed(own_rows, own_bins, n_features, values, order, lo, hi, out_hist[j, w])


@kernel(borrows=True)
def _partition(bins, order, start, stop, split_bin, missing_left, to_right):
    """Move the rows that go left to the front of order[start:stop], keeping the order of both sides; return how many."""
    # With missing values (bin 255) left, bins are shifted by one: 255 + 1 wraps around to 0, below every bin.
    shift = np.uint32(missing_left)
    last = np.uint32(split_bin + missing_left)
    left = _U(start)
    for i in range(_U(start), _U(stop)):
        row = order[i]
        order[left] = row
        to_right[i - left] = row
        left += _U(((np.uint32(bins[_U(row)]) + shift) & np.uint32(255)) <= last)
    for i in range(_U(stop) - left):
        order[left + i] = to_right[i]
    return np.int64(left) - start


@kernel(borrows=True)
def _partition_levels(bins, order, start, stop, goes_left, to_right):
    """Do the same as `_partition` for a split by categories; goes_left[bin] is 1 or 0."""
    left = _U(start)
    for i in range(_U(start), _U(stop)):
        row = order[i]
        order[left] = row
        to_right[i - left] = row
        left += _U(goes_left[bins[_U(row)]])
    for i in range(_U(stop) - left):
        order[left + i] = to_right[i]
    return np.int64(left) - start


@kernel
def count_nodes(bins, nodes, weight, partition, out_hist):
    """Add up histograms of the number of rows (of positive weight, or all) for each of the nodes."""
    bounds, row_major, feature_major, n_features = bins
    order, ranges = partition
    counts = np.ones(bounds[1] - bounds[0], np.int64)  # the first block is the longest
    n_words = row_major.size // bounds[-1]
    for b in range(bounds.size - 1):
        block, end = bounds[b], bounds[b + 1]
        own_rows = row_major[block * n_words : end * n_words]
        own_bins = feature_major[block * n_features : end * n_features]
        rows, own = order[block:end], counts[: end - block]
        for j in range(nodes.size):
            start, stop = np.int64(ranges[b, nodes[j], 0]), np.int64(ranges[b, nodes[j], 1])
            for i in range(start, stop if weight.size else start):
                r = np.int64(rows[i])
                own[r] = weight[block + r] > 0.0
            add_indexed(own_rows, own_bins, n_features, own, rows, start, stop, out_hist[j, 0])
