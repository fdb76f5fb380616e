r"""K-means: k centres that minimise the inertia, the sum of the rows' squared distances to their nearest centre.

For rows x_i (n_features) of weight w_i >= 0:

    minimise over c_1, ..., c_k   sum over i of  w_i min_j ||x_i - c_j||^2

Finding the global minimum is NP-hard. Lloyd's algorithm (see `lloyd`) finds a local minimum from initial centres,
k-means++ (see `seeding`) draws good ones, and `n_init` repeats this and returns the best.

Cost: 2 * rows * k * n_features flops per iteration. Memory: 20 bytes per row (label, weight, distance to the nearest
centre so far), twice that while the first centre is drawn; X is not copied. Numerical error: distances are computed in
X's dtype around a point among the centres, means and the inertia in float64. Their squares must not overflow: scale X
down if it spreads over 1e18 (float32), or 1e153 / sqrt(n_rows) (float64); otherwise `fit` raises an error.

Not supported: sparse X. ``algorithm="elkan"`` finds the same centres by the triangle inequality; here it is accepted, and
Lloyd's algorithm is used, whose distances cost less than Elkan's bookkeeping unless k is many hundreds.
"""

from __future__ import annotations

import numbers
import sys
import warnings
from typing import ClassVar

import numpy as np

from groundup.engine.rows import Memory, Rows
from groundup.engine.statistics.moments import Moments
from groundup.models.clusters.lloyd import Clustering, Inertia, lloyd
from groundup.models.clusters.nearest import Codebook, distances, nearest
from groundup.models.clusters.seeding import any_rows, plus_plus
from groundup.models.estimator import (
    Array,
    Callbacks,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    ConvergenceWarning,
    Interval,
    Learner,
    Scalar,
    StrOptions,
    TransformerMixin,
    check_random_state,
    fitting,
)
from groundup.models.estimator.description import CLUSTERING, ModelDescription

_SCALE = "scale X down, such as X / abs(X).max()"


