"""Row sources: storage of the feature matrix, behind one interface for all algorithms.

A row source has ``n_rows``, ``n_features`` and ``dtype``, and loads rows [lo, hi) as a C-contiguous array. `Memory` holds
an array; `Memmap` reads a matrix larger than memory from disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

_LINE_BYTES = 64


def plain(values: np.ndarray) -> np.ndarray:
    """Return `values` as the one kind of array that kernels are compiled for: C order, aligned, flagged writeable.

    Numba compiles separately for writeable and read-only arrays (a memmap, a pandas column, joblib's workers), so a
    read-only array is returned as a view that is flagged writeable. No kernel writes to its input; the contract suite
    checks that. Only arrays not in C order or not aligned are copied.
    """
    values = np.asarray(np.ascontiguousarray(values) if values.ndim else values)
    if not values.flags.aligned:
        return values.copy()
    if not values.flags.writeable and values.dtype.kind in "fiub":
        return np.asarray(_Writeable(values))
    return values


def aligned(shape, dtype) -> np.ndarray:
    """Return zeros that begin on a cache line, so that rows whose size divides 64 bytes never straddle two lines.

    NumPy aligns to 16 bytes only. Boosting took 1.5 times as long in the half of all runs where rows began 16 or 48 bytes
    after a line: every other row then straddled two lines, and only one was prefetched.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + _LINE_BYTES, np.uint8)
    first = -room.ctypes.data % _LINE_BYTES
    return room[first : first + n_bytes].view(dtype).reshape(shape)


class _Writeable:
    """Presents a read-only array to NumPy as writeable, and keeps it alive."""

    def __init__(self, values: np.ndarray):
        self.values = values
        self.__array_interface__ = {**values.__array_interface__, "data": (values.ctypes.data, False)}


@runtime_checkable
class RowSource(Protocol):
    """Storage of the rows of a feature matrix."""

    n_rows: int
    n_features: int
    dtype: np.dtype

    def load(self, lo: int, hi: int) -> Any:
        """Return rows [lo, hi) as a C-contiguous array of shape (hi - lo, n_features), or a `CsrBlock`."""
        ...


class Memory:
    """Rows of an array in memory.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        float32 or float64; copied only if it is not C-contiguous.
    """

    def __init__(self, X: np.ndarray):
        self.X = plain(X)
        self.n_rows, self.n_features = self.X.shape
        self.dtype = self.X.dtype

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return a view of rows [lo, hi)."""
        return self.X[lo:hi]


class Memmap:
    """Rows of a matrix in a ``.npy`` file, which may be larger than memory.

    Parameters
    ----------
    path : str or Path
        A file in NumPy's format: 2-D, C order, float32 or float64. `Memmap.write` makes one from blocks.

    Raises
    ------
    ValueError
        If the file holds anything else.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        X = np.load(self.path, mmap_mode="r", allow_pickle=False)
        if X.ndim != 2 or X.dtype not in (np.float32, np.float64) or not X.flags.c_contiguous:
            raise ValueError(
                f"{self.path} holds {X.dtype} of shape {X.shape}; "
                "a row source needs a 2-D matrix of float32 or float64 in C order"
            )
        self._X = plain(X)
        self.n_rows, self.n_features = self._X.shape
        self.dtype = self._X.dtype

    def load(self, lo: int, hi: int) -> np.ndarray:
        """Return rows [lo, hi): pages are read from disk on access, and released when memory is short."""
        return self._X[lo:hi]

    @classmethod
    def write(cls, path: str | Path, blocks, n_rows: int, n_features: int, dtype) -> Memmap:
        """Write blocks of rows (arrays of shape (any, n_features), in order) to `path`, and open it.

        The file has ``n_rows * n_features * itemsize`` bytes and is not removed automatically; if the blocks do not fit
        (ValueError) or writing fails, no file remains.
        """
        out = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=(n_rows, n_features))
        try:
            at = 0
            for block in blocks:
                if block.shape[1:] != (n_features,) or at + len(block) > n_rows:
                    raise ValueError(
                        f"a block of shape {block.shape} after {at} rows does not fit into ({n_rows}, {n_features})"
                    )
                out[at : at + len(block)] = block
                at += len(block)
            if at != n_rows:
                raise ValueError(f"{n_rows} rows were announced, but the blocks have {at}")
            out.flush()
        except BaseException:
            del out
            Path(path).unlink(missing_ok=True)
            raise
        del out
        return cls(path)
