"""The workbench: the steps from a table to a tested model, as one flow."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "project": ["Project"],
        "result": ["Result"],
        "use.load": ["load"],
        "use.predict": ["predict"],
    },
)
