r"""Shapley values of one leaf for the features on its path: those of a product of conditions.

A leaf of value v is reached if m conditions hold, one for each *different* feature on the way to it (a feature that is
tested twice has one condition, the conjunction of both). With some features known, the leaf's expected value is v times a
product over its features j of

- o_j in {0, 1}, whether the row fulfils the condition, if j is known;
- z_j, the share of training rows that do, if it is not (path-dependent), or o_j of a background row (interventional).

So the leaf's Shapley values depend on the row only through m bits, and on v as a factor. Here they are computed for one
pattern of bits; ``walk`` finds the patterns.

*Path-dependent.* Owen's multilinear extension writes the Shapley value as an integral, here of a polynomial:

.. math:: s_i = (o_i - z_i) \int_0^1 \prod_{j \ne i} \big(z_j (1 - t) + o_j t\big)\, dt

of degree m - 1, which Gauss-Legendre quadrature on (m + 1) // 2 points integrates exactly. Every factor is positive:
nothing cancels, at any depth (the polynomial recursion of Algorithm 2 divides, and loses digits as m grows). With P the
product over all j, the integrand is P (1 - z_i) / (z_i (1 - t) + t) where o_i = 1, and -P / (1 - t), the same for all
i, where o_i = 0. Cost: m (m + 1) / 2 multiplications twice.

*Interventional*, one background row: the leaf is reachable only if each condition is fulfilled by the row or by the
background row. With a = conditions of the row alone and b = of the background row alone, each of the a features gets
(a-1)! b! / (a+b)! and each of the b features -a! (b-1)! / (a+b)!. Cost: one step for each different background pattern.

Source: G. Owen, Multilinear extensions of games (1972); S. Lundberg et al., From local explanations to global
understanding with explainable AI for trees (2020), algorithms 2 and 3; A. Nadel, R. Wettenstein, From decision trees to
Boolean logic (2025): leaves by patterns of bits. Quadrature is what shapiq 1.7 calls QuadratureTreeSHAP.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from groundup.engine.kernels import kernel

#: Different features on the way to one leaf: bits of a pattern.
MAX_FEATURES = 64
_U1 = np.uint64(1)


@cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss-Legendre quadrature on (0, 1): row q holds those of q points."""
    n = (MAX_FEATURES + 1) // 2
    nodes, weights = np.ones((n + 1, n)), np.zeros((n + 1, n))
    for q in range(1, n + 1):
        x, w = np.polynomial.legendre.leggauss(q)
        nodes[q, :q], weights[q, :q] = (x + 1) / 2, w / 2
    return nodes, weights


@cache
def orders() -> np.ndarray:
    """Return (a-1)! b! / (a+b)! for a, b <= MAX_FEATURES: the share of orders in which a player comes after b others."""
    n = MAX_FEATURES + 1
    return np.array(
        [[1 / (a * math.comb(a + b, a)) if a else 0.0 for b in range(n)] for a in range(n)], dtype=np.float64
    )


@kernel
def prepare_shares(m, z, nodes, out_gain):
    """out_gain[j, p] = (1 - z_j) / (z_j (1 - t_p) + t_p) for the m features of a path: z float64[>= m]."""
    q = (m + 1) // 2
    for j in range(m):
        for p in range(q):
            t = nodes[q, p]
            out_gain[j, p] = (1.0 - z[j]) / (z[j] * (1.0 - t) + t)


@kernel
def shares_by_cover(lacking, m, z, gain, nodes, weights, at, out_share):
    """out_share[j, at] = share of feature j, given the bits of the conditions that the row does not fulfil."""
    q = (m + 1) // 2
    for j in range(m):
        out_share[j, at] = 0.0
    rest = 0.0
    for p in range(q):
        t = nodes[q, p]
        product = weights[q, p]
        for j in range(m):
            factor = z[j] * (1.0 - t)
            if not (lacking >> np.uint64(j)) & _U1:
                factor += t
            product *= factor
        rest -= product / (1.0 - t)
        for j in range(m):
            out_share[j, at] += product * gain[j, p]
    for j in range(m):
        if (lacking >> np.uint64(j)) & _U1:
            out_share[j, at] = rest


@kernel
def shares_by_rows(lacking, m, n_patterns, patterns, frequency, order, at, out_share):
    """The same against background rows: `patterns` are the bits that these lack, `frequency` the share of each."""
    for j in range(m):
        out_share[j, at] = 0.0
    b = _ones(lacking)
    rest = 0.0
    for k in range(n_patterns):
        theirs = patterns[k]
        if theirs & lacking:
            continue
        a = _ones(theirs)
        rest -= frequency[k] * order[b, a]
        bits, share = theirs, frequency[k] * order[a, b]
        j = 0
        while bits:
            if bits & _U1:
                out_share[j, at] += share
            bits >>= _U1
            j += 1
    for j in range(m):
        if (lacking >> np.uint64(j)) & _U1:
            out_share[j, at] = rest


@kernel
def _ones(bits):
    """Number of bits that are set."""
    n = 0
    while bits:
        bits &= bits - _U1
        n += 1
    return n
