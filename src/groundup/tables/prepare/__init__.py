"""Convert a table with columns of every kind to the matrix that a model needs.

Fitting the preparer makes one *plan*; frames and single rows are converted by the same plan, with the same bits.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "plan": ["Plan"],
        "preparer": ["TablePreparer"],
        "preprocessing": ["PREPROCESSING", "Preprocessing", "preprocessing_of"],
    },
)
