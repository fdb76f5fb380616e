"""The pages of a served model: a person types a case, or brings a file, and sees the answers.

One module, one Context and one template per page; the same Context is the page's JSON twin. Pages are whole without
JavaScript; what ours adds is comfort. Nothing is asked of another host, no cookie is set, no script stands in a page.

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
