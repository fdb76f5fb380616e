"""The pages of a served model: a form for one case, and a page for a file of many.

One module, one Context and one template per page; the same Context is available as JSON. Pages work without JavaScript,
which only adds convenience. No request goes to another host, no cookie is set, and pages contain no inline script.

>>> from groundup.ship import bundle, serve
>>> from groundup.web import router
>>> # app = serve.create_app(bundle.load("churn.groundup"), extra_routers=[router("churn.groundup")])
"""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "routes": ["router"],
    },
)
