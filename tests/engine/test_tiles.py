"""Tiles against naive sums: every shape, both dtypes, in registers and as portable loops."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from groundup.engine.kernels import kernel, tiles

SHAPES = [(tiles.ROWS, tiles.VECTORS), (8, 1)]
DTYPES = [np.float32, np.float64]


def _caller(tile):
    @kernel
    def call(A, ao, sr, sq, K, B, bo, ldb, C, co, ldc):
        tile(A, ao, sr, sq, K, B, bo, ldb, C, co, ldc)

    return call


def _argmin_caller(tile):
    @kernel
    def call(A, ao, sr, K, B, bo, ldb, start, base, best, arg, o):
        tile(A, ao, sr, K, B, bo, ldb, start, base, best, arg, o)

    return call


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transposed", [False, True])
def test_gemm_tile_adds_the_product(shape, dtype, transposed):
    mr, nv = shape
    width = nv * tiles.VECTOR_BYTES // np.dtype(dtype).itemsize
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(mr, 37)).astype(dtype), rng.normal(size=(37, width + 3)).astype(dtype)
    C = rng.normal(size=(mr + 2, width + 5)).astype(dtype)
    expected = C.astype(np.float64)
    expected[1 : mr + 1, 2 : 2 + width] += A.astype(np.float64) @ B[:, 3:].astype(np.float64)
    stored = np.ascontiguousarray(A.T) if transposed else A
    sr, sq = (1, mr) if transposed else (37, 1)
    _caller(tiles.gemm_tile(mr, nv))(stored, 0, sr, sq, 37, B, 3, B.shape[1], C, C.shape[1] + 2, C.shape[1])
    np.testing.assert_allclose(C, expected, rtol=0, atol=200 * np.finfo(dtype).eps)
    untouched = np.ones(C.shape, bool)
    untouched[1 : mr + 1, 2 : 2 + width] = False
    np.testing.assert_array_equal(C[untouched], expected[untouched].astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gemm_tile_gives_an_element_the_same_bits_in_every_position(dtype):
    width = tiles.VECTORS * tiles.VECTOR_BYTES // np.dtype(dtype).itemsize
    rng = np.random.default_rng(1)
    A = np.repeat(rng.normal(size=(1, 50)).astype(dtype), tiles.ROWS, axis=0)
    B = np.repeat(rng.normal(size=(50, 1)).astype(dtype), width, axis=1)
    C = np.zeros((tiles.ROWS, width), dtype)
    _caller(tiles.gemm_tile(tiles.ROWS, tiles.VECTORS))(A, 0, 50, 1, 50, B, 0, width, C, 0, width)
    narrow = np.zeros((1, width), dtype)
    _caller(tiles.gemm_tile(1, 1))(A, 0, 50, 1, 50, B, 0, width, narrow, 0, width)
    assert np.unique(C).size == 1
    assert narrow[0, 0] == C[0, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_argmin_tile_searches_group_after_group(shape, dtype):
    mr, nv = shape
    width = nv * tiles.VECTOR_BYTES // np.dtype(dtype).itemsize
    rng = np.random.default_rng(2)
    A, B = rng.normal(size=(2 * mr, 21)).astype(dtype), rng.normal(size=(21, width + 3)).astype(dtype)
    start = rng.normal(size=2 * mr).astype(dtype)
    start[-1] = np.inf  # padding
    best, arg = np.full(width + 1, np.inf, dtype), np.full(width + 1, -1, np.int32)
    call = _argmin_caller(tiles.argmin_tile(mr, nv))
    for base in (0, mr):
        call(A, base * 21, 21, 21, B, 3, width + 3, start, base, best, arg, 1)
    values = start[:, None].astype(np.float64) + A.astype(np.float64) @ B[:, 3:].astype(np.float64)
    np.testing.assert_allclose(best[1:], values.min(axis=0), atol=200 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(arg[1:], values.argmin(axis=0))
    assert (best[0], arg[0]) == (np.inf, -1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_argmin_tile_returns_the_first_of_equals_and_never_a_nan(dtype):
    width = tiles.VECTOR_BYTES // np.dtype(dtype).itemsize
    call = _argmin_caller(tiles.argmin_tile(3, 1))
    A, start = np.zeros((3, 1), dtype), np.array([5.0, 0.0, 0.0], dtype)
    B = np.ones((1, width), dtype)
    B[0, 2] = np.nan
    best, arg = np.full(width, np.inf, dtype), np.zeros(width, np.int32)
    call(A, 0, 1, 1, B, 0, width, start, 0, best, arg, 0)
    is_nan = np.arange(width) == 2
    np.testing.assert_array_equal(best, np.where(is_nan, np.inf, 0.0))
    np.testing.assert_array_equal(arg, np.where(is_nan, 0, 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_transpose_tile(dtype):
    n = tiles.VECTOR_BYTES // np.dtype(dtype).itemsize
    rng = np.random.default_rng(3)
    A, shift = rng.normal(size=(n, n + 3)).astype(dtype), rng.normal(size=n + 1).astype(dtype)
    B = np.zeros((n + 1, n + 5), dtype)
    tile = tiles.transpose_tile()

    @kernel
    def call(A, shift, B):
        tile(A, 3, A.shape[1], shift, 1, B, 2, B.shape[1])

    call(A, shift, B)
    np.testing.assert_array_equal(B[:n, 2 : n + 2], (A[:, 3:] - shift[1:]).T)
    assert not B[n].any()
    assert not B[:n, :2].any()
    assert not B[:n, n + 2 :].any()


def test_the_factories_return_one_kernel_per_shape():
    assert tiles.gemm_tile(6, 1) is tiles.gemm_tile(6, 1)
    assert tiles.argmin_tile(6, 1) is tiles.argmin_tile(6, 1)


LANES = [
    pytest.param({"GROUNDUP_TILES": "portable"}, True, marks=pytest.mark.slow),
    ({"NUMBA_DISABLE_JIT": "1"}, True),
    pytest.param(
        {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse4.2"}, True, marks=pytest.mark.slow
    ),
    pytest.param(
        {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}, False, marks=pytest.mark.slow
    ),
]
NESTED = os.environ.get("GROUNDUP_TEST_TILES_PORTABLE")


@pytest.mark.parametrize(("lane", "portable"), LANES, ids=["asked", "nojit", "sse", "avx2"])
def test_tiles_work_on_every_processor(lane, portable):
    """This file holds on processors of other widths, in a process of each."""
    if NESTED:
        assert tiles.VECTOR_BYTES == 32
        assert str(tiles.PORTABLE) == NESTED
        return
    env = os.environ | lane | {"GROUNDUP_TEST_TILES_PORTABLE": str(portable), "GROUNDUP_QUIET": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
