"""The leak audit: what a model must not learn from, found before any is trained.

``audit`` looks for columns that give the target away, identifiers, rows that are in two parts, columns that repeat each
other, and dates dealt at random; ``Audit.check`` raises ``LeakFound`` for what blocks and was not accepted.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "auditing": ["audit"],
        "findings": ["Audit", "Finding", "LeakFound", "Score"],
    },
)
