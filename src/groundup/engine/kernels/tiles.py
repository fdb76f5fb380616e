"""Register tiles: sums of products kept in the processor's registers, written in LLVM's vector instructions.

A product of matrices, ``C[r, j] += sum_q A[r, q] * B[q, j]``, does two reads and a write for every multiplication if it
is written as three plain loops, and a processor that could start two 16-fold multiply-adds in each cycle waits for memory
nearly all the time. The solution is to compute a small *tile* of C at once. Take `mr` rows and `nv` vectors of columns (a
vector is what one instruction works on: 16 float32 with AVX-512, 8 with AVX2), and keep all ``mr * nv`` partial sums in
registers. Then each step of q

- loads `nv` vectors of B, once for all rows:           B[q, 0:16]   B[q, 16:32]   ...
- takes one number of A a row, copied to every lane:    A[r, q] A[r, q] A[r, q] ...
- and adds ``mr * nv`` products of vectors:             C[r, 0:16] += A[r, q] * B[q, 0:16], ...

With 6 x 4 that is 10 loads for 24 vector multiply-adds, and C is written once, at the end. The tile must fit: AVX-512
has 32 registers (6 x 4 sums + 4 of B + 1 of A = 29), AVX2 has 16 (6 x 2 + 2 + 1 = 15). `ROWS` and `VECTORS` are the
size that fits.

Numba cannot keep an array in registers, so the tile is written as LLVM's vector instructions (`_gemm`, `_argmin`). Sums
are added in a fixed order: q ascending, each product by a fused multiply-add with one rounding; no flag allows
reordering. An element of C has the same bits at every position of a tile.

``GROUNDUP_TILES=portable``, a processor with neither AVX-512 nor AVX2, and ``NUMBA_DISABLE_JIT=1`` select plain loops
with the same interface (product and sum rounded separately). The width follows the processor that Numba compiles for,
which is part of the cache key, as the variable's value is part of the folder's name: code of another width is never
loaded.

Source: K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34 (2008), section 4.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from groundup.engine.kernels.policy import kernel

_I32, _I64 = ir.IntType(32), ir.IntType(64)


def _vector_bytes() -> int:
    """Return the bytes of a vector register of the processor that Numba compiles for; 0 for portable loops."""
    if config.DISABLE_JIT or os.environ.get("GROUNDUP_TILES", "") == "portable":  # type: ignore[attr-defined]
        return 0
    _, _, text = cpu_target.target_context.codegen().magic_tuple()  # type: ignore[attr-defined]
    features = text.split(",")
    if "+avx512f" in features:
        return 64
    return 32 if "+avx2" in features and "+fma" in features else 0


#: Whether the tiles are plain loops.
PORTABLE = _vector_bytes() == 0
#: Bytes of one vector: ``VECTOR_BYTES // X.itemsize`` numbers are one of a tile's `nv` vectors.
VECTOR_BYTES = _vector_bytes() or 32
#: The shape of tile that fills the registers.
ROWS, VECTORS = (6, 4) if VECTOR_BYTES == 64 else (6, 2)


@functools.cache
def gemm_tile(mr: int, nv: int) -> Any:
    """Return the kernel ``tile(A, ao, sr, sq, K, B, bo, ldb, C, co, ldc)``, for calls from other kernels.

    For r < `mr` and all j below `nv` vectors::

        C[co + r*ldc + j] += sum over q < K of  A[ao + r*sr + q*sq] * B[bo + q*ldb + j]

    A, B, C are arrays of one dtype, float32 or float64, used as flat memory (a C-contiguous matrix needs no change);
    the other arguments are integers that count elements. ``sr, sq = 1, n_columns`` reads A transposed. Nothing is
    checked: the caller pads its buffers to whole tiles. K = 0 leaves C unchanged.
    """
    return _portable_gemm(mr, nv) if PORTABLE else _gemm(mr, nv)


@functools.cache
def argmin_tile(mr: int, nv: int) -> Any:
    """Return the kernel ``tile(A, ao, sr, K, B, bo, ldb, start, base, best, arg, o)``, for calls from other kernels.

    For each column j below `nv` vectors, going through r = 0, ..., `mr` - 1::

        v = start[base + r] + sum over q < K of  A[ao + r*sr + q] * B[bo + q*ldb + j]
        if v < best[o + j]:  best[o + j] = v;  arg[o + j] = base + r

    so that many rows of A are searched in groups, with `base` the group's first row, and the first of equal rows wins.
    The lanes are columns: each keeps its own minimum, and nothing is compared across a register. A row of
    padding has ``start = inf``; a NaN is never the minimum and leaves `best` and `arg` unchanged. `arg` is int32.
    """
    return _portable_argmin(mr, nv) if PORTABLE else _argmin(mr, nv)


@functools.cache
def transpose_tile() -> Any:
    """Return the kernel ``tile(A, ao, lda, shift, so, B, bo, ldb)``, for calls from other kernels.

    For i and q below one vector's numbers::

        B[bo + q*ldb + i] = A[ao + i*lda + q] - shift[so + q]
    """
    return _portable_transpose() if PORTABLE else _transpose()


def _pointer(context, builder, type_, value):
    """Return the pointer to an array's data."""
    return context.make_array(type_)(context, builder, value).data


