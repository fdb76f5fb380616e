"""The contract that every model must fulfil, ours or third-party: one call checks a model against it.

>>> from groundup.testing import check_learner
>>> from groundup.models import DummyClassifier
>>> report = check_learner(DummyClassifier)
>>> report.failed
[]
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "contract": ["Check", "Report", "check_learner", "learner_checks"],
    },
)
