"""Serving: a bundle answers over HTTP, row by row, with the contract as its request model.

>>> from groundup.ship import bundle, serve
>>> # serve.serve(bundle.load("churn.groundup"), tell=print)          # http://127.0.0.1:8000, until Ctrl-C

Why it is so is told in ``docs/design/0006-serving.md``.
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "answers": ["Answer", "Note"],
        "app": ["create_app"],
        "predictor": ["Predictor"],
        "running": ["serve"],
        "settings": ["Settings"],
    },
)
