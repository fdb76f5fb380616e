"""Runs: the rows of a node by one feature, those of equal code summed up, in increasing order.

    run_code[r]       the r-th different code in the node
    run_sums[r, :]    the sums (see `decision_criteria`) of the rows that have it, then how many they are

A split of the node is a place between two runs. Three ways lead to them, and all give the same runs: few rows are sorted
by insertion; more rows go into a histogram where codes are bytes, and are sorted by radix where they are ranks.

Sums are added in the order of the rows, so they have the same bits in each way. Cost, a row and feature: 1 ns
(histogram), 8 ns (radix).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.kernels.bits import lowest_bit
from groundup.engine.kernels.prefetch import prefetch

#: Up to so many rows are sorted by insertion.
FEW = 32
#: Up to so many rows, the codes that occur are marked, so that a histogram's empty bins are not visited.
MARKED = 512
_NONE, _BIT = np.uint64(0), np.uint64(1)
#: Rows whose codes are asked for ahead of time.
_AHEAD = 16


@kernel(borrows=True)
def sort_codes(codes, stride, f, rows, out_keys, spare):
    """Sort a node's rows by code: out_keys[i] = code << 32 | place in `rows`, increasing. spare: as out_keys."""
    n = rows.size
    most = np.int64(0)
    for i in range(n):
        code = np.int64(codes[np.int64(rows[i]) * stride + f])
        most = max(most, code)
        out_keys[i] = (code << np.int64(32)) | np.int64(i)
    sort_keys(out_keys[:n], spare, most)


@kernel
def sort_keys(keys, spare, most):
    """Sort keys, number << 32 | place, where no number is above `most`."""
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
        for i in range(n):  # a slice assigned would have its error message compiled, a second of it
            keys[i] = spare[i]
        most >>= np.int64(8)
        shift += np.int64(8)


@kernel(borrows=True)
def runs_of_sorted(keys, n, slot, contribution, n_sums, n_outputs, classes, out_code, out_sums):
    """Runs of sorted keys; return how many. slot, contribution: see `decision_search.gather`."""
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
        if classes:
            for k in range(n_outputs):
                out_sums[n_runs, slot[at * n_outputs + k]] += contribution[at]
        else:
            for s in range(n_sums):
                out_sums[n_runs, s] += contribution[at * n_sums + s]
        out_sums[n_runs, n_sums] += 1.0
    return n_runs + 1


@kernel(borrows=True)
def fill_histograms(
    codes,
    stride,
    features,
    n_drawn,
    rows,
    slot,
    contribution,
    n_sums,
    n_outputs,
    classes,
    counted,
    out_hist,
    out_there,
):
    """Add a node's rows to the histograms (n_drawn * 256 * width) of the features drawn, which begin at 0.

    width: n_sums, and one more where rows are counted.
    out_there : uint64 (n_drawn * 4): a bit for each code that may occur; of few rows, for each that does.
    """
    width = n_sums + np.int64(counted)
    few = rows.size <= MARKED
    for j in range(4 * n_drawn):
        out_there[j] = _NONE if few else ~_NONE
    for i in range(rows.size):
        base = np.int64(rows[i]) * stride
        prefetch(codes, np.int64(rows[min(i + _AHEAD, rows.size - 1)]) * stride)
        one = classes and n_outputs == 1
        w, own = 0.0, np.int64(0)
        if one:
            w, own = contribution[i], np.int64(slot[i])
        for j in range(n_drawn):
            code = np.int64(codes[base + features[j]])
            o = (np.int64(j) * 256 + code) * width
            if few:
                out_there[4 * j + (code >> 6)] |= _BIT << np.uint64(code & 63)
            if counted:
                out_hist[o + n_sums] += 1.0
            if one:
                out_hist[o + own] += w
            elif classes:
                for k in range(n_outputs):
                    out_hist[o + slot[i * n_outputs + k]] += contribution[i]
            else:
                for s in range(n_sums):
                    out_hist[o + s] += contribution[i * n_sums + s]


@kernel(borrows=True)
def runs_of_histogram(hist, there, j, n_sums, n_first, counted, out_code, out_sums):
    """Runs of the j-th histogram, which is cleared; return how many.

    n_first : the sums of which one is positive where there are rows: the weight, or those of the first output's classes.
    """
    width = n_sums + np.int64(counted)
    n_runs = 0
    for part in range(4):
        bits = there[4 * j + part]
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
