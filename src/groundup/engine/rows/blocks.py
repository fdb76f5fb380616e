"""Blocks of rows: a fixed function of the shape, never of the thread count, so that sums have one order."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

#: Below this many rows a call is cheaper inline than handed to threads.
INLINE_ROWS = 16_384
_SMALLEST, _LARGEST = 4_096, 65_536
#: About the longest run, in rows: a kernel call on it is to end soon enough for Ctrl-C; threads share runs out evenly.
LONGEST_RUN = 131_072


def block_rows(n_rows: int) -> int:
    """Return the rows of one block: about 16 to 64 blocks, each within reach of a 16-bit index and the L2 cache."""
    share = max(1, -(-n_rows // 32))
    return int(min(_LARGEST, max(_SMALLEST, 1 << (share - 1).bit_length())))


def block_bounds(n_rows: int) -> np.ndarray:
    """Return the first row of every block, and `n_rows` at the end: int64 of shape (n_blocks + 1,)."""
    step = block_rows(n_rows)
    return np.append(np.arange(0, n_rows, step, dtype=np.int64), np.int64(n_rows))


def runs(n_blocks: int, n_runs: int) -> list[tuple[int, int]]:
    """Cut the blocks into at most `n_runs` runs of consecutive blocks, as even as can be: (first, stop) of each."""
    n_runs = max(1, min(n_runs, n_blocks))
    cuts = [n_blocks * i // n_runs for i in range(n_runs + 1)]
    return list(pairwise(cuts))


class Block(NamedTuple):
    """A run of consecutive blocks as a statistic or a step sees it; a single block is a run of one.

    Attributes
    ----------
    X : ndarray of shape (rows, n_features)
        C-contiguous, in the fitted dtype. Not to be written to.
    columns : dict of str to ndarray
        The per-row columns' slices: ``y``, ``weight``, and what the learner added (scores, nodes). Writable views.
    bounds : ndarray of int64
        First row of each block in the run, relative to the run, and the run's length at the end.
    first, stop : int
        The run holds the blocks first, ..., stop - 1 of all.
    lo, hi : int
        The run holds the rows lo, ..., hi - 1 of all.
    """

    X: np.ndarray
    columns: dict[str, np.ndarray]
    bounds: np.ndarray
    first: int
    stop: int
    lo: int
    hi: int

    def __getitem__(self, name):  # type: ignore[override]
        return self.columns[name]
