"""e^x and log(1 + t) in plain arithmetic, so that the compiler can vectorise a loop over rows.

The C library's ``exp`` and ``log1p`` take about 8 ns a call. These functions have no calls and no branches; a loop
around them processes four or eight rows at once, at about 1 ns a row. On the stated domains both are within 3 units in
the last place of the true value, and a row gets the same bits alone as in a vector.

- e^x, x <= 0: x = n log 2 + r with |r| <= log(2) / 2. e^r is a Taylor series up to r^13 (remainder below 5e-18), and n
  goes into the exponent bits. Below -708, where e^x is no longer a normal number, the result stays at e^-708 = 3e-308.
- log(1 + t), 0 <= t <= 1: with s = t / (2 + t), log(1 + t) = 2 artanh(s) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...). As
  s^2 <= 1/9, 17 terms leave a remainder of 1e-18.

Source: Muller et al., Handbook of Floating-Point Arithmetic (2nd ed. 2018), chapter 10 (argument reduction).
"""

from __future__ import annotations

import numpy as np

from groundup.engine.kernels import kernel

_LOG2_HIGH = 0.693147180369123816490  # 33 bits: n times it is exact
_LOG2_LOW = 1.90821492927058770002e-10
_PER_LOG2 = 1.44269504088896338700


@kernel(inline=True)
def exp_nonpositive(x):
    """Return e^x for x <= 0 (float64)."""
    x = max(x, -708.0)
    n = np.floor(x * _PER_LOG2 + 0.5)
    r = (x - n * _LOG2_HIGH) - n * _LOG2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.int64(np.int32(n)) + np.int64(1023)) << np.int64(52)).view(np.float64)


@kernel(inline=True)
def log1p_unit(t):
    """Return log(1 + t) for 0 <= t <= 1 (float64)."""
    s = t / (2.0 + t)
    z = s * s
    p = 1.0 / 35.0
    p = p * z + 1.0 / 33.0
    p = p * z + 1.0 / 31.0
    p = p * z + 1.0 / 29.0
    p = p * z + 1.0 / 27.0
    p = p * z + 1.0 / 25.0
    p = p * z + 1.0 / 23.0
    p = p * z + 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    p = p * z + 1.0
    return 2.0 * s * p
