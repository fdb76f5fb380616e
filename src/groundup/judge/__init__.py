"""Evaluation: metrics, cross-validation, explanations, and the verdict in words."""

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
            "metric",
            "metrics_of",
            "scores",
        ],
        "validation": ["Validation", "validate"],
        "verdict": ["Verdict", "give_verdict"],
    },
    modules=["metrics"],
)
