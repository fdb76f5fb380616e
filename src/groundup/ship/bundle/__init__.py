"""The bundle: preparer and learner, contract, metrics and replay rows in one file that holds no code.

>>> from groundup.ship import bundle
>>> # model = bundle.save(pipeline, "churn.groundup", rows, contract=contract)
>>> # model = bundle.load("churn.groundup"); model.predict(frame)

The format, and why it is so, is told in ``docs/design/0002-bundle.md``.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "documents": ["FORMAT", "Target"],
        "files": ["SUFFIX", "Verified", "load", "save", "verify"],
        "model": ["Model"],
    },
)
