"""Runs: the rows of a node grouped by the value of one feature and summed up, in increasing order.

    run_code[r]       the r-th distinct code in the node
    run_sums[r, :]    the sums (see `exact_criteria`) of the rows that have it, then their number

A split of the node is a position between two runs. Runs are made in one of three ways with the same result: few rows
are sorted by insertion; more rows go into a histogram where codes are bytes, and are radix-sorted where they are ranks.

Sums are added in the order of the rows, so they have the same bits in each way. Cost, a row and feature: 1 ns
(histogram), 8 ns (radix).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.bits import lowest_bit
from groundup.engine.kernels.prefetch import prefetch

#: Number of rows up to which they are sorted by insertion.
FEW = 32
#: Number of rows up to which the codes that occur are marked, so that empty bins of a histogram are skipped.
MARKED = 512
_NONE, _BIT = np.uint64(0), np.uint64(1)
#: Prefetch distance in rows.
_AHEAD = 16


@kernel(borrows=True)
def sort_codes(codes, stride, f, rows, out_keys, spare):
    """Sort a node's rows by code: out_keys[i] = code << 32 | position in `rows`, increasing. spare: like out_keys."""
    n = rows.size
    most = np.int64(0)
    for i in range(n):
        code = np.int64(codes[np.int64(rows[i]) * stride + f])
        most = max(most, code)
        out_keys[i] = (code << np.int64(32)) | np.int64(i)
    sort_keys(out_keys[:n], spare, most)


@kernel
def sort_keys(keys, spare, most):
    """Sort keys, code << 32 | position, where no code exceeds `most`."""
    n = keys.size
    if n <= FEW:
        for i in range(1, n):
            key = keys[i]
            j = i
            while j > 0 and keys[j - 1] > key:
                keys[j] = keys[j - 1]
                j -= 1
            keys[j] = key
        return
    starts = np.empty(257, np.int64)
    shift = np.int64(32)
    while most > 0:
        for b in range(257):
            starts[b] = 0
        for i in range(n):
            starts[((keys[i] >> shift) & np.int64(255)) + 1] += 1
        for b in range(256):
            starts[b + 1] += starts[b]
        for i in range(n):
            b = (keys[i] >> shift) & np.int64(255)
            spare[starts[b]] = keys[i]
            starts[b] += 1
        for i in range(n):  # assigning a slice would compile its error message, which takes a second
            keys[i] = spare[i]
        most >>= np.int64(8)
        shift += np.int64(8)


@kernel(borrows=True)
def runs_of_sorted(keys, n, slot, contribution, rules, out_code, out_sums):
    """Set the runs of sorted keys; return their number. slot, contribution: see `exact_splitter.gather`."""
    n_sums, n_outputs = rules.n_sums, rules.n_outputs
    n_runs = -1
    before = np.int64(-1)
    for i in range(n):
        code = keys[i] >> np.int64(32)
        at = keys[i] & np.int64(0xFFFFFFFF)
        if code != before:
            n_runs += 1
            before = code
            out_code[n_runs] = code
            for s in range(n_sums + 1):
                out_sums[n_runs, s] = 0.0
        if rules.is_classification:
            for k in range(n_outputs):
                out_sums[n_runs, slot[at * n_outputs + k]] += contribution[at]
        else:
            for s in range(n_sums):
                out_sums[n_runs, s] += contribution[at * n_sums + s]
        out_sums[n_runs, n_sums] += 1.0
    return n_runs + 1


@kernel(borrows=True)
def fill_histograms(codes, stride, features, rows, slot, contribution, rules, out_hist, out_present):
    """Add a node's rows to the histograms (n_features * 256 * width) of the features, which are zero before.

    width: n_sums, and one more where rows are counted.
    out_present : uint64 (n_features * 4): a bit for each code that may occur; for few rows, for each that does.
    """
    n_sums, n_outputs, counted = rules.n_sums, rules.n_outputs, rules.counted
    is_classification = rules.is_classification
    width = n_sums + np.int64(counted)
    few = rows.size <= MARKED
    for j in range(4 * features.size):
        out_present[j] = _NONE if few else ~_NONE
    one = is_classification and n_outputs == 1
    for i in range(rows.size):
        base = np.int64(rows[i]) * stride
        prefetch(codes, np.int64(rows[min(i + _AHEAD, rows.size - 1)]) * stride)
        w, own = 0.0, np.int64(0)
        if one:
            w, own = contribution[i], np.int64(slot[i])
        for j in range(features.size):
            code = np.int64(codes[base + features[j]])
            o = (np.int64(j) * 256 + code) * width
            if few:
                out_present[4 * j + (code >> 6)] |= _BIT << np.uint64(code & 63)
            if counted:
                out_hist[o + n_sums] += 1.0
            if one:
                out_hist[o + own] += w
            elif is_classification:
                for k in range(n_outputs):
                    out_hist[o + slot[i * n_outputs + k]] += contribution[i]
            else:
                for s in range(n_sums):
                    out_hist[o + s] += contribution[i * n_sums + s]


@kernel(borrows=True)
def runs_of_histogram(hist, present, j, n_first, rules, out_code, out_sums):
    """Set the runs of the j-th histogram, and clear it; return their number.

    n_first : number of sums of which one is positive where there are rows: the weight, or the first output's classes.
    """
    width = rules.n_sums + np.int64(rules.counted)
    n_runs = 0
    for part in range(4):
        bits = present[4 * j + part]
        while bits != _NONE:
            b = 64 * part + lowest_bit(bits)
            bits &= bits - _BIT
            o = (256 * j + b) * width
            some = 0.0
            for s in range(n_first):
                some += hist[o + s]
            if some > 0.0:
                out_code[n_runs] = b
                for s in range(width):
                    out_sums[n_runs, s] = hist[o + s]
                    hist[o + s] = 0.0
                n_runs += 1
    return n_runs
