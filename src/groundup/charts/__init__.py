"""Charts: plain data in (lists, mappings, NumPy arrays), Vega-Lite out, one module per chart.

>>> from groundup.charts import roc
>>> chart = roc([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.7])
>>> chart.reading.split(":")[0]
'Area under the curve 0.889 (0.5 is chance, 1 is perfect)'

Each function aggregates first (`roc_curve.roc_points`, `histograms.histogram`, ...: NumPy alone), so that a million rows
make a small picture, and returns a `Chart`: panels to draw, the reading in words, the numbers as a table. `embed` puts
many charts into one page without a request to anywhere.
"""

from __future__ import annotations

import importlib
from typing import Any

_LAZY = {
    "Chart": "groundup.charts.chart",
    "calibration": "groundup.charts.reliability",
    "category_distribution": "groundup.charts.categories",
    "clusters_map": "groundup.charts.plane",
    "confusion_matrix": "groundup.charts.confusion",
    "importance": "groundup.charts.importances",
    "leaderboard": "groundup.charts.leaderboards",
    "learning_curve": "groundup.charts.learning",
    "numeric_distribution": "groundup.charts.histograms",
    "partial_dependence": "groundup.charts.dependence",
    "precision_recall": "groundup.charts.recall_curve",
    "residuals": "groundup.charts.residual",
    "roc": "groundup.charts.roc_curve",
    "tree": "groundup.charts.branching",
}
_MODULES = {"bundle", "embed", "theme"}

__all__ = [
    "Chart",
    "calibration",
    "category_distribution",
    "clusters_map",
    "confusion_matrix",
    "importance",
    "leaderboard",
    "learning_curve",
    "numeric_distribution",
    "partial_dependence",
    "precision_recall",
    "residuals",
    "roc",
    "tree",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"groundup.charts.{name}")
    raise AttributeError(f"module 'groundup.charts' has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_MODULES])
