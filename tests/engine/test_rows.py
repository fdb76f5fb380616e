"""Rows: the same bits from any place and any number of threads; what is exact is exact in runs."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest

from groundup.engine.kernels import kernel
from groundup.engine.rows import Memmap, Memory, Rows, block_bounds


class FloatSum(NamedTuple):
    """A sum whose bits depend on the order."""

    total: np.ndarray

    @classmethod
    def of(cls, block, scale=1.0):
        assert block.stop == block.first + 1  # a float statistic sees one block at a time
        return cls((block.X * block["weight"][:, None] * scale).sum(axis=0))

    def merge(self, other):
        return FloatSum(self.total + other.total)


class Histogram:
    """Counts per unit of the first column: whole numbers, computed a run at a time."""

    exact = True

    def __init__(self, counts):
        self.counts = counts

    @classmethod
    def of(cls, run):
        return cls(np.zeros(16, dtype=np.int64)).add(run)

    def add(self, run):
        _count(run.X, run["q"], self.counts)
        return self

    def merge(self, other):
        self.counts += other.counts
        return self


@kernel
def _count(X, q, out_counts):
    for i in range(len(X)):
        out_counts[int(abs(X[i, 0])) % 16] += q[i]


N_ROWS = 150_001


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N_ROWS, 3)) * 10.0 ** rng.integers(-8, 8, size=(N_ROWS, 1))


@pytest.fixture(scope="module")
def places(X, tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    blocks = (X[lo:hi] for lo, hi in itertools.pairwise(block_bounds(N_ROWS)))
    return {
        "memory": Memory(X),
        "fortran": Memory(np.asfortranarray(X)),
        "memmap": Memmap.write(folder / "X.npy", blocks, *X.shape, X.dtype),
    }


@pytest.mark.parametrize("statistic", [FloatSum, Histogram])
def test_the_same_bits_everywhere(X, places, statistic):
    said = set()
    for place, n_threads in itertools.product(places.values(), (1, 2, 3, 4)):
        rows = Rows(place, {"weight": np.linspace(0, 1, N_ROWS), "q": np.arange(N_ROWS) % 7}, n_threads)
        found = rows.reduce(statistic)
        said.add(found.counts.tobytes() if statistic is Histogram else found.total.tobytes())
    assert len(said) == 1
    if statistic is Histogram:
        expected = np.bincount(np.abs(X[:, 0]).astype(int) % 16, np.arange(N_ROWS) % 7, 16).astype(np.int64)
        assert said == {expected.tobytes()}
    else:
        np.testing.assert_allclose(np.frombuffer(said.pop()), (X * np.linspace(0, 1, N_ROWS)[:, None]).sum(0))


def test_state_reaches_the_statistic(places):
    rows = Rows(places["memory"], {"weight": np.ones(N_ROWS)}, 2)
    np.testing.assert_array_equal(rows.reduce(FloatSum, 2.0).total, 2 * rows.reduce(FloatSum).total)


def _forward(run, step):
    run["score"][:] += step * run.X[:, 0]


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_advance_updates_every_row_once(X, places, n_threads):
    for place in places.values():
        rows = Rows(place, {"score": np.zeros(N_ROWS)}, n_threads)
        rows.advance(_forward, 2.0)
        rows.advance(_forward, -0.5)
        np.testing.assert_array_equal(rows["score"], 2.0 * X[:, 0] - 0.5 * X[:, 0])


def test_few_rows_stay_on_one_thread(X):
    assert Rows(Memory(X[:1000]), n_threads=8).n_threads == 1
    assert Rows(Memory(X), n_threads=8).n_threads == 8


def test_columns_must_have_a_value_for_each_row(X):
    rows = Rows(Memory(X))
    with pytest.raises(ValueError, match="column 'y' has 3 rows, the features have 150001"):
        rows.add("y", np.zeros(3))
    assert "y" not in rows
    rows.add("y", np.zeros(N_ROWS))
    assert "y" in rows


def test_an_error_in_a_statistic_is_raised(places):
    class Broken:
        @classmethod
        def of(cls, block):
            raise ZeroDivisionError(f"block {block.first}")

    for n_threads in (1, 3):
        with pytest.raises(ZeroDivisionError, match="block"):
            Rows(places["memory"], n_threads=n_threads).reduce(Broken)
