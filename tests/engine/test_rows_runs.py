"""Runs of blocks: short enough for Ctrl-C, whatever the number of threads, and never felt in the result."""

import numpy as np

from groundup.engine.rows import Memory, Rows
from groundup.engine.rows.blocks import LONGEST_RUN, block_rows


class _Wide:
    """A place of many rows that nobody loads."""

    def __init__(self, n_rows):
        self.n_rows, self.n_features, self.dtype = n_rows, 1, np.dtype(np.float32)

    def load(self, lo, hi):
        return np.broadcast_to(np.float32(0), (hi - lo, 1))


class _Blocks:
    exact = True

    def __init__(self, seen):
        self.seen = seen

    @classmethod
    def of(cls, run):
        return cls([(run.first, run.stop)])

    def add(self, run):
        return _Blocks([*self.seen, (run.first, run.stop)])

    def merge(self, other):
        return _Blocks(self.seen + other.seen)


def test_no_run_is_longer_than_the_limit():
    for n_rows in (1_000_000, 20_000_000):
        for n_threads in (1, 2, 7):
            rows = Rows(_Wide(n_rows), n_threads=n_threads)
            seen = rows.reduce(_Blocks).seen
            assert max(stop - first for first, stop in seen) * block_rows(n_rows) <= LONGEST_RUN + block_rows(
                n_rows
            )
            assert sorted(block for first, stop in seen for block in range(first, stop)) == list(
                range(rows.n_blocks)
            )
            steps = []
            rows.advance(lambda run, steps=steps: steps.append((run.first, run.stop)))
            assert max(stop - first for first, stop in steps) * block_rows(
                n_rows
            ) <= LONGEST_RUN + block_rows(n_rows)
            assert sum(stop - first for first, stop in steps) == rows.n_blocks


class _Largest:
    """An exact statistic that says only how two are merged."""

    exact = True

    def __init__(self, value):
        self.value = value

    @classmethod
    def of(cls, run):
        return cls(float(run.X.max()))

    def merge(self, other):
        return _Largest(max(self.value, other.value))


def test_an_exact_statistic_without_add_is_merged():
    X = np.random.default_rng(0).normal(size=(100_000, 2))
    for n_threads in (1, 2):
        assert Rows(Memory(X), n_threads=n_threads).reduce(_Largest).value == X.max()