def _load(builder, pointer, index, vector):
    """Load a vector aligned to its numbers, not to its size."""
    load = builder.load(builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer()))
    load.align = _align(vector)
    return load


def _store(builder, value, pointer, index):
    """Store a vector aligned to its numbers."""
    at = builder.bitcast(builder.gep(pointer, [index]), value.type.as_pointer())
    builder.store(value, at).align = _align(value.type)


def _align(vector):
    """Return the bytes of one number of a vector."""
    return 8 if vector.element == ir.DoubleType() else 4


def _splat(builder, number, lanes):
    """Copy one number to every lane."""
    undefined = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, number, _I32(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, lanes), [0] * lanes))


def _vector_type(array):
    """Return LLVM's vector of the array's numbers."""
    if array.dtype not in (types.float32, types.float64):
        raise TypeError(f"tiles work on float32 and float64, not on {array.dtype}")
    element = ir.FloatType() if array.dtype == types.float32 else ir.DoubleType()
    return ir.VectorType(element, VECTOR_BYTES * 8 // array.dtype.bitwidth)


def _suffix(vector):
    """Return the type suffix of an LLVM intrinsic's name: v16f32."""
    return f"v{vector.count}f{VECTOR_BYTES * 8 // vector.count}"


def _multiply_add(builder, sums, left, right):
    """Emit the loop's body: sums[r][v] += left[r] * right[v], one rounding each."""
    vector = right[0].type
    kind = ir.FunctionType(vector, [vector] * 3)
    fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.{_suffix(vector)}")
    for x, row in zip(left, sums, strict=True):
        every_lane = _splat(builder, x, vector.count)
        for b, total in zip(right, row, strict=True):
            builder.store(builder.call(fma, [every_lane, b, builder.load(total)]), total)


def _gemm(mr, nv):
    """Return `gemm_tile` in LLVM's instructions."""

    @intrinsic
    def tile(typingctx, A, ao, sr, sq, K, B, bo, ldb, C, co, ldc):
        i8 = types.int64
        vector = _vector_type(C)

        def generate(context, builder, signature, args):
            a, b, c = (_pointer(context, builder, signature.args[k], args[k]) for k in (0, 5, 8))
            ao, sr, sq, K, bo, ldb, co, ldc = (args[k] for k in (1, 2, 3, 4, 6, 7, 9, 10))
            add, mul = builder.add, builder.mul
            lane0 = [_I64(v * vector.count) for v in range(nv)]
            sums = [[cgutils.alloca_once(builder, vector) for _ in range(nv)] for _ in range(mr)]
            out = [add(co, mul(ldc, _I64(r))) for r in range(mr)]
            for r in range(mr):
                for v in range(nv):
                    builder.store(_load(builder, c, add(out[r], lane0[v]), vector), sums[r][v])
            row = [add(ao, mul(sr, _I64(r))) for r in range(mr)]
            with cgutils.for_range(builder, K, intp=_I64) as loop:
                b_row, a_column = add(bo, mul(loop.index, ldb)), mul(loop.index, sq)
                right = [_load(builder, b, add(b_row, j), vector) for j in lane0]
                left = [builder.load(builder.gep(a, [add(start, a_column)])) for start in row]
                _multiply_add(builder, sums, left, right)
            for r in range(mr):
                for v in range(nv):
                    _store(builder, builder.load(sums[r][v]), c, add(out[r], lane0[v]))
            return context.get_dummy_value()

        return types.void(A, i8, i8, i8, i8, B, i8, i8, C, i8, i8), generate

    return tile


def _argmin(mr, nv):
    """Return `argmin_tile` in LLVM's instructions."""

    @intrinsic
    def tile(typingctx, A, ao, sr, K, B, bo, ldb, start, base, best, arg, o):
        i8 = types.int64
        vector = _vector_type(B)
        whole = ir.VectorType(_I32, vector.count)

        def generate(context, builder, signature, args):
            a, b, s, least, where = (
                _pointer(context, builder, signature.args[k], args[k]) for k in (0, 4, 7, 9, 10)
            )
            ao, sr, K, bo, ldb, base, o = (args[k] for k in (1, 2, 3, 5, 6, 8, 11))
            add, mul = builder.add, builder.mul
            lane0 = [_I64(v * vector.count) for v in range(nv)]
            sums = [[cgutils.alloca_once(builder, vector) for _ in range(nv)] for _ in range(mr)]
            for r in range(mr):
                begin = builder.load(builder.gep(s, [add(base, _I64(r))]))
                for v in range(nv):
                    builder.store(_splat(builder, begin, vector.count), sums[r][v])
            row = [add(ao, mul(sr, _I64(r))) for r in range(mr)]
            with cgutils.for_range(builder, K, intp=_I64) as loop:
                b_row = add(bo, mul(loop.index, ldb))
                right = [_load(builder, b, add(b_row, j), vector) for j in lane0]
                left = [builder.load(builder.gep(a, [add(first, loop.index)])) for first in row]
                _multiply_add(builder, sums, left, right)
            number = [builder.trunc(add(base, _I64(r)), _I32) for r in range(mr)]
            for v in range(nv):
                at = add(o, lane0[v])
                m, which = _load(builder, least, at, vector), _load(builder, where, at, whole)
                for r in range(mr):
                    value = builder.load(sums[r][v])
                    less = builder.fcmp_ordered("<", value, m)
                    m = builder.select(less, value, m)
                    which = builder.select(less, _splat(builder, number[r], vector.count), which)
                _store(builder, m, least, at)
                _store(builder, which, where, at)
            return context.get_dummy_value()

        return types.void(A, i8, i8, i8, B, i8, i8, start, i8, best, arg, i8), generate

    return tile


def _transpose():
    """Return `transpose_tile` in LLVM's instructions."""

    @intrinsic
    def tile(typingctx, A, ao, lda, shift, so, B, bo, ldb):
        i8 = types.int64
        vector = _vector_type(A)
        n = vector.count

        def generate(context, builder, signature, args):
            a, s, b = (_pointer(context, builder, signature.args[k], args[k]) for k in (0, 3, 5))
            ao, lda, so, bo, ldb = (args[k] for k in (1, 2, 4, 6, 7))
            add, mul = builder.add, builder.mul
            origin = _load(builder, s, so, vector)
            rows = [_load(builder, a, add(ao, mul(lda, _I64(i))), vector) for i in range(n)]
            rows = [builder.fsub(row, origin) for row in rows]
            step = 1
            while step < n:  # exchange the off-diagonal quarters of ever larger squares
                upper = [j if not j & step else n + j - step for j in range(n)]
                lower = [j + step if not j & step else n + j for j in range(n)]
                for i in (i for i in range(n) if not i & step):
                    pair = rows[i], rows[i + step]
                    rows[i], rows[i + step] = (
                        builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(_I32, n), mask))
                        for mask in (upper, lower)
                    )
                step *= 2
            for q in range(n):
                _store(builder, rows[q], b, add(bo, mul(ldb, _I64(q))))
            return context.get_dummy_value()

        return types.void(A, i8, i8, shift, i8, B, i8, i8), generate

    return tile


