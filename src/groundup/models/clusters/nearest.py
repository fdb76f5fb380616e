"""The nearest of k centres for each row: the inner loop of k-means, by register tiles.

For a row x and the centres c_j (both of n_features), any point s taken as origin, x' = x - s and c'_j = c_j - s:

    ||x - c_j||^2 = ||x'||^2 + g_j,      g_j = ||c'_j||^2 - 2 x'c'_j

so the nearest centre is where the *gap* g_j is least, and g is one product of matrices: a multiplication and an addition
for each row, centre and feature, half of what the differences themselves cost. Of equal gaps the first centre is chosen.

Rows are taken some 16 to 64 at a time, shifted and transposed into a small matrix: then the lanes of a register are rows,
each lane has its own nearest centre, and neither few features nor few centres leave lanes idle. The result of a row
depends on no other row: all rows use the same sums, padded with zeros at the end.

Numerical error: about eps * n_features * (||x'||^2 + ||c'_j||^2), so `s` must lie among the data, or digits cancel; it
is the mean of the centres, a fixed function of them: `fit` and `predict` compute the same bits. Where two centres are
equally near up to that error, either may be chosen, but always the same one.

Cost: 2 * rows * k * n_features flops, near the processor's peak from about 16 features on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.kernels import kernel, prefetch
from groundup.engine.kernels.tiles import ROWS, VECTOR_BYTES, VECTORS, argmin_tile, gemm_tile, transpose_tile

_TRANSPOSE = transpose_tile()
_MANY, _FEW = argmin_tile(ROWS, VECTORS), argmin_tile(2, VECTORS)
_MANY_NARROW, _FEW_NARROW = argmin_tile(ROWS, 1), argmin_tile(2, 1)
_PRODUCT = gemm_tile(2, VECTORS)


class Codebook(NamedTuple):
    """Centres in the layout of the tiles, in the data's dtype.

    Attributes
    ----------
    shift : ndarray of shape (n_padded,)
        The origin s, and zeros up to a whole number of vectors.
    scaled_centres : ndarray of shape (n_slots, n_features)
        -2 c'; n_slots is k rounded up to an even number, with zeros where there is no centre.
    start : ndarray of shape (n_slots,)
        ||c'||^2; infinite where there is no centre, so that none is ever nearest.
    """

    shift: np.ndarray
    scaled_centres: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, centres: np.ndarray, shift: np.ndarray | None = None) -> Codebook:
        """Return the codebook of `centres` (k, n_features); without `shift`, their mean is the origin."""
        k, d = centres.shape
        lanes = VECTOR_BYTES // centres.itemsize
        origin = np.zeros(-(-d // lanes) * lanes, centres.dtype) if shift is None else shift
        if shift is None:
            _mean(centres, origin)
        book = cls(origin, np.empty((k + k % 2, d), centres.dtype), np.empty(k + k % 2, centres.dtype))
        _pack(centres, *book)
        return book


@kernel
def _mean(centres, out_shift):
    """Write the mean of the centres."""
    k, d = centres.shape
    total = np.zeros(d)
    for j in range(k):
        for q in range(d):
            total[q] += centres[j, q]
    for q in range(d):
        out_shift[q] = total[q] / k


@kernel
def _pack(centres, shift, out_scaled, out_start):
    """Write the shifted centres times -2, and their squared norms."""
    k, d = centres.shape
    out_scaled[k:, :] = 0
    out_start[k:] = np.inf
    for j in range(k):
        norm = 0.0
        for q in range(d):
            out_scaled[j, q] = -2.0 * (np.float64(centres[j, q]) - shift[q])
            rounded = -0.5 * np.float64(out_scaled[j, q])
            norm += rounded * rounded
        out_start[j] = norm


@kernel
def new_columns(X):
    """Return the small matrix that `transpose_chunk` fills: a tile's width of rows, whole vectors of features."""
    lanes = VECTOR_BYTES // X.itemsize
    return np.empty((-(-X.shape[1] // lanes) * lanes, VECTORS * lanes), X.dtype)


@kernel
def transpose_chunk(X, lo, m, shift, out_columns):
    """Write X[lo : lo + m] - shift, transposed, and zeros in the columns behind; prefetch the next rows."""
    n, d = X.shape
    n_padded, width = out_columns.shape
    lanes = VECTOR_BYTES // X.itemsize
    for e in range((lo + m) * d, min(n, lo + m + width) * d, 64 // X.itemsize):
        prefetch(X, e)
    # A tile reads beyond its row's end, into the next rows: those values land below row d, which is never read.
    whole = min(m - m % lanes, max(0, n - lo - lanes))
    whole -= whole % lanes
    for i in range(0, whole, lanes):
        for q in range(0, n_padded, lanes):
            _TRANSPOSE(X, (lo + i) * d + q, d, shift, q, out_columns, q * width + i, width)
    for i in range(whole, m):
        for q in range(d):
            out_columns[q, i] = X[lo + i, q] - shift[q]
    if m < width:
        for q in range(d):
            out_columns[q, m:] = 0


@kernel
def nearest_chunk(columns, m, scaled_centres, start, out_gap, out_label):
    """Write the least gap and its centre for the m rows of a chunk (and for the zeros behind them)."""
    n_slots, d = scaled_centres.shape
    width = columns.shape[1]
    out_gap[:] = np.inf
    out_label[:] = 0
    many = n_slots - n_slots % ROWS
    if m > VECTOR_BYTES // columns.itemsize:
        for j in range(0, many, ROWS):
            _MANY(scaled_centres, j * d, d, d, columns, 0, width, start, j, out_gap, out_label, 0)
        for j in range(many, n_slots, 2):
            _FEW(scaled_centres, j * d, d, d, columns, 0, width, start, j, out_gap, out_label, 0)
    else:
        for j in range(0, many, ROWS):
            _MANY_NARROW(scaled_centres, j * d, d, d, columns, 0, width, start, j, out_gap, out_label, 0)
        for j in range(many, n_slots, 2):
            _FEW_NARROW(scaled_centres, j * d, d, d, columns, 0, width, start, j, out_gap, out_label, 0)


@kernel
def gaps_chunk(columns, scaled_centres, start, out_gaps):
    """Write the gaps between all centres and a chunk's rows: out_gaps of shape (n_slots, width)."""
    n_slots, d = scaled_centres.shape
    width = columns.shape[1]
    for j in range(0, n_slots, 2):
        out_gaps[j, :] = start[j]
        out_gaps[j + 1, :] = start[j + 1]
        _PRODUCT(scaled_centres, j * d, d, 1, d, columns, 0, width, out_gaps, j * width, width)


@kernel
def norms_chunk(columns, d, out_norm):
    """Write ||x'||^2 of a chunk's rows."""
    out_norm[:] = 0
    for q in range(d):
        for i in range(len(out_norm)):
            out_norm[i] += columns[q, i] * columns[q, i]


@kernel
def nearest(X, shift, scaled_centres, start, out):
    """Write each row's nearest centre to out[:, 0], and its gap to out[:, 1]: not finite where the row is not."""
    columns = new_columns(X)
    width = columns.shape[1]
    gap, label = np.empty(width, X.dtype), np.empty(width, np.int32)
    for lo in range(0, len(X), width):
        m = min(width, len(X) - lo)
        transpose_chunk(X, lo, m, shift, columns)
        nearest_chunk(columns, m, scaled_centres, start, gap, label)
        for i in range(m):
            out[lo + i, 0] = label[i]
            out[lo + i, 1] = gap[i]


@kernel
def distances(X, centres, shift, scaled_centres, start, out):
    """Write the distance of each row to each centre, right to about 1e-12: the codebook is float64, whatever X is.

    Where the gap has lost digits, because the row is near the centre, the differences themselves are summed.
    """
    n, d = X.shape
    k = len(centres)
    columns = new_columns(np.empty((1, d)))
    width = columns.shape[1]
    wide, norm, gaps = np.empty((width, d)), np.empty(width), np.empty((len(scaled_centres), width))
    for lo in range(0, n, width):
        m = min(width, n - lo)
        wide[:m] = X[lo : lo + m]
        transpose_chunk(wide[:m], 0, m, shift, columns)
        norms_chunk(columns, d, norm)
        gaps_chunk(columns, scaled_centres, start, gaps)
        for i in range(m):
            for j in range(k):
                square = norm[i] + gaps[j, i]
                if not square > 1e-4 * (norm[i] + start[j]):
                    square = 0.0
                    for q in range(d):
                        square += (wide[i, q] - centres[j, q]) ** 2
                out[lo + i, j] = np.sqrt(square)
