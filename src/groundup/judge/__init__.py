"""Judgement: metrics, honest comparison on folds, and the verdict in words."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "metrics": [
            "Confusion",
            "Metric",
            "Predicted",
            "Score",
            "confusion",
            "deciding",
            "metric",
            "metrics_of",
            "scores",
        ],
        "validation": ["Validation", "validate"],
        "verdict": ["Verdict", "give_verdict"],
    },
    modules=["metrics"],
)