def _portable_gemm(mr, nv):
    """Return `gemm_tile` as plain loops."""

    @kernel
    def tile(A, ao, sr, sq, K, B, bo, ldb, C, co, ldc):
        a, b, c = A.reshape(-1), B.reshape(-1), C.reshape(-1)
        width = nv * (VECTOR_BYTES // C.itemsize)
        for r in range(mr):
            out = c[co + r * ldc : co + r * ldc + width]
            for q in range(K):
                x = a[ao + r * sr + q * sq]
                row = b[bo + q * ldb : bo + q * ldb + width]
                for j in range(width):
                    out[j] += x * row[j]

    return tile


def _portable_argmin(mr, nv):
    """Return `argmin_tile` as plain loops."""

    @kernel
    def tile(A, ao, sr, K, B, bo, ldb, start, base, best, arg, o):
        a, b = A.reshape(-1), B.reshape(-1)
        width = nv * (VECTOR_BYTES // B.itemsize)
        values = np.empty(width, B.dtype)
        for r in range(mr):
            values[:] = start[base + r]
            for q in range(K):
                x = a[ao + r * sr + q]
                row = b[bo + q * ldb : bo + q * ldb + width]
                for j in range(width):
                    values[j] += x * row[j]
            for j in range(width):
                if values[j] < best[o + j]:
                    best[o + j] = values[j]
                    arg[o + j] = base + r

    return tile


def _portable_transpose():
    """Return `transpose_tile` as plain loops."""

    @kernel
    def tile(A, ao, lda, shift, so, B, bo, ldb):
        a, b = A.reshape(-1), B.reshape(-1)
        n = VECTOR_BYTES // A.itemsize
        for i in range(n):
            for q in range(n):
                b[bo + q * ldb + i] = a[ao + i * lda + q] - shift[so + q]

    return tile