class KMeans(Callbacks, ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, Learner):
    """K-means clustering, with scikit-learn's parameters and attributes.

    Parameters
    ----------
    n_clusters : int
        k.
    init : {"k-means++", "random"}, array of shape (n_clusters, n_features) or callable
        Initial centres. A callable is called as ``init(X, n_clusters, random_state=...)``, with X unchanged.
    n_init : "auto" or int
        Number of runs, of which the best is returned. "auto": 10 for "random" and callables, else 1.
    max_iter : int
        Maximum number of iterations of a run.
    tol : float
        A run ends when the squared moves of the centres sum to at most `tol` times the mean variance of the features.
    verbose : int
        If not 0, print the inertia of each iteration.
    random_state : int, RandomState or None
    copy_x : bool
        No effect: X is never changed.
    algorithm : {"lloyd", "elkan"}
        Both give the same result, computed by Lloyd's algorithm.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        In X's dtype.
    labels_ : ndarray of int32 of shape (n_rows,)
        The nearest centre of each row: the bits of ``predict(X)``.
    inertia_ : float
    n_iter_ : int
        Number of iterations of the best run.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Set if X has names.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import KMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> model.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> model.predict([[0, 0], [12, 3]])
    array([1, 0], dtype=int32)
    >>> model.inertia_
    16.0
    """

    description = ModelDescription(
        title="k-means",
        family="Clustering",
        tasks=CLUSTERING,
        preprocessing="linear",
        priority=90,
        quick={"n_clusters": 3, "n_init": 2},
    )

    _state: ClassVar[dict] = {
        "cluster_centers_": Array("f4 f8", "k n_features"),
        "labels_": Array("i4", "n_rows", optional=True),
        "inertia_": Scalar(float, low=0.0, optional=True),
        "n_iter_": Scalar(int, low=0, optional=True),
    }
    weights: ClassVar[str] = "sampling"  # centres are drawn
    _parameter_constraints: ClassVar[dict] = {
        "n_clusters": [Interval(numbers.Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random"}), callable, "array-like"],
        "n_init": [StrOptions({"auto"}), Interval(numbers.Integral, 1, None, closed="left")],
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "tol": [Interval(numbers.Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "copy_x": ["boolean"],
        "algorithm": [StrOptions({"lloyd", "elkan"})],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        init="k-means++",
        n_init="auto",
        max_iter=300,
        tol=1e-4,
        verbose=0,
        random_state=None,
        copy_x=True,
        algorithm="lloyd",
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    @fitting
    def fit(self, X, y=None, sample_weight=None):
        """Find the centres.

        Parameters
        ----------
        X : array-like, table or RowSource of shape (n_rows, n_features)
        y : ignored
        sample_weight : array-like of shape (n_rows,), optional
            A row of weight 2 counts as two rows. Initial centres are drawn by weight.

        Returns
        -------
        self

        Warns
        -----
        ConvergenceWarning
            If fewer than `n_clusters` clusters hold a row: X has fewer distinct rows.
        """
        rows = self._rows(X, None, sample_weight)
        if rows.n_rows < self.n_clusters:
            raise ValueError(f"n_samples={rows.n_rows} should be >= n_clusters={self.n_clusters}.")
        variance = _variance(rows)
        _refuse_overflow(rows, variance)
        random = check_random_state(self.random_state)
        draw, n_runs = self._initial_centres(rows, random)
        tol = self.tol * variance.mean()
        tell = self._iterations("iteration", n_runs * self.max_iter, X)
        best = run = lloyd(rows, draw(), self.max_iter, tol, self._on_iteration(tell))
        for _ in range(n_runs - 1):
            if run.stopped:
                break
            run = lloyd(rows, draw(), self.max_iter, tol, self._on_iteration(tell))
            if run.inertia < best.inertia and not _same(run, best, self.n_clusters):
                best = run
        self._store(best)
        self._iterations_end(X)
        return self

    def _initial_centres(self, rows: Rows, random):
        """Return a function that draws the initial centres of a run, and the number of runs."""
        k, init = self.n_clusters, self.init
        drawn = 10 if self.n_init == "auto" else int(self.n_init)
        if isinstance(init, str) and init == "k-means++":
            origin = rows.reduce(Moments).mean
            n_runs = 1 if self.n_init == "auto" else int(self.n_init)
            return lambda: _take(rows, plus_plus(rows, k, origin, random)), n_runs
        if isinstance(init, str):
            return lambda: _take(rows, any_rows(rows, k, random)), drawn
        if callable(init):
            return lambda: self._centres(
                rows, init(rows.place.load(0, rows.n_rows), k, random_state=random)
            ), drawn
        if self.n_init not in ("auto", 1):
            warnings.warn(
                "Explicit initial center position passed: performing only one init in "
                f"{type(self).__name__} instead of n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=4,
            )
        return lambda: self._centres(rows, init), 1

    def _centres(self, rows: Rows, given) -> np.ndarray:
        """Return the centres of the user as an array of the data's dtype, checked."""
        centres = np.array(given, dtype=rows.dtype, order="C", ndmin=2)
        if len(centres) != self.n_clusters:
            raise ValueError(
                f"The shape of the initial centers {centres.shape} does not match the number of clusters "
                f"{self.n_clusters}."
            )
        if centres.shape[1] != rows.n_features:
            raise ValueError(
                f"The shape of the initial centers {centres.shape} does not match the number of features of the "
                f"data {rows.n_features}."
            )
        if not np.isfinite(centres).all():
            raise ValueError("The initial centers contain NaN or infinity.")
        if not np.isfinite(Codebook.of(centres).start[: len(centres)]).all():
            raise ValueError(f"The squares of the initial centers' distances overflow {rows.dtype}: {_SCALE}")
        return centres

    def _on_iteration(self, tell):
        """Return the function that `lloyd` calls after an iteration: it prints if verbose, and calls the callbacks."""
        number = 0

        def report(inertia, centres):
            nonlocal number
            if self.verbose:
                sys.stdout.write(f"Iteration {number}, inertia {inertia()}.\n")
            number += 1
            return tell(lambda: {"loss": inertia()}, lambda: {"cluster_centers_": centres})

        return report

    def _store(self, best: Clustering) -> None:
        """Set the fitted attributes; warn of empty clusters."""
        n_found = len(np.unique(best.labels))
        if n_found < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({n_found}) found smaller than n_clusters ({self.n_clusters}). "
                "Possibly due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.cluster_centers_, self.labels_ = best.centres, best.labels
        self.inertia_, self.n_iter_ = best.inertia, best.n_iter

    def predict(self, X):
        """Return the number of the nearest centre of each row: int32 of shape (n_rows,)."""
        return self._nearest(*self._validated_pair(X))

    def _validated_pair(self, X) -> tuple[np.ndarray, np.ndarray]:
        """Return X, validated, and the centres of the same fit, even if another fit ends meanwhile."""
        given, X = X, self._features(X)
        centres = self.cluster_centers_
        return (X, centres) if centres.shape[1] == X.shape[1] else self._validated_pair(given)

    def _nearest(self, X: np.ndarray, centres: np.ndarray) -> np.ndarray:
        """Return the number of the nearest centre of each row."""
        label_and_gap = self._fill(nearest, X, *Codebook.of(centres), n_columns=2)
        return label_and_gap[:, 0].astype(np.int32)

    def _confirm(self, X, result, finite=True):
        """Return `result`, gaps or distances, after checking that all are finite."""
        if not np.isfinite(result).all():
            self._refuse_nonfinite(X, finite)
            raise ValueError(f"The squares of the distances of X to the centres overflow {X.dtype}: {_SCALE}")
        return result

    def transform(self, X):
        """Return the distance of each row to each centre, in X's dtype: shape (n_rows, n_clusters)."""
        X, centres = self._validated_pair(X)
        wide = centres.astype(np.float64)
        out = self._fill(distances, X, wide, *Codebook.of(wide), n_columns=len(wide))
        return out.astype(X.dtype, copy=False)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Return ``fit(X).labels_``."""
        return self.fit(X, sample_weight=sample_weight).labels_

    def fit_transform(self, X, y=None, sample_weight=None):
        """Return ``fit(X).transform(X)``."""
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def score(self, X, y=None, sample_weight=None):
        """Return the negative inertia of the rows of X: greater is better."""
        X, centres = self._validated_pair(X)
        columns = {"label": self._nearest(X, centres), "weight": self._weight(sample_weight, len(X))}
        rows = Rows(Memory(X), columns, self._n_threads())
        return -rows.reduce(Inertia, centres).value

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _check_state(self) -> None:
        k = len(self.cluster_centers_)
        if not k:
            raise ValueError("cluster_centers_ holds no centre")
        if self.cluster_centers_.dtype != self._dtype_in:
            raise ValueError(f"cluster_centers_ is {self.cluster_centers_.dtype}, X was {self._dtype_in}")
        labels = vars(self).get("labels_")
        if labels is not None and len(labels) and not 0 <= labels.min() <= labels.max() < k:
            raise ValueError(f"labels_ holds a number that is not one of {k} clusters")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _take(rows: Rows, chosen) -> np.ndarray:
    """Return the rows with these numbers."""
    return np.concatenate([rows.place.load(int(i), int(i) + 1) for i in chosen])


def _variance(rows: Rows) -> np.ndarray:
    """Return the unweighted variance of each feature, as in scikit-learn; not finite where it overflows."""
    plain = Rows(rows.place, {"weight": np.ones(rows.n_rows)}, rows.n_threads)
    return plain.reduce(Moments).variance


def _refuse_overflow(rows: Rows, variance: np.ndarray) -> None:
    """Raise ValueError if squared distances between rows might overflow the data's dtype, or their sum float64.

    The gaps of `nearest` are at most 12 times the squared diameter of the data, and that is at most 4 times the rows
    times the total variance. If that bound is too large, the diagonal of the bounding box is used.
    """
    most = (
        min(float(np.finfo(rows.dtype).max), float(np.finfo(np.float64).max) / max(rows["weight"].sum(), 1.0))
        / 12
    )
    with np.errstate(over="ignore", invalid="ignore"):
        if 4.0 * rows.n_rows * variance.sum() <= most:
            return
        low, high = np.full(rows.n_features, np.inf), np.full(rows.n_features, -np.inf)
        for b in range(rows.n_blocks):
            X = rows.block(b, b + 1).X
            low, high = np.minimum(low, X.min(axis=0)), np.maximum(high, X.max(axis=0))
        if ((high - low) ** 2).sum() <= most:
            return
    raise ValueError(f"The squares of the distances between rows of X overflow {rows.dtype}: {_SCALE}")


def _same(a: Clustering, b: Clustering, k: int) -> bool:
    """Return whether two clusterings differ only in the numbers of the clusters."""
    number = np.full(k, -1, np.int32)
    number[a.labels] = b.labels
    return bool((number[a.labels] == b.labels).all())
