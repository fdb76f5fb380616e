"""Rows: the two operations from which every scalable algorithm is built.

``reduce(Statistic, *state)`` summarises all rows; ``advance(step, *state)`` updates the per-row columns of each block
(a booster's score, a tree's node). The loop over passes is the caller's plain Python:

    gram = rows.reduce(Gram)                        # X'X, X'y in one pass
    for _ in range(n_trees):                        # or: per-row state that stays with its block
        rows.advance(route, splits)
        histogram = rows.reduce(Histogram, level)

The bits of the result depend neither on the number of threads nor on where the rows are stored: blocks are a function
of the number of rows, float statistics keep one value per block and merge in a fixed tree, and integer statistics
(``exact = True``), whose sums are not rounded, keep one value per thread, to which the thread adds one run of blocks
after the other; a slower thread adds fewer.
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
from groundup.engine.rows.source import Memory, RowSource, plain
from groundup.engine.rows.sparse import Csr


class Statistic(Protocol):
    """A summary of rows: ``of`` one block, ``merge`` with another, ``finish`` into the result.

    A class with ``exact = True`` promises that merging in any order gives the same bits (sums of integers). Its ``of`` is
    called with a thread's first run of blocks, ``add`` with each further one; without ``add``, ``of`` the run is merged
    instead. ``merge`` and ``add`` may change and return ``self``.
    """

    exact: bool

    @classmethod
    def of(cls, block: Block, *state: Any) -> Statistic:
        """Summarise one block (or, if exact, one run of blocks)."""
        ...

    def add(self, run: Block, *state: Any) -> Statistic:
        """Return the summary of `self` and the run; called for exact statistics only."""
        ...

    def merge(self, other) -> Statistic:
        """Return the summary of both."""
        ...


class Rows:
    """All rows of one fit: the features in a row source, and per-row columns.

    Parameters
    ----------
    place : RowSource
        Stores X.
    columns : dict of str to ndarray
        Per-row arrays: first axis n_rows.
    n_threads : int
        Maximum number of threads per call.

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
        """Add a per-row column (first axis n_rows), and return it.

        A column that the model writes to must be its own array: ``y`` and ``weight`` belong to the caller.
        """
        if len(values) != self.n_rows:
            raise ValueError(f"column {name!r} has {len(values)} rows, the features have {self.n_rows}")
        self._columns[name] = plain(values)
        return self._columns[name]

    def pop(self, name: str) -> np.ndarray:
        """Remove a column, and return it."""
        return self._columns.pop(name)

    def take(self, which: np.ndarray) -> Rows:
        """Return a copy of the rows `which` of a matrix in memory, with their columns."""
        place: Any = self.place
        part = Csr(place.matrix[which]) if isinstance(place, Csr) else Memory(place.X[which])
        return Rows(part, {name: values[which] for name, values in self._columns.items()}, self.n_threads)

    def scaled(self, factors: np.ndarray) -> Rows:
        """Return a float64 copy in memory with each feature multiplied by its factor."""
        if isinstance(self.place, Csr):
            matrix = self.place.matrix.astype(np.float64)
            matrix.data = matrix.data * factors[matrix.indices]
            return Rows(Csr(matrix), self._columns, self.n_threads)
        X = np.concatenate([self.block(k, k + 1).X * factors for k in range(self.n_blocks)])
        return Rows(Memory(X), self._columns, self.n_threads)

    def beside(self, n_threads: int) -> Rows:
        """Return the same rows and columns for concurrent work: columns added to the result are not added to `self`."""
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
        """Return `statistic` of all rows, merged from its blocks in a fixed order."""
        if getattr(statistic, "exact", False):
            return self._reduce_exact(statistic, state)
        values = threads.run(
            lambda k: statistic.of(self.block(k, k + 1), *state), self.n_blocks, self.n_threads
        )
        return merge_tree(values)

    def _reduce_exact(self, statistic, state):
        """Return an exact `statistic` of all rows: each thread keeps one value and takes run after run."""
        parts = self._runs()
        numbers = itertools.count()  # shared: `next` is atomic
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
        """Call ``step(run, *state)`` on runs of blocks; it may write only to the run's slices of the columns."""
        parts = self._runs()
        threads.run(lambda i: step(self.block(*parts[i]), *state), len(parts), self.n_threads)

    def _runs(self) -> list[tuple[int, int]]:
        """Cut the blocks into equally many runs per thread, each short enough for one kernel call."""
        return runs(self.n_blocks, self.n_threads * -(-self.n_rows // (self.n_threads * LONGEST_RUN)))
