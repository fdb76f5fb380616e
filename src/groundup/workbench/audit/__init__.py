"""The leak audit: find columns and rows that a model must not learn from, before any model is trained.

``auditing.audit`` checks for columns that reveal the target, identifiers, rows that are in two parts, columns that
repeat each other, and dates in a random split; ``Audit.check`` raises ``LeakFound`` for a blocking finding that was not
accepted.
"""

from groundup.workbench.audit.findings import Audit, Finding, LeakFound, Score

__all__ = ["Audit", "Finding", "LeakFound", "Score"]
