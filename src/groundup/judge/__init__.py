"""Evaluation: metrics, cross-validation, explanations, and the verdict in words."""

from __future__ import annotations

import importlib

_LAZY = {
    "Confusion": "groundup.judge.metrics",
    "Metric": "groundup.judge.metrics",
    "Predicted": "groundup.judge.metrics",
    "Score": "groundup.judge.metrics",
    "Validation": "groundup.judge.validation",
    "Verdict": "groundup.judge.verdict",
    "confusion": "groundup.judge.metrics",
    "deciding": "groundup.judge.metrics",
    "metric": "groundup.judge.metrics",
    "metrics_of": "groundup.judge.metrics",
    "scores": "groundup.judge.metrics",
    "validate": "groundup.judge.validation",
    "give_verdict": "groundup.judge.verdict",
}

__all__ = [
    "Confusion", "Metric", "Predicted", "Score", "Validation", "Verdict", "confusion", "deciding",
    "give_verdict", "metric", "metrics_of", "scores", "validate",
]  # fmt: skip


def __getattr__(name: str):
    if name == "metrics":
        return importlib.import_module("groundup.judge.metrics")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.judge' has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, "metrics"])
