"""Explanations: column importance, partial dependence, and the reasons for single predictions.

`subject` separates a model into columns and learner; `contributions` chooses the method (`linear`, `shapley` with `walk`
and `shares`, `sampled`), `reasons` puts those of one row in words; `permutation` and `dependence` describe all rows.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "contributions": ["Contributions", "Explainer"],
        "dependence": ["Dependence", "partial_dependence"],
        "permutation": ["Importance", "permutation_importance"],
        "reasons": ["Explanation", "Reason", "explain_row"],
        "shapley": ["tree_shapley"],
        "subject": ["Subject"],
    },
)
