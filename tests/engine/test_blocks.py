"""Blocks: every row once, whatever their number, and never a matter of threads."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from groundup.engine.rows import Rows, block_bounds, block_rows, runs
from groundup.engine.rows.blocks import INLINE_ROWS


@given(n_rows=st.integers(1, 2**40))
@example(n_rows=1)
@example(n_rows=4096)
@example(n_rows=4097)
@example(n_rows=131_072)
@example(n_rows=131_073)
@example(n_rows=2_097_152)
@example(n_rows=2_097_153)
def test_block_sizes_are_within_limits(n_rows):
    size = block_rows(n_rows)
    assert 4096 <= size <= 65_536
    assert size & (size - 1) == 0
    if 131_072 <= n_rows <= 2_097_152:
        assert 16 <= -(-n_rows // size) <= 64


@given(n_rows=st.integers(1, 10_000_000))
@example(n_rows=4096)
@example(n_rows=4097)
def test_bounds_cover_every_row_once(n_rows):
    bounds = block_bounds(n_rows)
    assert bounds.dtype == np.int64
    assert bounds[0] == 0
    assert bounds[-1] == n_rows
    sizes = np.diff(bounds)
    assert (sizes > 0).all()
    assert (sizes[:-1] == block_rows(n_rows)).all()


@given(n_blocks=st.integers(1, 3000), n_runs=st.integers(-3, 200))
def test_runs_cover_every_block_once_and_evenly(n_blocks, n_runs):
    cut = runs(n_blocks, n_runs)
    assert [b for first, stop in cut for b in range(first, stop)] == list(range(n_blocks))
    assert len(cut) == max(1, min(n_runs, n_blocks))
    lengths = [stop - first for first, stop in cut]
    assert max(lengths) - min(lengths) <= 1


class _Place:
    """Rows that need no memory: each is its own number."""

    n_features, dtype = 1, np.dtype(np.float64)

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def load(self, lo, hi):
        return np.arange(lo, hi, dtype=float)[:, None]


class _Seen:
    """The rows that were seen, in the order of the merge."""

    def __init__(self, numbers):
        self.numbers = numbers

    @classmethod
    def of(cls, block):
        assert block.hi - block.lo == len(block.X) == len(block["y"])
        assert block.bounds[0] == 0
        assert block.bounds[-1] == len(block.X)
        assert len(block.bounds) == block.stop - block.first + 1
        assert (block.X[:, 0] == block["y"]).all()
        return cls(block.X[:, 0])

    def merge(self, other):
        return type(self)(np.concatenate([self.numbers, other.numbers]))


class _SeenInRuns(_Seen):
    exact = True

    def add(self, run):
        return self.merge(self.of(run))


@given(n_rows=st.integers(1, 300_000), n_threads=st.integers(1, 5), exact=st.booleans())
@example(n_rows=INLINE_ROWS, n_threads=3, exact=True)
@example(n_rows=INLINE_ROWS - 1, n_threads=3, exact=False)
def test_a_statistic_sees_every_row_once_and_in_order_unless_exact(n_rows, n_threads, exact):
    rows = Rows(_Place(n_rows), {"y": np.arange(n_rows, dtype=float)}, n_threads)
    seen = rows.reduce(_SeenInRuns if exact else _Seen).numbers
    if exact:
        seen = np.sort(seen)
    assert (seen == np.arange(n_rows)).all()
