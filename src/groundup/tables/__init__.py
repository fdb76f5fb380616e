"""Tables: reading, checking, splitting and preparing data.

``read`` opens a source and notes its decisions; ``Contract`` describes each column and checks later rows against it;
``split`` divides the rows into a training, a validation and a test set. Polars is used here and loaded on first use.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "contract.column": ["Column", "Level"],
        "contract.contract": ["Contract"],
        "contract.problems": ["Conformed", "Problem"],
        "prepare.preparer": ["TablePreparer"],
        "sources.read": ["read"],
        "sources.samples": ["samples"],
        "splitting": ["Fold", "Split", "split"],
        "table": ["Note", "Reject", "Table"],
    },
    modules=["prepare"],
)
