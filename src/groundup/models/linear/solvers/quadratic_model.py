r"""Quadratic model of a loss over some coefficients of one or several scores, with the intercepts eliminated.

With the gradient g and the second derivatives h_kl of the rows in the scores k and l, the loss near the current point is

    1/2 du'G du + du'C db + 1/2 db'S db + g'du + g_b'db
    G_(kj)(lm) = sum h_kl z_j z_m,   C_(kj)l = sum h_kl z_j,   S_kl = sum h_kl

The minimum over the intercepts is at db = -S^+ (g_b + C'du), which leaves the matrix G - C S^+ C' and the gradient
g - C S^+ g_b. Adding the same number to the intercepts of all classes changes nothing, so S is singular: S^+ is its
pseudoinverse.

Cost: n_rows m^2 / 2 multiplications for m coefficients.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows.threads import run

_SINGULAR = 1e-13  # eigenvalue of a matrix with unit diagonal that counts as zero


class QuadraticModel(NamedTuple):
    """The model at one point; see the module.

    Attributes
    ----------
    G : ndarray of shape (m, m)
        G - C S^+ C'.
    CS : ndarray of shape (m, n_scores)
        C S^+.
    S_inverse : ndarray of shape (n_scores, n_scores)
        S^+.
    """

    G: np.ndarray
    CS: np.ndarray
    S_inverse: np.ndarray

    @classmethod
    def of(cls, design, hessian, parts: list[np.ndarray]) -> QuadraticModel:
        """Sum over the rows.

        Parameters
        ----------
        design : DenseColumns or SparseColumns
        hessian : callable
            ``hessian(k, l)`` returns h_kl of each row.
        parts : list of ndarray of int
            The coefficients of each score, as positions among the chosen columns.
        """
        ends = np.cumsum([0, *map(len, parts)])
        m, n_scores = ends[-1], len(parts)
        G, C, S = np.empty((m, m)), np.zeros((m, n_scores)), np.zeros((n_scores, n_scores))
        pairs = [(k, l) for k in range(n_scores) for l in range(k + 1)]

        def task(i):
            k, l = pairs[i]
            h = hessian(k, l)
            K, L = slice(ends[k], ends[k + 1]), slice(ends[l], ends[l + 1])
            block, left, right = design.cross(h, parts[k], parts[l])
            G[K, L], G[L, K] = block, block.T
            if design.centred:
                C[K, l], C[L, k] = left, right
                S[k, l] = S[l, k] = h.sum()

        run(task, len(pairs), design.n_threads)
        inverse = _pseudoinverse(S)
        CS = C @ inverse
        G -= CS @ C.T
        G[np.diag_indices_from(G)] = np.maximum(G.diagonal(), 0.0)
        return cls(G, CS, inverse)


def _pseudoinverse(S: np.ndarray) -> np.ndarray:
    """Return the pseudoinverse of a symmetric matrix, scaled to a unit diagonal first."""
    scale = np.sqrt(np.maximum(S.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(S / scale / scale[:, None])
    values = np.where(values > _SINGULAR, 1.0 / np.where(values > 0.0, values, 1.0), 0.0)
    return (vectors * values) @ vectors.T / scale / scale[:, None]
