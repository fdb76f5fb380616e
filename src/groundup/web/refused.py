"""The page that says why there is none."""

from __future__ import annotations

from groundup.web.plain import Plain


class RefusedContext(Plain):
    """What the page shows: a title, and what can be done."""

    title: str
    text: str
