"""Explanations: what a model relies on, how its answer moves with a column, and why it said what it said about a row.

`subject` cuts a model into columns and learner; `contributions` picks the method (`linear`, `shapley` with `walk` and
`shares`, `sampled`), `reasons` puts one row's in words; `permutation` and `dependence` look at all rows.
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
