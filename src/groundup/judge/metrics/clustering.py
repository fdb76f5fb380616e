r"""Metrics of clusters, on the prepared (scaled) rows.

Silhouette: with a the mean distance of a row to its own cluster and b to the nearest other one,
:math:`(b - a) / \max(a, b)`, averaged; it costs n^2 distances, so above ``SILHOUETTE_ROWS`` rows a seeded sample of so
many is taken (standard error about 0.005). Inertia: the summed squared distance to the own centre.
"""

from __future__ import annotations

import numpy as np

from groundup.judge.metrics.record import Metric, Predicted, Undefined

SILHOUETTE_ROWS = 5_000


def _sampled(predicted: Predicted) -> tuple[np.ndarray, np.ndarray]:
    n = len(predicted.values)
    if n <= SILHOUETTE_ROWS:
        return predicted.points, predicted.values
    rows = np.sort(np.random.default_rng(0).choice(n, SILHOUETTE_ROWS, replace=False))
    return predicted.points[rows], predicted.values[rows]


def _need_clusters(labels: np.ndarray) -> None:
    n_clusters = len(np.unique(labels))
    if n_clusters < 2:
        raise Undefined("all rows are in one cluster")
    if n_clusters >= len(labels):
        raise Undefined("every row is its own cluster")


def _of_sklearn(name: str, *, sample: bool = False):
    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        points, labels = _sampled(predicted) if sample else (predicted.points, predicted.values)
        _need_clusters(labels)
        return getattr(sklearn.metrics, name)(points, labels)

    return of


def row_silhouettes(predicted: Predicted) -> np.ndarray | None:
    """Return the silhouettes of the rows that are averaged; None where undefined."""
    import sklearn.metrics

    points, labels = _sampled(predicted)
    try:
        _need_clusters(labels)
    except Undefined:
        return None
    return sklearn.metrics.silhouette_samples(points, labels)


def _inertia(y, predicted: Predicted) -> float:
    if predicted.centers is None:
        raise Undefined("the model has no centres")
    own = predicted.centers[predicted.values]
    return float(np.sum((predicted.points - own) ** 2, dtype=np.float64))


_ONLY = ("clustering",)
METRICS = (
    Metric("silhouette", _ONLY, True, "clusters",
        "how much closer rows are to their own cluster than to the next one, -1 to 1",
        1.0, _of_sklearn("silhouette_score", sample=True)),
    Metric("davies_bouldin", _ONLY, False, "clusters",
        "width of the clusters relative to their distance; 0 is best", 0.0, _of_sklearn("davies_bouldin_score")),
    Metric("calinski_harabasz", _ONLY, True, "clusters",
        "variance between clusters relative to variance within", None, _of_sklearn("calinski_harabasz_score")),
    Metric("inertia", _ONLY, False, "clusters",
        "sum of squared distances to the cluster centres; always falls with more clusters", 0.0, _inertia),
)  # fmt: skip
