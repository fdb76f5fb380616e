"""The report of a run: what it says as data (`context`), and the page, Markdown and JSON that show it."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "model": ["Context"],
        "report": ["Report"],
    },
)
