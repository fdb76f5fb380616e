r"""Least squares problems for `solvers.working_sets`: given by the rows, or by the Gram matrix alone.

`Residuals` holds the rows. Computing the correlations of all features with the residuals is a pass over X; the Gram
matrix is that of the working set and grows with it. `Covariances` holds Z'Z of *all* features and no rows;
correlations cost n_features times the size of the working set. Cross-validation uses it, because it fits the same
rows a hundred times, and the Gram matrix of all folds but one is a sum of those of the folds.
"""

from __future__ import annotations

import numpy as np

_EMPTY = np.empty((0, 0))


class Residuals:
    """A least squares problem over rows.

    Parameters
    ----------
    design : DenseColumns or SparseColumns
    y, weight : ndarray of shape (n_rows,)

    Attributes
    ----------
    yy : float
        Weighted mean of the squares of y, centred where the design is.
    ids : ndarray of int
    """

    def __init__(self, design, y: np.ndarray, weight: np.ndarray):
        self.design, self.weight = design, weight
        self.v = weight / design.total
        self.unweighted = bool((weight == 1.0).all())
        self.y_mean = float(self.v @ y) if design.centred else 0.0
        self.y = y - self.y_mean
        self.yy = float((self.v * self.y) @ self.y)
        self.xy = design.rmatvec(self.v * self.y)
        self.shift = 0.0  # the mean of Zu, part of the intercept
        self.clear()

    def clear(self) -> None:
        """Empty the working set, which may belong to another target."""
        self.design.clear()
        self._G = _EMPTY

    @property
    def ids(self) -> np.ndarray:
        """The working set."""
        return self.design.ids

    def correlations(self, u: np.ndarray) -> tuple[np.ndarray, float]:
        """Return (Z'r of all features, r'r)."""
        if not u.any():
            self.shift = 0.0
            return self.xy.copy(), self.yy
        r = self.y - self.design.matvec_chosen(u[self.ids])
        if self.design.centred:
            self.shift = -float(self.v @ r)
            r += self.shift
        vr = self.v * r
        return self.design.rmatvec(vr), float(vr @ r)

    def extend(self, new: np.ndarray) -> None:
        """Add features to the working set."""
        if not len(new):
            return
        first = len(self.ids)
        self.design.choose(new)
        cross, sums = self.design.gram(None if self.unweighted else self.weight, first)
        cross /= self.design.total
        if self.design.centred:
            mean = sums / self.design.total
            cross -= mean[first:, None] * mean
        k = first + len(new)
        G = np.empty((k, k))
        G[:first, :first] = self._G
        G[first:] = cross
        G[:first, first:] = cross[:, :first].T
        self._G = G

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (Z'Z, Z'y) of the working set."""
        return self._G, self.xy[self.ids]


class Covariances:
    """A least squares problem given by its sums.

    Parameters
    ----------
    xx : ndarray of shape (n_features, n_features)
    xy : ndarray of shape (n_features,)
    yy : float
        All centred and divided by the total weight.
    """

    def __init__(self, xx: np.ndarray, xy: np.ndarray, yy: float):
        self.xx, self.xy, self.yy = xx, xy, yy
        self._ids = np.empty(0, dtype=np.int64)
        self._rows = np.empty((0, len(xy)))
        self._G = _EMPTY

    @property
    def ids(self) -> np.ndarray:
        """The working set."""
        return self._ids

    def correlations(self, u: np.ndarray) -> tuple[np.ndarray, float]:
        """Return (Z'r of all features, r'r)."""
        correlations = self.xy - u[self.ids] @ self._rows[: len(self.ids)]
        return correlations, max(self.yy - float(u @ (self.xy + correlations)), 0.0)

    def extend(self, new: np.ndarray) -> None:
        """Add features to the working set."""
        if not len(new):
            return
        first, k = len(self.ids), len(self.ids) + len(new)
        if k > len(self._rows):
            larger = np.empty((max(k, 2 * first), len(self.xy)))
            larger[:first] = self._rows[:first]
            self._rows = larger
        self._rows[first:k] = self.xx[new]
        self._ids = np.append(self.ids, new)
        self._G = np.ascontiguousarray(self._rows[:k, self.ids])

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (Z'Z, Z'y) of the working set."""
        return self._G, self.xy[self.ids]
