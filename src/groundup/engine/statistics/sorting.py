"""Radix sort of floats: by eleven bits of their representation at a time, lowest first.

The bits of a float, read as an unsigned integer, sort like the floats among positive numbers and in reverse among
negative ones. With the sign bit set for positive numbers and all bits inverted for negative ones, the integers sort like
the floats. These keys are sorted by counting: the number of keys with a smaller digit is the position of the next key
with that digit.

Cost: three passes for float32, six for float64. 200,000 values take 1.0 and 2.3 ms; `numpy.sort` takes 5.0 and 8.6
(AMD Zen 4, whose vector compression is slow).

Source: Knuth, The Art of Computer Programming 3, section 5.2.5.
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel

#: Fewer values are sorted by numpy, as fast and without a kernel to compile.
_FEW = 4096
_DIGIT = 11
_U = np.uint64


def sorted_floats(values: np.ndarray) -> np.ndarray:
    """Return the values in increasing order: float32 or float64 of shape (n,), none of them NaN."""
    if values.size < _FEW:
        return np.sort(values)
    unsigned = np.uint32 if values.dtype == np.float32 else np.uint64
    sign = unsigned(1 << (8 * values.itemsize - 1))
    bits = np.ascontiguousarray(values).view(unsigned)
    keys, spare = np.empty_like(bits), np.empty_like(bits)
    _to_keys(bits, sign, keys)
    if _sort(keys, spare, 8 * values.itemsize) % 2:
        keys = spare
    _from_keys(keys, sign)
    return keys.view(values.dtype)


@kernel(borrows=True)
def _to_keys(bits, sign, out_keys):
    """Turn the bits of floats into unsigned integers of the same order."""
    for i in range(bits.size):
        out_keys[i] = ~bits[i] if bits[i] & sign else bits[i] | sign


@kernel(borrows=True)
def _from_keys(keys, sign):
    """Turn the keys back into the bits of floats."""
    for i in range(keys.size):
        keys[i] = keys[i] ^ sign if keys[i] & sign else ~keys[i]


@kernel
def _sort(keys, spare, n_bits):
    """Sort the keys, one pass from one array into the other for each digit; return the number of passes."""
    n_digits = -(-n_bits // _DIGIT)
    last = _U((1 << _DIGIT) - 1)
    counts = np.zeros((n_digits, 1 << _DIGIT), np.int64)
    for i in range(keys.size):
        key = _U(keys[i])
        for d in range(n_digits):
            counts[d, (key >> _U(_DIGIT * d)) & last] += 1
    source, target = keys, spare
    for d in range(n_digits):
        positions, total = counts[d], 0
        for q in range(positions.size):
            n = positions[q]
            positions[q] = total
            total += n
        shift = _U(_DIGIT * d)
        for i in range(source.size):
            digit = (_U(source[i]) >> shift) & last
            target[positions[digit]] = source[i]
            positions[digit] += 1
        source, target = target, source
    return n_digits
