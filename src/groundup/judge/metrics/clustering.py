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
        raise Undefined("all rows are in one cluster here")
    if n_clusters >= len(labels):
        raise Undefined("every row is a cluster of its own here")


def _of_sklearn(name: str, *, sample: bool = False):
    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        points, labels = _sampled(predicted) if sample else (predicted.points, predicted.values)
        _need_clusters(labels)
        return getattr(sklearn.metrics, name)(points, labels)

    return of


def row_silhouettes(predicted: Predicted) -> np.ndarray | None:
    """Return the silhouette of each row that the mean is taken over; None where there is none."""
    import sklearn.metrics

    points, labels = _sampled(predicted)
    try:
        _need_clusters(labels)
    except Undefined:
        return None
    return sklearn.metrics.silhouette_samples(points, labels)


def _inertia(y, predicted: Predicted) -> float:
    if predicted.centers is None:
        raise Undefined("the learner has no centres")
    own = predicted.centers[predicted.values]
    return float(np.sum((predicted.points - own) ** 2, dtype=np.float64))


_ONLY = ("clustering",)
METRICS = (
    Metric(
        "silhouette",
        _ONLY,
        True,
        "clusters",
        "how much nearer a row is to its own cluster than to the next one, -1 to 1",
        1.0,
        _of_sklearn("silhouette_score", sample=True),
    ),
    Metric(
        "davies_bouldin",
        _ONLY,
        False,
        "clusters",
        "width of the clusters against the distance between them; 0 is best",
        0.0,
        _of_sklearn("davies_bouldin_score"),
    ),
    Metric(
        "calinski_harabasz",
        _ONLY,
        True,
        "clusters",
        "variance between the clusters against variance within",
        None,
        _of_sklearn("calinski_harabasz_score"),
    ),
    Metric(
        "inertia",
        _ONLY,
        False,
        "clusters",
        "summed squared distance of the rows to their centre; always falls with more clusters",
        0.0,
        _inertia,
    ),
)
