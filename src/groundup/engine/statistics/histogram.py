"""Integer histograms: for each feature and bin, the sum of a 64-bit integer over the rows that fall into it.

    hist[f * 256 + bins[r, f]] += values[r]          for every row r wanted, and every feature f

Sums of integers have no rounding, so any order of rows, blocks and threads gives the same bits. A value may pack several
sums (boosting: gradient and hessian), as long as no partial sum overflows its share of the bits.

All arrays are those of one block of rows, and rows are numbered within it. Its bins stand there twice, and rows are read
from the copy that suits them, because what limits the speed is memory:

- ``planes``, feature by feature, of many rows (from one in eight on). A feature's sums are 2 kB, so those of 16 features
  fill the first cache; four features at a time stay in it.
- ``words``, row by row, eight bins to a uint64 and the last word padded, of few rows: a row is as many lines of the cache
  as its words fill. It is asked for 64 rows ahead, into the second cache, which takes more requests at a time than the
  first. Rows of up to 56 features are then asked for into the first, 8 rows ahead, and added one by one. Wider rows are
  turned, 256 at a time, so that their k-th words lie side by side, and added word by word, with the sums of eight
  features at work.

Cost of a row and feature with AVX-512: 0.35 ns by planes, 0.4 through an index; by words 0.6 to 0.9, as the rows lie in
the caches or in memory.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel, prefetch, prefetch_l2

#: Bins of a feature, the last for missing values.
N_BINS = 256
#: From one row of so many of a block on, a node's rows are read by planes.
_DENSE = 8
#: So many of their values are gathered at a time.
_CHUNK = 2048
#: How many rows ahead a row is asked for, into the first cache and into the second.
_NEAR, _FAR = 8, 64
#: From so many features on, rows are turned.
_WIDE = 57
#: So many at a time; fewer, where so many words would not fit 128 kB: longer scratch is fetched from the system at every
#: call.
_TURNED, _SCRATCH = 256, 15_000
_U = np.uint64


@kernel
def add_range(planes, n_features, values, start, stop, out_hist):
    """Add values[r] to the bins of each row r = start, ..., stop - 1 of a block.

    Shapes: planes (n_features * n_rows,) uint8, values (n_rows,) int64, out_hist (at least n_features * 256,) int64.
    """
    everyone = np.empty(0, np.uint16)
    _add_planes(planes, n_features, values.size, start, everyone, values[start:stop], out_hist)


@kernel
def add_indexed(words, planes, n_features, values, order, start, stop, out_hist):
    """Add values[r] to the bins of each row r = order[i], i = start, ..., stop - 1 of a block (order: uint16).

    Shapes as in `add_range`, and words (n_rows * n_words,) uint64.
    """
    if start == stop:
        return
    if (stop - start) * _DENSE < values.size:
        if n_features < _WIDE:
            _add_rows(words, n_features, values, order, start, stop, out_hist)
        else:
            _add_wide_rows(words, n_features, values, order, start, stop, out_hist)
        return
    own = np.empty(_CHUNK, np.int64)
    for lo in range(start, stop, _CHUNK):
        rows = order[lo : min(lo + _CHUNK, stop)]
        for i in range(_U(rows.size)):
            own[i] = values[_U(rows[i])]
        _add_planes(planes, n_features, values.size, 0, rows, own[: rows.size], out_hist)


@kernel(borrows=True)
def _add_planes(planes, n_features, m, start, rows, own, out_hist):
    """Add own[i] to the bins of row rows[i] of a block of m, or, where `rows` has length 0, of row start + i."""
    n, listed = _U(own.size), rows.size > 0  # LLVM makes two loops of it, one for either answer
    f = 0
    while f + 4 <= n_features:
        at = f * m + start
        a, b, c, d = planes[at:], planes[at + m :], planes[at + 2 * m :], planes[at + 3 * m :]
        hist = out_hist[f * N_BINS : (f + 4) * N_BINS]
        for i in range(n):
            r, value = _U(rows[i]) if listed else i, own[i]
            hist[_U(a[r])] += value
            hist[_U(N_BINS) + _U(b[r])] += value
            hist[_U(2 * N_BINS) + _U(c[r])] += value
            hist[_U(3 * N_BINS) + _U(d[r])] += value
        f += 4
    while f < n_features:
        a, hist = planes[f * m + start :], out_hist[f * N_BINS : (f + 1) * N_BINS]
        for i in range(n):
            hist[a[_U(rows[i]) if listed else i]] += own[i]
        f += 1


@kernel(inline=True)
def _add(words, at, value, n_words, n_last, out_hist):
    """Add `value` to the bins of one row, whose words begin at `at`."""
    # Keep this shape: with a first and a last word as parameters LLVM stopped unrolling, and it took 2.5 times as long.
    o = _U(0)
    for k in range(n_words - 1):
        w = words[at + _U(k)]
        for q in range(8):
            out_hist[o + _U(q) * _U(256) + ((w >> _U(8 * q)) & _U(255))] += value
        o += _U(2048)
    w = words[at + _U(n_words - 1)]
    for q in range(n_last):
        out_hist[o + _U(q) * _U(256) + (w & _U(255))] += value
        w >>= _U(8)


@kernel(borrows=True)
def _add_rows(words, n_features, values, order, start, stop, out_hist):
    """Add values[r] to the bins of rows far from each other, a row at a time."""
    n_words = words.size // values.size
    n_last = n_features - 8 * (n_words - 1)
    for i in range(start, min(start + _FAR, stop)):
        _ask(words, values, _U(order[i]), n_words)
    for i in range(start, stop):
        if i + _FAR < stop:
            _ask(words, values, _U(order[i + _FAR]), n_words)
        near = _U(order[min(i + _NEAR, stop - 1)])
        prefetch(words, near * _U(n_words))
        prefetch(words, near * _U(n_words) + _U(n_words - 1))
        prefetch(values, near)
        r = _U(order[i])
        _add(words, r * _U(n_words), values[r], n_words, n_last, out_hist)


@kernel
def _add_wide_rows(words, n_features, values, order, start, stop, out_hist):
    """The same, 256 rows at a time, turned so that their k-th words lie side by side, and then added word by word."""
    n_words = words.size // values.size
    n_last = n_features - 8 * (n_words - 1)
    most = max(8, min(_TURNED, _SCRATCH // n_words - 8))
    turned = np.empty(
        (n_words, most + 8), np.uint64
    )  # 8 places apart, lest words of one row share a line's place
    own = np.empty(most, np.int64)
    for i in range(start, min(start + _FAR, stop)):
        _ask(words, values, _U(order[i]), n_words)
    for lo in range(start, stop, most):
        m = min(most, stop - lo)
        for i in range(m):
            if lo + i + _FAR < stop:
                _ask(words, values, _U(order[lo + i + _FAR]), n_words)
            r = _U(order[lo + i])
            own[i] = values[r]
            for k in range(n_words):
                turned[k, i] = words[r * _U(n_words) + _U(k)]
        for k in range(n_words - 1):
            _add_word(turned[k], own, m, out_hist[8 * N_BINS * k : 8 * N_BINS * (k + 1)])
        _add_last(turned[n_words - 1], own, m, n_last, out_hist[8 * N_BINS * (n_words - 1) :])


@kernel(borrows=True)
def _add_word(words, own, m, out_hist):
    for i in range(m):
        w = words[i]
        value = own[i]
        for q in range(8):
            out_hist[_U(q) * _U(256) + ((w >> _U(8 * q)) & _U(255))] += value


@kernel(borrows=True)
def _add_last(words, own, m, n_last, out_hist):
    for i in range(m):
        w = words[i]
        for q in range(n_last):
            out_hist[_U(q) * _U(256) + (w & _U(255))] += own[i]
            w >>= _U(8)


@kernel(inline=True)
def _ask(words, values, r, n_words):
    """Have a row brought to the second cache: the lines of its words, and of its value."""
    for k in range(0, n_words, 8):
        prefetch_l2(words, r * _U(n_words) + _U(k))
    prefetch_l2(words, r * _U(n_words) + _U(n_words - 1))
    prefetch_l2(values, r)
