"""The pages of a served model: a person types a case, or brings a file, and sees the answers.

One module, one Context and one template per page; the same Context is the page's JSON twin. Pages are whole without
JavaScript; what ours adds is comfort. Nothing is asked of another host, no cookie is set, no script stands in a page.

>>> from groundup.ship import bundle, serve
>>> from groundup.web import router
>>> # app = serve.create_app(bundle.load("churn.groundup"), extra_routers=[router("churn.groundup")])
"""

from __future__ import annotations

import importlib

_LAZY = {"router": "groundup.web.routes"}

__all__ = ["router"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'groundup.web' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
