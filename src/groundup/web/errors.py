"""The page for errors."""

from __future__ import annotations

from groundup.web.formats import ContextModel


class ErrorContext(ContextModel):
    """A title, and what happened and what to do."""

    title: str
    text: str
