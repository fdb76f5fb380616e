"""Integer histograms: for each feature and bin, the sum of a 64-bit integer over the rows that fall into it.

    hist[f * 256 + bins[r, f]] += values[r]          for every row r wanted, and every feature f

Sums of integers have no rounding, so any order of rows, blocks and threads gives the same bits. A value may pack several
sums (boosting: gradient and hessian), as long as no partial sum overflows its share of the bits.

Layout: a row's bins lie side by side, eight to a uint64 word (`n_words` words a row, the last with `n_last` features),
so that one row costs a cache line, or two, and the loop over its features is eight shifts a load. Rows of a node are
visited through an index; the first and the last word of the row 16 further on are asked for meanwhile.

Histograms of many features (2 kB each) do not fit the first cache: with a row at a time nearly every sum would come from
the second. There 256 rows are turned first, so that their k-th words lie side by side, and then added word by word, with
eight features' histograms at work. Turning costs less than it saves from about 60 features on.

Cost: about 0.3 ns a row and feature when rows are consecutive, 0.4 ns through an index (AVX-512; with AVX2 about 1 ns,
of many features 0.7).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel, prefetch

#: Bins of a feature, the last for missing values.
N_BINS = 256
_AHEAD = 16
#: From so many words a row on, rows are turned, so many at a time; fewer, where more words would not fit 128 kB: longer
#: scratch is fetched from the system at every call.
_MANY_WORDS, _TURNED, _SCRATCH = 8, 256, 15_000
_U = np.uint64


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


@kernel
def add_range(words, values, first, stop, n_words, n_last, out_hist):
    """Add values[r] to the bins of each row r = first, ..., stop - 1.

    Shapes: words (n_rows * n_words,) uint64, values (n_rows,) int64, out_hist (n_words * 8 * 256,) int64.
    """
    if n_words < _MANY_WORDS:
        for r in range(first, stop):
            _add(words, _U(r) * _U(n_words), values[r], n_words, n_last, out_hist)
        return
    turned, own = _room(n_words)
    for lo in range(first, stop, own.size):
        m = min(own.size, stop - lo)
        for i in range(m):
            _turn(words, values, _U(lo + i), i, n_words, turned, own)
        _add_turned(turned, own, m, n_words, n_last, out_hist)


@kernel
def add_indexed(words, values, first, order, start, stop, n_words, n_last, out_hist):
    """Add values[r] to the bins of each row r = first + order[i], i = start, ..., stop - 1 (order: uint16)."""
    if n_words < _MANY_WORDS:
        _add_rows(words, values, first, order, start, stop, n_words, n_last, out_hist)
        return
    turned, own = _room(n_words)
    for lo in range(start, stop, own.size):
        m = min(own.size, stop - lo)
        for i in range(m):
            later = (_U(first) + _U(order[lo + min(i + _AHEAD, m - 1)])) * _U(n_words)
            prefetch(words, later)
            prefetch(words, later + _U(8))  # the next line
            _turn(words, values, _U(first) + _U(order[lo + i]), i, n_words, turned, own)
        _add_turned(turned, own, m, n_words, n_last, out_hist)


@kernel
def _add_rows(words, values, first, order, start, stop, n_words, n_last, out_hist):
    for i in range(start, stop - _AHEAD):
        later = _U(first) + _U(order[i + _AHEAD])
        prefetch(words, later * _U(n_words))
        prefetch(words, later * _U(n_words) + _U(n_words - 1))
        prefetch(values, later)
        r = _U(first) + _U(order[i])
        _add(words, r * _U(n_words), values[r], n_words, n_last, out_hist)
    for i in range(max(start, stop - _AHEAD), stop):
        r = _U(first) + _U(order[i])
        _add(words, r * _U(n_words), values[r], n_words, n_last, out_hist)


@kernel
def _room(n_words):
    """Return where rows are turned: their words (8 places apart, lest they share lines of the cache), and values."""
    most = max(8, min(_TURNED, _SCRATCH // n_words))
    return np.empty((n_words, most + 8), np.uint64), np.empty(most, np.int64)


@kernel(inline=True)
def _turn(words, values, r, i, n_words, turned, own):
    """Write the words of row r and its value to place i."""
    own[i] = values[r]
    for k in range(n_words):
        turned[k, i] = words[r * _U(n_words) + _U(k)]


@kernel
def _add_turned(turned, own, m, n_words, n_last, out_hist):
    """Add own[i] to the bins of each of m rows that were turned, eight features after the other."""
    for k in range(n_words - 1):
        _add_word(turned[k], own, m, out_hist[8 * N_BINS * k : 8 * N_BINS * (k + 1)])
    last = n_words - 1
    for i in range(m):
        w = turned[last, i]
        for q in range(n_last):
            out_hist[_U(8 * N_BINS * last) + _U(q) * _U(256) + (w & _U(255))] += own[i]
            w >>= _U(8)


@kernel
def _add_word(words, own, m, out_hist):
    for i in range(m):
        w = words[i]
        value = own[i]
        for q in range(8):
            out_hist[_U(q) * _U(256) + ((w >> _U(8 * q)) & _U(255))] += value
