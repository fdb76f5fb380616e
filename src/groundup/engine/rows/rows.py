"""Rows: the two verbs in which every learner that scales is written.

``reduce(Statistic, *state)`` summarises all rows; ``advance(step, *state)`` lets each block move its own per-row
columns (a booster's score, a tree's node) forward. The loop over passes stays with the caller and reads as plain Python:

    gram = rows.reduce(Gram)                        # X'X, X'y in one pass
    for _ in range(n_trees):                        # or: per-row state that stays with its block
        rows.advance(route, splits)
        histogram = rows.reduce(Histogram, level)

The bits of the result never depend on the number of threads or on where the rows live: blocks are a fixed function of
the shape, float statistics keep one value a block and merge in a fixed tree, and integer statistics (``exact = True``),
whose sums have no rounding, keep one value a thread, to which it adds run after run of blocks, whichever comes next: a
thread that is late, or on a slower core, does fewer.
"""

from __future__ import annotations

import itertools
from typing import Any, Protocol

import numpy as np

from groundup.engine.rows import threads
from groundup.engine.rows.blocks import (
    INLINE_ROWS,
    LONGEST_RUN,
    Block,
    block_bounds,
    runs,
)
from groundup.engine.rows.merge import merge_tree
from groundup.engine.rows.source import RowSource, plain


class Statistic(Protocol):
    """A value that summarises rows. ``of`` one block, ``merge`` with another's, ``finish`` into the answer.

    A class with ``exact = True`` promises that merging in any order gives the same bits (sums of integers). Its ``of`` is
    called with the first run of blocks that a thread takes, and ``add`` with each further one; a class without ``add`` is
    merged with ``of`` of that run. ``merge`` and ``add`` may change and return ``self``.
    """

    exact: bool

    @classmethod
    def of(cls, block: Block, *state: Any) -> Statistic:
        """Summarise one block (or, if exact, one run of blocks)."""
        ...

    def add(self, run: Block, *state: Any) -> Statistic:
        """Return the summary of `self` and the run together. Only asked of what is exact."""
        ...

    def merge(self, other) -> Statistic:
        """Return the summary of both."""
        ...


class Rows:
    """All rows of one fit: the features in their place, and the per-row columns beside them.

    Parameters
    ----------
    place : RowSource
        Where X lives.
    columns : dict of str to ndarray
        Per-row arrays: first axis n_rows.
    n_threads : int
        At most so many threads work on a call.

    Attributes
    ----------
    n_rows, n_features : int
    bounds : ndarray of int64 of shape (n_blocks + 1,)
        First row of each block.
    """

    def __init__(self, place: RowSource, columns: dict[str, np.ndarray] | None = None, n_threads: int = 1):
        self.place = place
        self.n_rows, self.n_features, self.dtype = place.n_rows, place.n_features, place.dtype
        self.bounds = block_bounds(self.n_rows)
        self.n_threads = n_threads if self.n_rows >= INLINE_ROWS else 1
        self._columns: dict[str, np.ndarray] = {}
        for name, values in (columns or {}).items():
            self.add(name, values)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.bounds) - 1

    def add(self, name: str, values: np.ndarray) -> np.ndarray:
        """Put a per-row column (first axis n_rows) beside the features, and return it.

        What the learner writes to must be an array of its own: ``y`` and ``weight`` are the caller's.
        """
        if len(values) != self.n_rows:
            raise ValueError(f"column {name!r} has {len(values)} rows, the features have {self.n_rows}")
        self._columns[name] = plain(values)
        return self._columns[name]

    def take(self, name: str) -> np.ndarray:
        """Remove a column, and return it."""
        return self._columns.pop(name)

    def beside(self, n_threads: int) -> Rows:
        """Return the same rows and columns, for work beside others': columns added to it are its own."""
        return Rows(self.place, self._columns, n_threads)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def block(self, first: int, stop: int) -> Block:
        """Return the run of blocks first, ..., stop - 1."""
        lo, hi = int(self.bounds[first]), int(self.bounds[stop])
        columns = {name: values[lo:hi] for name, values in self._columns.items()}
        return Block(
            self.place.load(lo, hi), columns, self.bounds[first : stop + 1] - lo, first, stop, lo, hi
        )

    def reduce(self, statistic, *state):
        """Return `statistic` of all rows: of blocks, merged in their fixed order."""
        if getattr(statistic, "exact", False):
            return self._reduce_exact(statistic, state)
        values = threads.run(
            lambda k: statistic.of(self.block(k, k + 1), *state), self.n_blocks, self.n_threads
        )
        return merge_tree(values)

    def _reduce_exact(self, statistic, state):
        """Return `statistic` of all rows: each thread takes the next run when it has done one, and keeps one value."""
        parts = self._runs()
        numbers = itertools.count()  # shared: taking one is a single step of the interpreter
        adds = hasattr(statistic, "add")

        def work(_):
            value = None
            while (i := next(numbers)) < len(parts):
                run = self.block(*parts[i])
                if value is None:
                    value = statistic.of(run, *state)
                elif adds:
                    value = value.add(run, *state)
                else:
                    value = value.merge(statistic.of(run, *state))
            return value

        values = threads.run(work, min(self.n_threads, len(parts)), self.n_threads)
        return merge_tree([value for value in values if value is not None])

    def advance(self, step, *state) -> None:
        """Call ``step(run, *state)`` on runs of blocks; it writes only to the run's own slices of the columns."""
        parts = self._runs()
        threads.run(lambda i: step(self.block(*parts[i]), *state), len(parts), self.n_threads)

    def _runs(self) -> list[tuple[int, int]]:
        """Cut the blocks into as many runs for each thread as keep them short enough for a kernel: most often, one."""
        return runs(self.n_blocks, self.n_threads * -(-self.n_rows // (self.n_threads * LONGEST_RUN)))
