"""Charts: plain data in (lists, mappings, NumPy arrays), Vega-Lite out, one module per chart.

>>> from groundup.charts import roc
>>> chart = roc([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.7])
>>> chart.reading.split(":")[0]
'Area under the curve 0.8889 (0.5 is chance, 1 is perfect)'

Each function aggregates first (`roc_curve.roc_points`, `histograms.histogram`, ...: NumPy alone), so that a million rows
make a small picture, and returns a `Chart`: panels to draw, the reading in words, the numbers as a table. `embed` puts
many charts into one page without a request to anywhere.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "branching": ["tree"],
        "categories": ["category_distribution"],
        "chart": ["Chart"],
        "confusion": ["confusion_matrix"],
        "decision_curve": ["threshold_curve"],
        "dependence": ["partial_dependence"],
        "histograms": ["numeric_distribution"],
        "importances": ["importance"],
        "leaderboards": ["leaderboard"],
        "learning": ["learning_curve"],
        "plane": ["clusters_map"],
        "recall_curve": ["precision_recall"],
        "reliability": ["calibration"],
        "residual": ["residuals"],
        "roc_curve": ["roc"],
    },
    modules=["bundle", "embed", "theme"],
)
