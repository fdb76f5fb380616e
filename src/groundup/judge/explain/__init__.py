"""Explanations: column importance, partial dependence, and the reasons for single predictions.

`subject` separates a model into columns and learner; `contributions` chooses the method (`linear`, `shapley` with `walk`
and `shares`, `sampled`), `reasons` puts those of one row in words; `permutation` and `dependence` describe all rows.
"""

from __future__ import annotations

import importlib

_LAZY = {
    "Contributions": "groundup.judge.explain.contributions",
    "Dependence": "groundup.judge.explain.dependence",
    "Explainer": "groundup.judge.explain.contributions",
    "Explanation": "groundup.judge.explain.reasons",
    "Importance": "groundup.judge.explain.permutation",
    "Reason": "groundup.judge.explain.reasons",
    "Subject": "groundup.judge.explain.subject",
    "explain_row": "groundup.judge.explain.reasons",
    "partial_dependence": "groundup.judge.explain.dependence",
    "permutation_importance": "groundup.judge.explain.permutation",
    "tree_shapley": "groundup.judge.explain.shapley",
}

__all__ = [
    "Contributions", "Dependence", "Explainer", "Explanation", "Importance", "Reason", "Subject",
    "explain_row", "partial_dependence", "permutation_importance", "tree_shapley",
]  # fmt: skip


def __getattr__(name: str):
    if name in __all__:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.judge.explain' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
