"""Counts of integer codes: exact in any order of rows and blocks."""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel


@kernel
def _count(codes, out_counts):
    """Count the codes 0 .. len(out_counts) - 1; return the first row with another code, or -1."""
    n_codes = len(out_counts)
    for i in range(len(codes)):
        code = codes[i]
        if code < 0 or code >= n_codes:
            return i
        out_counts[code] += 1
    return -1


class Counts:
    """Occurrences of each code of a per-row column of integers.

    ``Counts.of(run, "codes", n_codes)``. Each row counts once, regardless of its weight.

    Attributes
    ----------
    counts : ndarray of int64 of shape (n_codes,)
    """

    exact = True

    def __init__(self, counts: np.ndarray):
        self.counts = counts

    @classmethod
    def of(cls, block, column: str, n_codes: int) -> Counts:
        """Count the codes of one run of blocks.

        Raises
        ------
        ValueError
            If a code is not in 0 .. n_codes - 1.
        """
        return cls(np.zeros(n_codes, dtype=np.int64)).add(block, column, n_codes)

    def add(self, block, column: str, n_codes: int) -> Counts:
        """Add the counts of a further run in place; errors as in `of`."""
        at = _count(block[column], self.counts)
        if at >= 0:
            raise ValueError(
                f"row {block.lo + at} of {column!r} holds {block[column][at]}, not a code below {n_codes}"
            )
        return self

    def merge(self, other: Counts) -> Counts:
        """Return the counts of both, in place of `self`."""
        self.counts += other.counts
        return self

    def finish(self) -> np.ndarray:
        """Return the counts."""
        return self.counts
