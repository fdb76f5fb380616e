"""Clusters: rows grouped without a target."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "kmeans": ["KMeans"],
    },
)
