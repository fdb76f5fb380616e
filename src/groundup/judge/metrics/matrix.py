"""The confusion matrix, with the names of its labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts of actual against predicted labels.

    Attributes
    ----------
    labels : tuple
        In the order of the rows and columns of `counts`.
    counts : ndarray of int64 of shape (n_labels, n_labels)
        ``counts[i, j]`` rows of class i were predicted as class j.
    """

    labels: tuple
    counts: np.ndarray

    def to_dict(self) -> dict:
        """Return plain JSON values: labels, and rows of counts."""
        return {"labels": list(self.labels), "counts": self.counts.tolist()}

    def worst(self) -> tuple[object, object, int] | None:
        """Return the most frequent error (actual label, predicted label, rows); None where there is none."""
        off = self.counts.copy()
        np.fill_diagonal(off, 0)
        if not off.any():
            return None
        i, j = np.unravel_index(int(off.argmax()), off.shape)
        return self.labels[i], self.labels[j], int(off[i, j])


def confusion(y: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> Confusion:
    """Count actual against predicted labels.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_rows,)
        Labels, each among `classes`.
    classes : ndarray of shape (n_classes,)
        All labels, sorted.
    """
    k = len(classes)
    pairs = np.searchsorted(classes, y) * k + np.searchsorted(classes, predicted)
    counts = np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int64)
    return Confusion(tuple(classes.tolist()), counts)
