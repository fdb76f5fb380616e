"""Blocks of rows: a function of the number of rows alone, so that sums have one order on any number of threads."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

#: With fewer rows a call runs inline: handing it to threads would cost more.
INLINE_ROWS = 16_384
_SMALLEST, _LARGEST = 4_096, 65_536
#: Approximate maximum of rows in a run: one kernel call must end soon enough for Ctrl-C.
LONGEST_RUN = 131_072


def block_rows(n_rows: int) -> int:
    """Return the rows of one block: about 16 to 64 blocks, each small enough for a 16-bit index and the L2 cache."""
    share = max(1, -(-n_rows // 32))
    return int(min(_LARGEST, max(_SMALLEST, 1 << (share - 1).bit_length())))


def block_bounds(n_rows: int) -> np.ndarray:
    """Return the first row of every block, and `n_rows` at the end: int64 of shape (n_blocks + 1,)."""
    step = block_rows(n_rows)
    return np.append(np.arange(0, n_rows, step, dtype=np.int64), np.int64(n_rows))


def runs(n_blocks: int, n_runs: int) -> list[tuple[int, int]]:
    """Cut the blocks into at most `n_runs` even runs of consecutive blocks; return (first, stop) of each."""
    n_runs = max(1, min(n_runs, n_blocks))
    cuts = [n_blocks * i // n_runs for i in range(n_runs + 1)]
    return list(pairwise(cuts))


class Block(NamedTuple):
    """A run of consecutive blocks, as passed to a statistic or a step; a single block is a run of one.

    Attributes
    ----------
    X : ndarray of shape (rows, n_features)
        C-contiguous, in the fitted dtype; read-only by convention.
    columns : dict of str to ndarray
        Writable slices of the per-row columns: ``y``, ``weight`` and those that the model added (scores, nodes).
    bounds : ndarray of int64
        First row of each block in the run, relative to the run, and the run's length at the end.
    first, stop : int
        The run holds the blocks first, ..., stop - 1.
    lo, hi : int
        The run holds the rows lo, ..., hi - 1.
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
