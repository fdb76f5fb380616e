"""The pages of a served model: a form for one case, and a page for a file of many.

One module, one Context and one template per page; the same Context is available as JSON. Pages work without JavaScript,
which only adds convenience. No request goes to another host, no cookie is set, and pages contain no inline script.

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
