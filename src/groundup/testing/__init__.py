"""The contract that every model fulfils, ours and a third party's: one call shows whether yours does.

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
