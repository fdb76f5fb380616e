r"""The parabola of a loss over some coefficients of one score or of several, with the intercepts taken out.

With R the rows' slopes and h_kl their curvatures in the scores k and l, the loss near the scores of the moment is

    1/2 du'G du + du'C db + 1/2 db'S db + g'du + g_b'db
    G_(kj)(lm) = sum h_kl z_j z_m,   C_(kj)l = sum h_kl z_j,   S_kl = sum h_kl

Its minimum over the intercepts is at db = -S^+ (g_b + C'du), which leaves the matrix G - C S^+ C' and the slope
g - C S^+ g_b. One number added to all classes' intercepts changes nothing: S^+ is the inverse on what does.

Cost: n_rows m^2 / 2 multiplications for m coefficients.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groundup.engine.rows.threads import run

_SINGULAR = 1e-13  # of a matrix with a diagonal of ones


class Parabola(NamedTuple):
    """What is kept of it.

    Attributes
    ----------
    G : ndarray of shape (m, m)
        With the intercepts taken out.
    lean : ndarray of shape (m, n_scores)
        C S^+.
    inverse : ndarray of shape (n_scores, n_scores)
        S^+.
    """

    G: np.ndarray
    lean: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, design, curvature, parts: list[np.ndarray]) -> Parabola:
        """Sum over the rows.

        Parameters
        ----------
        design : DenseColumns or SparseColumns
        curvature : callable
            ``curvature(k, l)`` is each row's h_kl.
        parts : list of ndarray of int
            Each score's coefficients: places among the chosen columns.
        """
        ends = np.cumsum([0, *map(len, parts)])
        G, C, S = (
            np.empty((ends[-1], ends[-1])),
            np.zeros((ends[-1], len(parts))),
            np.zeros((len(parts),) * 2),
        )
        pairs = [(k, l) for k in range(len(parts)) for l in range(k + 1)]

        def task(i):
            k, l = pairs[i]
            h = curvature(k, l)
            K, L = slice(ends[k], ends[k + 1]), slice(ends[l], ends[l + 1])
            block, left, right = design.cross(h, parts[k], parts[l])
            G[K, L], G[L, K] = block, block.T
            if design.centred:
                C[K, l], C[L, k] = left, right
                S[k, l] = S[l, k] = h.sum()

        run(task, len(pairs), design.n_threads)
        inverse = _inverse(S)
        lean = C @ inverse
        G -= lean @ C.T
        G[np.diag_indices_from(G)] = np.maximum(G.diagonal(), 0.0)
        return cls(G, lean, inverse)


def _inverse(S: np.ndarray) -> np.ndarray:
    """Return the inverse of a symmetric matrix where it is not singular."""
    scale = np.sqrt(np.maximum(S.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(S / scale / scale[:, None])
    values = np.where(values > _SINGULAR, 1.0 / np.where(values > 0.0, values, 1.0), 0.0)
    return (vectors * values) @ vectors.T / scale / scale[:, None]
