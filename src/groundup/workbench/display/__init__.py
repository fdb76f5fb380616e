"""The display of results: sections as data, made once, and writers for terminal, text, notebook, page and Markdown."""

from groundup._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"model": ["Display"], "report": ["Report"]})
